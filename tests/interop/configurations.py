"""What two VRRP programs can be told to speak with each other, and what there is no word for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Any

VRID = 51
HOSTS = {"test01": 11, "test02": 12}
"""The last part of each router's addresses; test01 has the higher priority."""
PRIORITIES = {"test01": 250, "test02": 10}
ADDRESSES = {4: "192.0.2.{}", 6: "2001:db8::{}"}
VIRTUAL_ADDRESSES = {4: ("192.0.2.100",), 6: ("fe80::100", "2001:db8::100")}
"""In VRRPv3 over IPv6 the first is link-local (RFC 9568 5.2.9)."""
PREFIX_LENGTHS = {4: 24, 6: 64}


class Way(Enum):
    """How an advert travels."""

    MULTICAST = "multicast"
    UNICAST = "unicast"


class Authentication(Enum):
    NONE = "none"
    PASS = "PASS"


class VirtualMac(Enum):
    """Which words of the file make the virtual addresses answer with 00:00:5e:00:0X:VRID."""

    NONE = "no"
    USED = "use_vmac"
    TRANSMITS_FROM_BASE = "use_vmac, vmac_xmit_base"


@dataclass(frozen=True, slots=True)
class Configuration:
    """One file, but for the priority and the addresses of its node."""

    version: int
    family: int
    way: Way
    authentication: Authentication
    virtual_mac: VirtualMac
    preempt: bool

    @property
    def interval(self) -> str:
        """Version 2 counts in seconds; for version 3 short, and long enough for a busy machine."""
        return "1" if self.version == 2 else "0.3"

    @property
    def addresses(self) -> tuple[str, ...]:
        return VIRTUAL_ADDRESSES[self.family]

    def name(self) -> str:
        words = (
            f"v{self.version}",
            f"ipv{self.family}",
            self.way.value,
            *((self.authentication.value,) if self.authentication is Authentication.PASS else ()),
            *(() if self.virtual_mac is VirtualMac.NONE else self.virtual_mac.value.split(", ")),
            "preempt" if self.preempt else "nopreempt",
        )
        return "-".join(words)

    def text(self, node: str) -> str:
        """keepalived.conf for one of the two nodes."""
        lines = [
            "interface eth0",
            "state BACKUP",  # nopreempt is for no other
            f"version {self.version}",
            f"virtual_router_id {VRID}",
            f"priority {PRIORITIES[node]}",
            f"advert_int {self.interval}",
            "garp_master_delay 60",  # the first announcement must do: the second would come later
        ]
        if not self.preempt:
            lines.append("nopreempt")
        if self.virtual_mac is not VirtualMac.NONE:
            lines += self.virtual_mac.value.split(", ")
        if self.authentication is Authentication.PASS:
            lines += _block("authentication", ["auth_type PASS", "auth_pass password"])
        if self.way is Way.UNICAST:
            lines.append(f"unicast_src_ip {self._address(node)}")
            lines += _block(
                "unicast_peer", [self._address(other) for other in HOSTS if other != node]
            )
        length = PREFIX_LENGTHS[self.family]
        lines += _block("virtual_ipaddress", [f"{item}/{length}" for item in self.addresses])
        return "\n".join(_block("vrrp_instance VI", lines)) + "\n"

    def _address(self, node: str) -> str:
        return ADDRESSES[self.family].format(HOSTS[node])


def _block(head: str, lines: list[str]) -> list[str]:
    return [f"{head} {{", *(f"    {line}" for line in lines), "}"]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Configurations that nobody can have, and why. None stands for any."""

    reason: str
    version: int
    family: int
    way: Way | None = None
    authentication: Authentication | None = None
    virtual_mac: VirtualMac | None = None

    def covers(self, configuration: Configuration) -> bool:
        return all(
            wanted in (None, getattr(configuration, axis)) for axis, wanted in self._axes().items()
        )

    def _axes(self) -> dict[str, Any]:
        names = ("version", "family", "way", "authentication", "virtual_mac")
        return {name: getattr(self, name) for name in names}


_IPV4_ONLY = "VRRPv2 is for IPv4 only (RFC 3768 1.2)"
_NO_AUTHENTICATION = "VRRPv3 has no authentication (RFC 9568 9)"
_NOT_TO_PEERS = (
    "adverts to unicast peers leave from the interface itself: keepalived takes `vmac_xmit_base` "
    "as given, and so it is the row with both words"
)

EXCLUSIONS = (
    Exclusion(_IPV4_ONLY, 2, 6),
    Exclusion(_NO_AUTHENTICATION, 3, 4, authentication=Authentication.PASS),
    Exclusion(_NO_AUTHENTICATION, 3, 6, authentication=Authentication.PASS),
    *(
        Exclusion(_NOT_TO_PEERS, *place, way=Way.UNICAST, virtual_mac=VirtualMac.USED)
        for place in ((2, 4), (3, 4), (3, 6))
    ),
)
CONFIGURATIONS = tuple(
    configuration
    for configuration in (
        Configuration(*axes)
        for axes in product((2, 3), (4, 6), Way, Authentication, VirtualMac, (True, False))
    )
    if not any(exclusion.covers(configuration) for exclusion in EXCLUSIONS)
)
