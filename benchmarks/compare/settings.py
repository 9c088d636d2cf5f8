"""The configurations that are compared: what both nodes have, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass

VRID = 1
VIPS = {4: "192.168.100.196", 6: "2001:db8::196"}
PREFIX_LENGTHS = {4: 24, 6: 64}
NS_PER_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """``priorities``: of the better node and of the other one; ``interval`` in seconds."""

    version: int
    interval: float
    priorities: tuple[int, int]
    password: str | None = None
    instances: int = 1
    family: int = 4

    def __str__(self) -> str:
        priorities = "/".join(map(str, self.priorities))
        ipv6 = ", IPv6" if self.family == 6 else ""
        return f"v{self.version}{ipv6}, {self.interval:g} s, {priorities}"

    @property
    def vip(self) -> str:
        """The address that is probed."""
        return VIPS[self.family]

    @property
    def vip_with_prefix(self) -> str:
        return f"{self.vip}/{PREFIX_LENGTHS[self.family]}"

    def configuration(self, priority: int, *, more_addresses: tuple[str, ...] = ()) -> str:
        """A whole file: the instance of the VIP, and as many others, each with an address."""
        # RFC 9568 5.2.9: with IPv6 the first one is link-local.
        link_local = ("fe80::196/64",) if self.family == 6 else ()
        addresses = (*link_local, self.vip_with_prefix, *more_addresses)
        others = range(VRID + 1, VRID + self.instances)
        return self._instance(priority, VRID, addresses) + "".join(
            self._instance(priority, vrid, (f"10.9.0.{vrid}/32",)) for vrid in others
        )

    def _instance(self, priority: int, vrid: int, addresses: tuple[str, ...]) -> str:
        lines = [
            f"vrrp_instance VI_{vrid} {{",
            "    interface eth0",
            f"    version {self.version}",
            f"    virtual_router_id {vrid}",
            f"    priority {priority}",
            f"    advert_int {self.interval:g}",
        ]
        if self.password is not None:
            lines += ["    authentication {", "        auth_type PASS"]
            lines += [f"        auth_pass {self.password}", "    }"]
        lines += ["    virtual_ipaddress {", *(f"        {each}" for each in addresses), "    }"]
        return "\n".join([*lines, "}", ""])

    def down_interval_ns(self, priority: int) -> int:
        """Of a backup (RFC 9568 6.1; RFC 3768 6.1, whose skew time knows no interval)."""
        interval_ns = round(self.interval * NS_PER_SECOND)
        skewed_ns = interval_ns if self.version == 3 else NS_PER_SECOND
        return 3 * interval_ns + (256 - priority) * skewed_ns // 256


WALKTHROUGH = Settings(2, 1, (100, 50), "password")
FAST = Settings(3, 0.05, (200, 100))
FAST_IPV6 = Settings(3, 0.05, (200, 100), family=6)
FASTEST = Settings(3, 0.01, (200, 100))
MANY = Settings(3, 0.1, (200, 100), instances=250)
