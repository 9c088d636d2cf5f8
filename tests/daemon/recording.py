"""An instance in virtual time: effects and records are kept, nothing is done."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_interface

from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.journal import DiscardLog, Record
from vipkeeper.daemon.settings import InstanceSettings, VirtualAddress
from vipkeeper.errors import KernelError
from vipkeeper.vrrp.advertisement import GROUPS, Advertisement
from vipkeeper.vrrp.datagram import Address, Datagram
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.version import Family

SECOND = 1_000_000_000
OURS = ip_address("192.168.100.67")
THEIRS = ip_address("192.168.100.131")
VIP = ip_interface("192.168.100.196/24")

SETTINGS = InstanceSettings(
    name="vrrp_group_1",
    interface="eth0",
    vrid=1,
    version=2,
    family=4,
    priority=50,
    advertisement_interval_ns=SECOND,
    addresses=(VirtualAddress(VIP, "eth0"),),
    password="password",
)


@dataclass
class Recorder:
    """Effects that keep what was asked of them; ``failing`` names those that fail."""

    done: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    leased_until: int | None = None

    def _do(self, name: str, what: str) -> None:
        if name in self.failing:
            raise KernelError(what, 100)
        self.done.append(what)

    def send_advertisement(self, router: VirtualRouter, advertisement: Advertisement) -> None:
        self._do("send", f"advert {advertisement.priority} from {router.primary_address}")

    def add_address(self, address: VirtualAddress) -> bool:
        self._do("add", f"add {address}")
        self.held.add(str(address))
        return True

    def remove_address(self, address: VirtualAddress) -> bool:
        self._do("remove", f"remove {address}")
        self.held.discard(str(address))
        return True

    def set_virtual_interface(self, name: str, *, up: bool) -> None:
        self._do("virtual interface", f"{name} {'up' if up else 'down'}")

    def extend_lease(self, settings: InstanceSettings, until: int) -> None:
        self.leased_until = until

    def end_lease(self, settings: InstanceSettings) -> None:
        self.leased_until = None

    def announce(self, interface: str, address: Address) -> None:
        self._do("announce", f"announce {address} on {interface}")

    def take(self) -> list[str]:
        done, self.done = self.done, []
        return done


class Bench:
    """One instance, its effects and its journal."""

    def __init__(self, settings: InstanceSettings = SETTINGS) -> None:
        self.effects = Recorder()
        self.records: list[Record] = []
        self.instance = Instance(
            settings, self.effects, self.records.append, DiscardLog(self.records.append)
        )

    def start(self, now: int = 0) -> None:
        self.instance.circumstances_changed(None, self.instance.settings.priority, OURS, now)
        self.effects.take()

    def become_active(self) -> int:
        """From start to Active by silence; returns when."""
        self.start()
        due = self.instance.deadline()
        assert due is not None
        self.instance.on_timer(due)
        return due

    def hear(self, priority: int, now: int, **changes: object) -> None:
        advertisement = replace(self.instance.router.advertisement(priority), **changes)  # type: ignore[arg-type]
        advertisement = replace(
            advertisement,
            authentication_data=advertisement.authentication_data.ljust(8, b"\0"),
        )
        datagram = Datagram(THEIRS, GROUPS[Family.IPV4], 255, b"")
        self.instance.receive(advertisement, datagram, now)

    def kinds(self) -> list[str]:
        return [record["record"] for record in self.records]
