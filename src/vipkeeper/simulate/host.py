"""A host: its kernel, as far as the daemon sees it, and the daemon's own instances on it.

This is the speaker without its sockets: packets come from the simulated link, time from the
world; the instances, the reception of packets, the schedule and the reading of the interfaces
are the daemon's own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from errno import ENETDOWN, ENOBUFS
from typing import Protocol

from vipkeeper.daemon import circumstances
from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.journal import DiscardLog, Record
from vipkeeper.daemon.leases import Leases
from vipkeeper.daemon.loop import Schedule
from vipkeeper.daemon.reception import Reception
from vipkeeper.daemon.settings import Identity, InstanceSettings, VirtualAddress
from vipkeeper.daemon.statistics import global_statistics
from vipkeeper.errors import KernelError
from vipkeeper.linux.ip_packet import ip_packet
from vipkeeper.linux.rtnetlink import AddressGone, InterfaceAddress, Link
from vipkeeper.simulate.fence import Fence, Timers
from vipkeeper.simulate.monitor import Monitor
from vipkeeper.simulate.network import Network, Packet
from vipkeeper.simulate.scenario import INTERFACE, UPLINK, HostPlan
from vipkeeper.simulate.wire_format import parse
from vipkeeper.vrrp.advertisement import Advertisement, encode
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.events import ShutdownCause
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Initialize
from vipkeeper.vrrp.version import Family

PACKETS_A_TURN = 64
"""As the speaker has it: so many packets, then the timers get their turn."""

QUEUE_BOUND = 256
"""Packets that wait in a paused daemon's socket: what a default receive buffer held, measured."""


class Clock(Timers, Protocol):
    """What a host needs of the world."""

    def wake(self, host: Host, instant: int) -> None:
        """Call :meth:`Host.turn` at an instant or somewhat later."""

    def tell(self, what: str) -> None:
        """Put a line into the trace."""


MakeInstance = Callable[..., Instance]


class Host:
    """One machine of the simulation.

    Attributes:
        numbers: the number of each of its virtual routers, by identity.
        refused: how many faults keep its kernel from doing each thing.
    """

    def __init__(
        self,
        plan: HostPlan,
        numbers: dict[Identity, int],
        clock: Clock,
        monitor: Monitor,
        network: Network,
        make_instance: MakeInstance,
    ) -> None:
        self.plan = plan
        self.number = plan.number
        self.name = plan.name
        self.addresses = frozenset(plan.addresses)
        self.numbers = numbers
        self.link_up = True
        self.uplink_up = True
        self.refused = {"send": 0, "add": 0, "announce": 0}
        self.held: set[Address] = set(plan.addresses)
        self.is_running = False
        self.is_paused = False
        self.is_stopping = False
        self.maintenance = 0
        self.wants_wake: int | None = None
        self.instances: dict[Identity, Instance] = {}
        self._clock = clock
        self._monitor = monitor
        self._network = network
        self._make_instance = make_instance
        self._inbox: deque[tuple[int, Packet | Address]] = deque()
        self._has_missed_changes = False
        self._asleep_since: int | None = None
        self._slept_ns = 0
        self._starts_on_waking = False
        self._fence = Fence(clock, lambda is_open: monitor.leased(clock.now, plan.number, is_open))
        self._begin_anew()

    def _begin_anew(self) -> None:
        """What a process has in its memory when it starts."""
        self.instances = {}
        self._interfaces = Interfaces()
        self._schedule = Schedule()
        self._inbox.clear()
        discards = DiscardLog(self._journal)
        self._reception = Reception(self.instances, global_statistics(), discards)
        self._discards = discards
        self.leases = Leases(self._grant)
        self.is_stopping = False

    @property
    def now(self) -> int:
        """By the host's own clock, which stands still while the machine sleeps."""
        return self._clock.now - self._slept_ns

    # -- the daemon's life -----------------------------------------------------------------

    def start(self) -> None:
        """Whoever starts it again while it stops does not wait for its successor."""
        if self.is_asleep:
            self._starts_on_waking = True
            return
        if self.is_stopping and self.is_paused:
            self.kill()
        elif self.is_stopping:
            self.stop()
        if self.is_running:
            return
        self._begin_anew()
        self.is_running = True
        for settings in self.plan.settings:
            number = self.numbers[settings.identity]
            effects = _Effects(self, number, self._clock, self._monitor, self._network)
            self.instances[settings.identity] = self._make_instance(
                settings, effects, self._journal, self._discards
            )
        self._monitor.started(self._clock.now, self.number)
        self._interfaces.replace_all(self._links(), self._interface_addresses())
        self._reconsider()
        self._arm()

    def stop(self) -> None:
        """As on SIGTERM, the second of which it does not wait after."""
        if not self.is_running or self.is_paused:
            return
        self._monitor.stopping(self._clock.now, self.number)
        cause = ShutdownCause.STOPPED_AT_ONCE if self.is_stopping else ShutdownCause.STOPPED
        self.is_stopping = True
        self._reconsider(cause)
        self._arm()

    def _end_if_all_is_done(self) -> None:
        """What is left of the process is let live on, so that it can be seen."""
        instances = self.instances.values()
        if self.is_stopping and all(isinstance(one.state, Initialize) for one in instances):
            self.is_running = self.is_stopping = False
            self._monitor.stopped(self._clock.now, self.number)

    def hand_over(self) -> None:
        """As somebody orders it, wherever it is Active."""
        if not self.is_running or self.is_paused or self.is_stopping:
            return
        for instance in self.instances.values():
            instance.hand_over(self.now)
            self._report(instance)
            self._set_timer(instance)
        self._arm()

    def set_maintenance(self, change: int) -> None:
        """One that wants it more (1) or less (-1)."""
        self.maintenance += change
        self._interfaces_changed()

    def kill(self) -> None:
        """The process is gone; the kernel and its addresses stay."""
        if not self.is_running or self.is_asleep:
            return
        self.is_running = self.is_paused = False
        self._begin_anew()
        self._monitor.lost(self._clock.now, self.number, addresses=False)
        self._arm()

    def lose_power(self) -> None:
        self.is_running = self.is_paused = False
        self.held = set(self.plan.addresses)
        self._asleep_since = None
        self._begin_anew()
        self._monitor.lost(self._clock.now, self.number, addresses=True)
        self._fence.wake(0)
        self._fence.grant(None)
        self._arm()

    def pause(self) -> None:
        if self.is_running and not self.is_paused:
            self.is_paused = True
            self._monitor.paused(self._clock.now, self.number, True)

    def resume(self) -> None:
        """Who has missed too much begins anew; then the kernel's news, packets, and timers."""
        if not self.is_paused or self.is_asleep:
            return
        self.is_paused = False
        self._monitor.paused(self._clock.now, self.number, False)
        self._go_on()

    @property
    def is_asleep(self) -> bool:
        return self._asleep_since is not None

    def fall_asleep(self) -> None:
        """The whole machine is not run: neither its timers go on nor what they count."""
        if self.is_running and not self.is_paused:
            self.is_paused = True
            self._asleep_since = self._clock.now
            self._fence.sleep()
            self._monitor.falls_asleep(self._clock.now, self.number)

    def wake(self) -> None:
        if self._asleep_since is None:
            return
        slept_ns = self._clock.now - self._asleep_since
        self._asleep_since, self.is_paused = None, False
        self._slept_ns += slept_ns
        self._monitor.wakes(self._clock.now, self.number, slept_ns)
        self._fence.wake(slept_ns)
        self._go_on()
        if self._starts_on_waking:
            self._starts_on_waking = False
            self.start()

    def _go_on(self) -> None:
        self._wake_late()
        if self._has_missed_changes:
            self._interfaces_changed()
        self.turn()

    def _wake_late(self) -> None:
        """As the speaker does it before it reads anything."""
        now = self.now
        overslept = [one for one in self.instances.values() if one.has_overslept(now)]
        for instance in overslept:
            instance.on_timer(now)
            self._report(instance)
            self._set_timer(instance)
        if overslept:
            self._inbox = deque(one for one in self._inbox if not isinstance(one[1], Packet))

    # -- what comes in ---------------------------------------------------------------------

    def packet_arrives(self, packet: Packet) -> None:
        self._arrives(packet)

    def announcement_arrives(self, address: Address) -> None:
        """They are heard where somebody hands over."""
        if any(instance.is_handing_over for instance in self.instances.values()):
            self._arrives(address)

    def _arrives(self, what: Packet | Address) -> None:
        if not self.instances or self.is_asleep or len(self._inbox) >= QUEUE_BOUND:
            return
        self._inbox.append((self._clock.now, what))
        if not self.is_paused:
            self.turn()

    def turn(self) -> None:
        """What the speaker's loop does when it wakes: packets, then whatever timer is due."""
        if self.is_paused:
            return
        while True:
            for _ in range(min(len(self._inbox), PACKETS_A_TURN)):
                came_at, what = self._inbox.popleft()
                if isinstance(what, Packet):
                    self._read(came_at, what)
                else:
                    self._hear_announcement(what)
            self._schedule.run_due(self.now)
            if not self._inbox:
                break
        self._arm()

    def _read(self, came_at: int, packet: Packet) -> None:
        now = self._clock.now
        expected = self._monitor.hears(now, self.number, packet.advert, came_at)
        family = Family(packet.datagram.source.version)
        instance = self._reception.packet_came(INTERFACE, family, packet.datagram, self.now)
        if instance is not None:
            self._set_timer(instance)
        for identity, other in self.instances.items():
            if other is instance or self.numbers[identity] == expected:
                self._report(other)

    def _hear_announcement(self, address: Address) -> None:
        self._monitor.hears_announcement(self._clock.now, self.number, address.packed)
        for instance in self.instances.values():
            if instance.hear_announcement(INTERFACE, address, self.now):
                self._report(instance)
                self._set_timer(instance)

    def set_link(self, up: bool) -> None:
        if self.link_up != up:
            self.link_up = up
            self._monitor.link(self._clock.now, self.number, up)
            self._interfaces_changed()

    def set_uplink(self, up: bool) -> None:
        if self.uplink_up != up:
            self.uplink_up = up
            self._interfaces_changed()

    def _interfaces_changed(self) -> None:
        self._has_missed_changes = self.is_paused
        if self.is_running and not self.is_paused:
            for link in self._links():
                self._interfaces.apply(link)
            self._reconsider()
            self._arm()

    def _reconsider(self, stops: ShutdownCause | None = None) -> None:
        """Tell each instance what its interfaces are like now, as the speaker does."""
        if stops is None and self.is_stopping:
            stops = ShutdownCause.STOPPED
        if stops is None and self.maintenance:
            stops = ShutdownCause.MAINTENANCE
        now = self._clock.now
        virtual = {item.address for plan in self.plan.settings for item in plan.addresses}
        self._monitor.tracked(now, self.number, self.uplink_up)
        self._monitor.maintenance(now, self.number, self.maintenance > 0)
        for instance in self.instances.values():
            settings = instance.settings
            source = circumstances.source_address(settings, self._interfaces, virtual)
            obstacle = circumstances.obstacle(settings, self._interfaces, source) or stops
            priority = circumstances.effective_priority(settings, self._interfaces)
            instance.circumstances_changed(obstacle, priority, source, self.now)
            self._report(instance)
            self._set_timer(instance)
        self._end_if_all_is_done()

    # -- the kernel's side -----------------------------------------------------------------

    def _grant(self, device: str, until: int | None) -> None:
        assert device == INTERFACE
        self._fence.grant(None if until is None else until + self._slept_ns)

    def _links(self) -> list[Link]:
        return [
            Link(1, INTERFACE, self.plan.mac, self.link_up),
            Link(2, UPLINK, self.plan.mac, self.uplink_up),
        ]

    def _interface_addresses(self) -> list[InterfaceAddress]:
        others = sorted(self.held - self.addresses, key=int)
        return [InterfaceAddress(1, address, 24) for address in (*self.plan.addresses, *others)]

    def change_address(self, address: Address, *, held: bool) -> None:
        """The kernel has added or removed it, and says so."""
        if held:
            self.held.add(address)
            self._interfaces.apply(InterfaceAddress(1, address, 24))
        else:
            self.held.discard(address)
            self._interfaces.apply(AddressGone(1, address, 24))

    # -- timers and records ----------------------------------------------------------------

    def _set_timer(self, instance: Instance) -> None:
        def expired() -> None:
            instance.on_timer(self.now)
            self._report(instance)
            self._set_timer(instance)
            self._end_if_all_is_done()

        self._schedule.set(instance.settings.identity, instance.deadline(), expired)

    def _arm(self) -> None:
        due = self._schedule.next_instant()
        instant = None if due is None else due + self._slept_ns
        if instant is not None and instant != self.wants_wake:
            self._clock.wake(self, instant)
        self.wants_wake = instant

    def _report(self, instance: Instance) -> None:
        number = self.numbers[instance.settings.identity]
        self._monitor.after(self._clock.now, number, type(instance.state).__name__)

    def _journal(self, record: Record) -> None:
        if record["record"] == "transition":
            self._clock.tell(
                f"{self.name} {record['instance']}: {record['old']} -> {record['new']}"
                f" ({record['rule']}, {record.get('cause', record['because'])})"
            )


class _Effects:
    """What one instance does to its host and to the link."""

    def __init__(
        self, host: Host, number: int, clock: Clock, monitor: Monitor, network: Network
    ) -> None:
        self._host = host
        self._number = number
        self._clock = clock
        self._monitor = monitor
        self._network = network
        self._identification = 0

    def _refuse(self, what: str, errno: int) -> KernelError:
        self._clock.tell(f"{self._host.name}: the kernel refuses to {what}")
        return KernelError(what, errno)

    def send_advertisement(self, router: VirtualRouter, advertisement: Advertisement) -> None:
        if self._host.refused["send"] or (not self._host.link_up and self._host.plan.send_fails):
            self._monitor.refused(self._clock.now, self._number)
            raise self._refuse("send an advert", ENOBUFS if self._host.link_up else ENETDOWN)
        now, source = self._clock.now, router.primary_address
        assert source is not None
        self._identification = self._identification % 0xFFFF + 1
        packets = []
        for destination in router.destinations:
            payload = encode(advertisement, source, destination, router.checksum_form)
            octets = ip_packet(source, destination, self._identification, payload, router.ttl)
            packets.append((octets, destination))
        adverts = tuple(parse(octets) for octets, _ in packets)
        self._clock.tell(
            f"{self._host.name} {router.name}: sends priority {advertisement.priority}"
        )
        self._monitor.sent(now, self._number, adverts)
        for octets, destination in packets:
            self._network.transmit(now, self._host, octets, destination)

    def add_address(self, address: VirtualAddress) -> bool:
        if self._host.refused["add"]:
            self._monitor.refused(self._clock.now, self._number)
            raise self._refuse(f"add {address.address}", ENOBUFS)
        return self._change(address, held=True)

    def remove_address(self, address: VirtualAddress) -> bool:
        return self._change(address, held=False)

    def _change(self, address: VirtualAddress, *, held: bool) -> bool:
        if (address.address in self._host.held) == held:
            return False
        self._host.change_address(address.address, held=held)
        self._monitor.holds(self._clock.now, self._number, address.address.packed, held)
        return True

    def set_virtual_interface(self, name: str, *, up: bool) -> None:
        raise AssertionError("no host of the simulation has a virtual MAC")

    def extend_lease(self, settings: InstanceSettings, until: int) -> None:
        devices = {item.device for item in settings.addresses}
        self._host.leases.extend(settings.identity, devices, until, self._host.now)

    def end_lease(self, settings: InstanceSettings) -> None:
        self._host.leases.end(settings.identity)

    def announce(self, interface: str, address: Address) -> None:
        if self._host.refused["announce"]:
            self._monitor.refused(self._clock.now, self._number)
            raise self._refuse(f"announce {address}", ENOBUFS)
        self._monitor.announced(self._clock.now, self._number, address.packed)
        self._network.announce(self._clock.now, self._host, address)
