"""The vrrp_instance block as it is written; :mod:`settling` then puts every default in force."""

from __future__ import annotations

from dataclasses import dataclass, field

from vipkeeper.keepalived.addresses import AddressLine, read_address_line
from vipkeeper.keepalived.authentication import AuthenticationLines
from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.commands import NOTIFY, NotifyReader
from vipkeeper.keepalived.configuration import SECOND_NS, TrackedScript, UnicastPeer
from vipkeeper.keepalived.global_definitions import GarpLines, garp_settings
from vipkeeper.keepalived.report import Report, body_of, did_you_mean
from vipkeeper.keepalived.scripts import read_tracked_script
from vipkeeper.keepalived.support import INSTANCE, report_absent
from vipkeeper.keepalived.unicast_peers import read_unicast_peer
from vipkeeper.keepalived.values import (
    Address,
    BadValueError,
    Setting,
    apply,
    constant,
    number,
    of_address,
    refuse_block,
    switch,
    text,
    timer,
    whole_number,
)
from vipkeeper.keepalived.virtual_mac import VirtualMacLine, read_virtual_mac

DEFAULT_PRIORITY = 100

_GARP = garp_settings("")

_SETTINGS = {
    "interface": Setting("interface", text),
    "virtual_router_id": Setting("virtual_router_id", number(1, 255)),
    "version": Setting("version", number(2, 3)),
    "advert_int": Setting("advert_int_ns", timer(SECOND_NS // 100, 255 * SECOND_NS)),
    "nopreempt": Setting("nopreempt", constant(True), optional=True),
    "preempt": Setting("nopreempt", constant(False), optional=True),
    "preempt_delay": Setting("preempt_delay_ns", timer(0, 1000 * SECOND_NS)),
    "lower_prio_no_advert": Setting("lower_prio_no_advert", switch, optional=True),
    "higher_prio_send_advert": Setting("higher_prio_send_advert", switch, optional=True),
    "skip_check_adv_addr": Setting("skip_check_adv_addr", switch, optional=True),
    "down_timer_adverts": Setting("down_timer_adverts", number(1, 100)),
    "dont_track_primary": Setting("dont_track_primary", constant(True), optional=True),
    "accept": Setting("accept", constant(True), optional=True),
    "no_accept": Setting("accept", constant(False), optional=True),
    "strict_mode": Setting("strict_mode", switch, optional=True),
    "mcast_src_ip": Setting("mcast_src_ip", of_address()),
    "unicast_src_ip": Setting("unicast_src_ip", of_address()),
    "mcast_dst_ip": Setting("multicast_group", of_address()),
    "unicast_ttl": Setting("unicast_ttl", number(0, 255)),
    "check_unicast_src": Setting("check_unicast_src", switch, optional=True),
    "unicast_fault_no_peer": Setting("unicast_fault_no_peer", constant(True), optional=True),
    "track_src_ip": Setting("track_src_ip", constant(True), optional=True),
    "owner_ignore_adverts": Setting("owner_ignore_adverts", switch, optional=True),
    "v3_checksum_as_v2": Setting("checksum_as_v2", switch, optional=True),
    "vmac_xmit_base": Setting("vmac_xmit_base", constant(True), optional=True),
}

_OTHERS = frozenset({"state", "priority", "authentication", "virtual_ipaddress"}) | {
    "virtual_ipaddress_excluded", "track_interface", "track_script", "unicast_peer", "use_vmac",
    "use_ipvlan",
}  # fmt: skip

_ONCE = frozenset({*_SETTINGS, *_GARP, "use_vmac"})

KEYWORDS = frozenset({*_GARP, *_SETTINGS, *NOTIFY, *INSTANCE, *_OTHERS})


@dataclass(slots=True)
class InstanceLines:
    """A vrrp_instance as written; None where it says nothing. Names as in VrrpInstance.

    Attributes:
        statement, places: where the instance, and the last use of each keyword, stands.
        position: of the block among all blocks, from 0.
    """

    statement: Statement
    name: str
    position: int = 0
    places: dict[str, Statement] = field(default_factory=dict)
    interface: str = ""
    virtual_router_id: int | None = None
    state: str = ""
    priority: int | None = None
    advert_int_ns: int = SECOND_NS
    version: int | None = None
    authentication: AuthenticationLines | None = None
    virtual_ipaddress: list[AddressLine] = field(default_factory=list)
    virtual_ipaddress_excluded: list[AddressLine] = field(default_factory=list)
    nopreempt: bool = False
    preempt_delay_ns: int = 0
    garp: GarpLines = field(default_factory=GarpLines)
    lower_prio_no_advert: bool | None = None
    higher_prio_send_advert: bool | None = None
    skip_check_adv_addr: bool | None = None
    down_timer_adverts: int | None = None
    dont_track_primary: bool = False
    track_interface: list[Statement] = field(default_factory=list)
    track_script: list[tuple[Statement, TrackedScript]] = field(default_factory=list)
    notify: NotifyReader = field(default_factory=NotifyReader)
    accept: bool | None = None
    strict_mode: bool | None = None
    use_vmac: VirtualMacLine | None = None
    vmac_xmit_base: bool = False
    use_ipvlan: bool = False
    mcast_src_ip: Address | None = None
    unicast_src_ip: Address | None = None
    unicast_peer: list[tuple[Statement, UnicastPeer]] = field(default_factory=list)
    multicast_group: Address | None = None
    unicast_ttl: int | None = None
    check_unicast_src: bool | None = None
    unicast_fault_no_peer: bool = False
    track_src_ip: bool = False
    owner_ignore_adverts: bool | None = None
    checksum_as_v2: bool | None = None

    def read(self, statement: Statement, report: Report) -> bool:
        """One statement of the block; whether its keyword is known there."""
        keyword = statement.keyword
        if keyword in self.places and keyword in _ONCE:
            line = self.places[keyword].text.line.number
            message = f"{keyword} is given twice: this one replaces that of line {line}"
            report.warning(statement.words[0], "repeated-keyword", message)
        understood = (
            apply(_SETTINGS, self, statement, report)
            or apply(_GARP, self.garp, statement, report)
            or self.notify.read(statement, report)
            or self._read_other(statement, report)
        )
        self.places[keyword] = statement
        return report_absent(INSTANCE, statement, report) or understood

    def _read_other(self, statement: Statement, report: Report) -> bool:
        match statement.keyword:
            case "state" | "priority":
                refuse_block(statement, report)
                if not statement.parameters:
                    missing = f"{statement.keyword} is missing its parameter"
                    report.error(statement.words[0], "missing-parameter", missing)
                elif statement.keyword == "state":
                    self._read_state(statement, report)
                else:
                    self._read_priority(statement, report)
            case "authentication":
                self.authentication = self.authentication or AuthenticationLines()
                for line in body_of(statement, report):
                    self.authentication.read(line, report)
            case "virtual_ipaddress":
                self.virtual_ipaddress += _address_lines(statement, report)
            case "virtual_ipaddress_excluded":
                self.virtual_ipaddress_excluded += _address_lines(statement, report)
            case "track_interface":
                self.track_interface += body_of(statement, report)
            case "track_script":
                for line in body_of(statement, report):
                    self.track_script.append((line, read_tracked_script(line, report)))
            case "unicast_peer":
                for line in body_of(statement, report):
                    if (peer := read_unicast_peer(self.name, line, report)) is not None:
                        self.unicast_peer.append((line, peer))
            case "use_vmac":
                refuse_block(statement, report)
                self.use_vmac = read_virtual_mac(statement, report)
            case "use_ipvlan":
                self.use_ipvlan = True
            case _:
                return False
        return True

    def _read_state(self, statement: Statement, report: Report) -> None:
        word = statement.words[1]
        report.extra_words(statement.words[2:], "state")
        if word.value not in ("MASTER", "BACKUP"):
            message = f"unknown state '{word.value}', defaulting to BACKUP"
            suggestion = did_you_mean(word.value.upper(), ("MASTER", "BACKUP"))
            report.warning(word, "bad-value", message, suggestion or "MASTER or BACKUP")
            self.state = "BACKUP"
        elif self.state == "MASTER" and word.value == "BACKUP":
            message = "state previously set as MASTER - ignoring BACKUP"
            report.warning(word, "repeated-keyword", message)
        else:
            self.state = word.value

    def _read_priority(self, statement: Statement, report: Report) -> None:
        word = statement.words[1]
        report.extra_words(statement.words[2:], "priority")
        try:
            self.priority = whole_number(word.value, 1, 255)
        except BadValueError:
            self.priority = DEFAULT_PRIORITY
            message = (
                f"Priority '{word.value}' not valid! must be between 1 & 255."
                f" Using default {DEFAULT_PRIORITY}"
            )
            suggestion = "this parameter is not defined above" if "$" in word.value else ""
            report.warning(word, "bad-value", message, suggestion)


def _address_lines(statement: Statement, report: Report) -> list[AddressLine]:
    return [
        line
        for written in body_of(statement, report)
        if (line := read_address_line(written, report)) is not None
    ]
