"""Lines of virtual_ipaddress: ``192.0.2.1/24 brd 192.0.2.255 dev eth0 label eth0:1``."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Interface, ip_interface

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.configuration import VirtualAddress
from vipkeeper.keepalived.report import Report, did_you_mean
from vipkeeper.keepalived.values import BadValueError, address, whole_number
from vipkeeper.keepalived.words import Word

# rtnetlink's numbers, and the names that /etc/iproute2/rt_scopes gives them everywhere.
SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}

LONGEST_LABEL = 15  # IFNAMSIZ - 1: a label is stored as an interface name

_FLAGS = frozenset({"home", "-nodad", "mngtmpaddr", "noprefixroute", "autojoin", "use_vmac"})
_WITH_VALUE = frozenset({"brd", "dev", "scope", "label", "peer", "preferred_lft"})
_OPTIONS = sorted(_FLAGS | _WITH_VALUE | {"no_track"})


class _SkipAddressError(Exception):
    """This line does not become an address; a finding says why."""


@dataclass(slots=True)
class AddressLine:
    """An address as far as its own line says it; the instance's interface is not yet known."""

    statement: Statement
    interface: IPv4Interface | IPv6Interface
    broadcast: IPv4Address | None = None
    device: Word | None = None
    label: str = ""
    scope: int = 0
    peer: IPv4Interface | IPv6Interface | None = None
    no_track: bool = False
    flags: set[str] = field(default_factory=set)
    preferred_lft: int | None = None

    def on(self, interface: str, virtual_interface: str = "") -> VirtualAddress:
        """The address, on ``interface`` unless its line names another device.

        Args:
            virtual_interface: the one with the virtual MAC address, that stands for
                ``interface``, also where the line names it.
        """
        device = self.device.value if self.device else interface
        return VirtualAddress(
            interface=self.interface,
            device=virtual_interface or device if device == interface else device,
            broadcast=self.broadcast,
            label=self.label,
            scope=self.scope,
            peer=self.peer,
            no_track=self.no_track,
            flags=frozenset(self.flags),
            preferred_lft=self.preferred_lft,
        )


def read_address_line(statement: Statement, report: Report) -> AddressLine | None:
    """The address, or None where keepalived skips the line; the reason is a finding."""
    try:
        line = AddressLine(statement, _interface(statement.words[0], report))
        # The kernel calls an address with preferred_lft 0 deprecated: never the source of a
        # connection. keepalived does this to IPv6 addresses that are on no prefix.
        if line.interface.version == 6 and line.interface.network.prefixlen == 128:
            line.preferred_lft = 0
        words = iter(statement.parameters)
        for option in words:
            if option.value in _WITH_VALUE:
                value = next(words, None)
                if value is None:
                    report.warning(
                        option,
                        "missing-parameter",
                        f"No {option.value} parameter specified for {statement.keyword}",
                    )
                else:
                    _set_option(line, option.value, value, report)
            elif option.value in _FLAGS:
                line.flags.add(option.value)
            elif option.value == "no_track":
                line.no_track = True
            else:
                _unknown_option(option, report)
    except _SkipAddressError:
        return None
    return line


def _interface(word: Word, report: Report) -> IPv4Interface | IPv6Interface:
    host, slash, prefix = word.value.partition("/")
    try:
        found = address(host)
    except BadValueError:
        report.warning(
            word,
            "bad-address",
            f"VRRP parsed invalid IP {host}. skipping IP...",
            "a line begins with the address: ADDRESS[/PREFIX] [brd ADDRESS] [dev INTERFACE] ...",
        )
        raise _SkipAddressError from None
    length: int = found.max_prefixlen
    if slash:
        try:
            length = whole_number(prefix, 0, found.max_prefixlen)
        except BadValueError as error:
            report.warning(
                word,
                "bad-prefix",
                f"Invalid address prefix len {prefix} for address {word.value} - using {length}",
                f"{error}",
            )
    return ip_interface((found, length))


def _set_option(line: AddressLine, option: str, value: Word, report: Report) -> None:
    match option:
        case "brd":
            line.broadcast = _broadcast(line, value, report)
        case "dev":
            line.device = value
        case "scope":
            _set_scope(line, value, report)
        case "label":
            if len(value.value) > LONGEST_LABEL:
                report.warning(
                    value,
                    "bad-label",
                    f"Address label {value.value} is longer than maximum length {LONGEST_LABEL}"
                    " - removing address",
                )
                raise _SkipAddressError
            line.label = value.value
        case "peer":
            _set_peer(line, value, report)
        case "preferred_lft":
            _set_preferred_lft(line, value, report)


def _broadcast(line: AddressLine, value: Word, report: Report) -> IPv4Address | None:
    network = line.interface.network
    if isinstance(network.broadcast_address, IPv4Address):
        if value.value == "+":
            return network.broadcast_address
        if value.value == "-":
            return IPv4Address(int(network.network_address))
    try:
        found = address(value.value, 4)
    except BadValueError:
        found = None
    if not isinstance(found, IPv4Address) or network.version != 4:
        report.warning(
            value,
            "bad-address",
            f"VRRP is trying to assign invalid broadcast {value.value}. skipping VIP...",
            "an IPv4 address, or + for the one that belongs to the prefix",
        )
        raise _SkipAddressError
    return found


def _set_scope(line: AddressLine, value: Word, report: Report) -> None:
    if value.value in SCOPES:
        line.scope = SCOPES[value.value]
        return
    try:
        line.scope = whole_number(value.value, 0, 255)
    except BadValueError:
        report.warning(
            value,
            "bad-value",
            f"Invalid scope '{value.value}' specified for {line.statement.keyword} - ignoring",
            did_you_mean(value.value, SCOPES) or f"one of {', '.join(SCOPES)}",
        )


def _set_peer(line: AddressLine, value: Word, report: Report) -> None:
    try:
        line.peer = ip_interface(value.value)
    except ValueError:
        report.warning(value, "bad-address", f"Invalid peer address {value.value} - ignoring")
        return
    if "/" in line.statement.keyword:
        report.warning(
            line.statement.words[0],
            "bad-prefix",
            "Cannot specify address prefix when specifying peer address - ignoring",
            "the prefix belongs to the peer's address",
        )
        line.interface = ip_interface(line.interface.ip)


def _set_preferred_lft(line: AddressLine, value: Word, report: Report) -> None:
    if value.value == "forever":
        line.preferred_lft = None
        return
    try:
        line.preferred_lft = whole_number(value.value, 0, 2**32 - 1)
    except BadValueError as error:
        message = f"preferred_lft '{value.value}' is not valid: {error}; ignored"
        report.warning(value, "bad-value", message)


def _unknown_option(option: Word, report: Report) -> None:
    try:
        address(option.value.partition("/")[0])
    except BadValueError:
        suggestion = did_you_mean(option.value, _OPTIONS)
    else:
        suggestion = "one address a line"
    report.warning(
        option,
        "unknown-option",
        f"Unknown configuration entry '{option.value}' for ip address - ignoring",
        suggestion,
    )
