"""Security groups and their rules, in Neutron's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from vipkeeper.errors import LabError
from vipkeeper.lab.ports import check_name, parse_network

Direction = Literal["ingress", "egress"]
EtherType = Literal["IPv4", "IPv6"]

DEFAULT = "default"
"""Name of the group that every project has and that a port is in unless told otherwise."""

# neutron-lib constants.py, IP_PROTOCOL_MAP, in the order in which Neutron's refusals name them
PROTOCOL_NUMBERS = {
    "ah": 51,
    "dccp": 33,
    "egp": 8,
    "esp": 50,
    "gre": 47,
    "hopopt": 0,
    "icmp": 1,
    "igmp": 2,
    "ip": 0,
    "ipip": 4,
    "ipv6-encap": 41,
    "ipv6-frag": 44,
    "ipv6-icmp": 58,
    "icmpv6": 58,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ipv6-route": 43,
    "ospf": 89,
    "pgm": 113,
    "rsvp": 46,
    "sctp": 132,
    "tcp": 6,
    "udp": 17,
    "udplite": 136,
    "vrrp": 112,
}

_ICMP, _ICMPV6 = 1, 58
PROTOCOLS_WITH_PORTS = frozenset(
    PROTOCOL_NUMBERS[name] for name in ("dccp", "sctp", "tcp", "udp", "udplite")
)


@dataclass(frozen=True, slots=True)
class SecurityGroupRule:
    """What a group lets pass; there are no rules that forbid.

    Attributes:
        protocol: a name of Neutron's list or a number as text ("vrrp", "112"); None is any.
        port_range_min: first destination port; for ICMP the type.
        port_range_max: last destination port; for ICMP the code.
        remote_ip_prefix: the other end by address or prefix.
        remote_group: the other end by membership in a group of this name.
    """

    direction: Direction
    ethertype: EtherType = "IPv4"
    protocol: str | None = None
    port_range_min: int | None = None
    port_range_max: int | None = None
    remote_ip_prefix: str | None = None
    remote_group: str | None = None

    def __post_init__(self) -> None:
        if self.direction not in get_args(Direction):
            raise LabError(
                f"direction {self.direction!r} of a security group rule is neither"
                " 'ingress' nor 'egress'"
            )
        if self.ethertype not in get_args(EtherType):
            raise LabError(
                f"ethertype {self.ethertype!r} of a security group rule is neither"
                " 'IPv4' nor 'IPv6'"
            )
        self._check_ports(self.protocol_number)
        self._check_remote()

    @property
    def version(self) -> int:
        """4 or 6."""
        return 4 if self.ethertype == "IPv4" else 6

    @property
    def protocol_number(self) -> int | None:
        """Number of the IP protocol, None for any; ICMP of IPv6 is 58 however it is called."""
        if self.protocol is None:
            return None
        number = PROTOCOL_NUMBERS.get(self.protocol.lower())
        if number is None and self.protocol.isascii() and self.protocol.isdigit():
            number = int(self.protocol)
        if number is None or number > 255:
            raise LabError(
                f"Security group rule protocol {self.protocol} not supported.",
                remedy=f"use a number from 0 to 255 or one of {', '.join(PROTOCOL_NUMBERS)}",
            )
        if self.version == 6 and number == _ICMP:
            return _ICMPV6
        return number

    @property
    def is_icmp(self) -> bool:
        return self.protocol_number in (_ICMP, _ICMPV6)

    def _check_ports(self, protocol: int | None) -> None:
        low, high = self.port_range_min, self.port_range_max
        if low is None and high is None:
            return
        if protocol is None:
            raise LabError("Must also specify protocol if port range is given.")
        if self.is_icmp:
            if low is None or not all(0 <= value <= 255 for value in (low, high or 0)):
                raise LabError(
                    f"ICMP type {low} code {high} of a security group rule is out of range",
                    remedy="port_range_min is the type, port_range_max the code, each 0 to 255",
                )
            return
        if protocol not in PROTOCOLS_WITH_PORTS:
            raise LabError(
                f"Ports cannot be specified for protocol {self.protocol}."
                " Ports are only supported for DCCP, SCTP, TCP, UDP, UDPLITE."
            )
        if low is None or high is None or not 0 <= low <= high <= 65535:
            raise LabError(
                f"port range {low} to {high} of a security group rule is not a range",
                remedy="give port_range_min <= port_range_max, each 0 to 65535",
            )

    def _check_remote(self) -> None:
        if self.remote_ip_prefix is not None and self.remote_group is not None:
            raise LabError("Only one of remote_ip_prefix or remote_group may be provided.")
        if self.remote_group is not None:
            check_name(self.remote_group, "security group")
        if (
            self.remote_ip_prefix is not None
            and parse_network(self.remote_ip_prefix).version != self.version
        ):
            raise LabError(
                f"Conflicting value ethertype {self.ethertype} for CIDR {self.remote_ip_prefix}"
            )


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A name and what it lets pass.

    Attributes:
        stateful: whether the connections of its ports are tracked. If not, an answer needs a
            rule of its own (Neutron's extension "stateful-security-group").
    """

    name: str
    rules: tuple[SecurityGroupRule, ...] = ()
    stateful: bool = True

    def __post_init__(self) -> None:
        check_name(self.name, "security group")


def egress_to_anywhere() -> tuple[SecurityGroupRule, ...]:
    """The two rules that Neutron puts into every new group."""
    return SecurityGroupRule("egress"), SecurityGroupRule("egress", "IPv6")


def default_group() -> SecurityGroup:
    """A project's group ``default``: anything from its own members, anything out."""
    return SecurityGroup(
        DEFAULT,
        (
            SecurityGroupRule("ingress", remote_group=DEFAULT),
            SecurityGroupRule("egress"),
            SecurityGroupRule("ingress", "IPv6", remote_group=DEFAULT),
            SecurityGroupRule("egress", "IPv6"),
        ),
    )
