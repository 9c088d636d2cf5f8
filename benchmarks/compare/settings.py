"""The configurations that are compared: what both nodes have, and what differs between them."""

from __future__ import annotations

from dataclasses import dataclass

VIP = "192.168.100.196"
VRID = 1
NS_PER_SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """``priorities``: of the better node and of the other one; ``interval`` in seconds."""

    version: int
    interval: float
    priorities: tuple[int, int]
    password: str | None = None
    instances: int = 1

    def __str__(self) -> str:
        priorities = "/".join(map(str, self.priorities))
        return f"v{self.version}, {self.interval:g} s, {priorities}"

    def configuration(self, priority: int, *, addresses: tuple[str, ...] = (f"{VIP}/24",)) -> str:
        """A whole file: the instance of the VIP, and as many others, each with an address."""
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
FASTEST = Settings(3, 0.01, (200, 100))
MANY = Settings(3, 0.1, (200, 100), instances=250)
