"""The global_defs block."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.configuration import (
    MULTICAST_GROUP_4,
    MULTICAST_GROUP_6,
    SECOND_NS,
    GarpSettings,
    GlobalDefs,
)
from vipkeeper.keepalived.report import Report
from vipkeeper.keepalived.support import GLOBAL_DEFS, report_absent
from vipkeeper.keepalived.values import (
    LONGEST_DELAY_S,
    UNSIGNED_MAX,
    BadValueError,
    Setting,
    apply,
    at_least_one,
    constant,
    number,
    of_address,
    switch,
    text,
    timer,
)

# An interface's name has 15 characters at most, and ends in a number and the VRID: "11.255".
LONGEST_PREFIX = 9
_PREFIX = re.compile(r"[^\s/:]+")

LONGEST_TIMER_NS = UNSIGNED_MAX * 1000


@dataclass(slots=True)
class GarpLines:
    """garp settings as written; None where nothing is. Names as in GarpSettings."""

    master_delay_ns: int | None = None
    master_repeat: int | None = None
    master_refresh_ns: int | None = None
    master_refresh_repeat: int | None = None
    lower_prio_delay_ns: int | None = None
    lower_prio_repeat: int | None = None
    interval_ns: int | None = None
    gna_interval_ns: int | None = None

    def over(self, base: GarpSettings) -> GarpSettings:
        """What is written here, and ``base`` where nothing is."""
        written = {
            name: value
            for name in GarpSettings.__slots__
            if (value := getattr(self, name)) is not None
        }
        return GarpSettings(
            **{name: getattr(base, name) for name in GarpSettings.__slots__} | written
        )


def garp_settings(prefix: str) -> dict[str, Setting]:
    """The keywords that global_defs and an instance have in common."""
    seconds = number(0, LONGEST_DELAY_S, scale=SECOND_NS)
    return {
        f"{prefix}garp_master_delay": Setting("master_delay_ns", seconds),
        f"{prefix}garp_master_repeat": Setting("master_repeat", at_least_one),
        f"{prefix}garp_master_refresh": Setting("master_refresh_ns", seconds),
        f"{prefix}garp_master_refresh_repeat": Setting("master_refresh_repeat", at_least_one),
        f"{prefix}garp_lower_prio_delay": Setting("lower_prio_delay_ns", seconds),
        f"{prefix}garp_lower_prio_repeat": Setting("lower_prio_repeat", number(0, 2**31 - 1)),
    }


def _interface_name_prefix(statement: Statement, report: Report) -> str:
    prefix = text(statement, report)
    if len(prefix) > LONGEST_PREFIX or not _PREFIX.fullmatch(prefix):
        raise BadValueError(f"expected at most {LONGEST_PREFIX} characters, without '/' and ':'")
    return prefix


_GARP = garp_settings("vrrp_") | {
    "vrrp_garp_interval": Setting("interval_ns", timer(1000, LONGEST_TIMER_NS)),
    "vrrp_gna_interval": Setting("gna_interval_ns", timer(1000, LONGEST_TIMER_NS)),
}

_SETTINGS = {
    "router_id": Setting("router_id", text),
    "vrrp_version": Setting("vrrp_version", number(2, 3)),
    "vrrp_mcast_group4": Setting("multicast_group_4", of_address(4)),
    "vrrp_mcast_group6": Setting("multicast_group_6", of_address(6)),
    "vrrp_lower_prio_no_advert": Setting("lower_prio_no_advert", switch, optional=True),
    "vrrp_higher_prio_send_advert": Setting("higher_prio_send_advert", switch, optional=True),
    "vrrp_skip_check_adv_addr": Setting("skip_check_adv_addr", switch, optional=True),
    "vrrp_down_timer_adverts": Setting("down_timer_adverts", number(1, 100)),
    "vrrp_owner_ignore_adverts": Setting("owner_ignore_adverts", switch, optional=True),
    "v3_checksum_as_v2": Setting("checksum_as_v2", switch, optional=True),
    "vrrp_check_unicast_src": Setting("check_unicast_src", switch, optional=True),
    "vrrp_strict": Setting("strict", switch, optional=True),
    "vrrp_startup_delay": Setting("startup_delay_ns", timer(0, LONGEST_TIMER_NS)),
    "vmac_prefix": Setting("vmac_prefix", _interface_name_prefix),
    "enable_script_security": Setting("enable_script_security", constant(True), optional=True),
}

KEYWORDS = frozenset({*_GARP, *_SETTINGS, *GLOBAL_DEFS, "script_user", "dynamic_interfaces"})


@dataclass(slots=True)
class GlobalLines:
    """global_defs as written, over all such blocks. Names as in GlobalDefs.

    ``places``: the last use of each keyword.
    """

    places: dict[str, Statement] = field(default_factory=dict)
    router_id: str = ""
    vrrp_version: int = 2
    multicast_group_4: IPv4Address = MULTICAST_GROUP_4
    multicast_group_6: IPv6Address = MULTICAST_GROUP_6
    lower_prio_no_advert: bool = False
    higher_prio_send_advert: bool | None = None
    skip_check_adv_addr: bool = False
    down_timer_adverts: int = 3
    strict: bool = False
    owner_ignore_adverts: bool = False
    checksum_as_v2: bool = False
    check_unicast_src: bool = False
    startup_delay_ns: int = 0
    script_user: str = ""
    script_group: str = ""
    enable_script_security: bool = False
    dynamic_interfaces: bool = False
    vmac_prefix: str = "vrrp"
    garp: GarpLines = field(default_factory=GarpLines)

    def read(self, statement: Statement, report: Report) -> bool:
        """One statement of a global_defs block; whether its keyword is known there."""
        self.places[statement.keyword] = statement
        understood = (
            apply(_GARP, self.garp, statement, report)
            or apply(_SETTINGS, self, statement, report)
            or self._read_other(statement, report)
        )
        return report_absent(GLOBAL_DEFS, statement, report) or understood

    def _read_other(self, statement: Statement, report: Report) -> bool:
        match statement.keyword:
            case "script_user":
                self._read_script_user(statement, report)
            case "dynamic_interfaces":
                # Its only parameter, allow_if_changes, changes what happens after the start.
                self.dynamic_interfaces = True
            case _:
                return False
        return True

    def _read_script_user(self, statement: Statement, report: Report) -> None:
        if not statement.parameters:
            message = "script_user is missing its parameter"
            report.error(statement, "missing-parameter", message)
            return
        report.extra_words(statement.parameters[2:], statement.keyword)
        self.script_user = statement.words[1].value
        self.script_group = statement.words[2].value if len(statement.words) > 2 else ""

    def settled(self) -> GlobalDefs:
        """With the defaults that depend on other values: lower_prio_* follow master_*."""
        garp = self.garp.over(GarpSettings())
        if self.garp.lower_prio_delay_ns is None:
            garp = replace(garp, lower_prio_delay_ns=garp.master_delay_ns)
        if self.garp.lower_prio_repeat is None:
            garp = replace(garp, lower_prio_repeat=garp.master_repeat)
        as_written = {name: getattr(self, name) for name in GlobalDefs.__slots__ if name != "garp"}
        return GlobalDefs(**as_written, garp=garp)
