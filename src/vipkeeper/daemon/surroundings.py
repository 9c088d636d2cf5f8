"""The host around the instances: its interfaces and addresses, the sockets on them, the fence.

What changes there is told to each instance that it concerns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vipkeeper.daemon import circumstances
from vipkeeper.daemon.fence import Fence
from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.journal import Journal, kernel_error_record
from vipkeeper.daemon.kernel_effects import KernelEffects
from vipkeeper.daemon.loop import Loop
from vipkeeper.daemon.settings import Identity, VirtualAddress
from vipkeeper.daemon.vrrp_sockets import Place, VrrpSockets
from vipkeeper.errors import KernelError
from vipkeeper.linux.rtnetlink import (
    AddressGone,
    Change,
    InterfaceAddress,
    Link,
    LinkGone,
    RouteMonitor,
    RouteNetlink,
)
from vipkeeper.linux.vrrp_socket import VrrpReceiver
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.events import ShutdownCause
from vipkeeper.vrrp.states import Active


class Surroundings:
    """Watches, and keeps up with what changes.

    Args:
        instances: the virtual routers of this host; the caller adds to them and removes.
        came: is called when there is something to receive.
        report: is told of what happened.
        moved: is called with an instance that may have another deadline now.

    Attributes:
        effects: what the instances do to the host.
        sockets: those of their adverts.
        out_of_service: why no instance takes part, whatever its interfaces are like.
    """

    def __init__(
        self,
        loop: Loop,
        instances: Mapping[Identity, Instance],
        fence: Fence,
        came: Callable[[VrrpReceiver], None],
        report: Journal,
        moved: Callable[[Instance], None],
    ) -> None:
        self._loop = loop
        self._instances = instances
        self._fence = fence
        self._report = report
        self._moved = moved
        self._interfaces = Interfaces()
        self._netlink = RouteNetlink()
        self._monitor = RouteMonitor()
        self.effects = KernelEffects(self._interfaces, self._netlink, fence, self.tell_failure)
        self.sockets = VrrpSockets(loop, self._interfaces, self.effects, came)
        self.out_of_service: ShutdownCause | None = None
        self._virtual: set[Address] = set()
        self._guarded: dict[VirtualAddress, int] = {}
        self._list_interfaces()

    def fileno(self) -> int:
        """Readable when something has changed: see :meth:`changed`."""
        return self._monitor.fileno()

    def close(self) -> None:
        self.effects.remove_fence()
        self.sockets.close()
        self.effects.close()
        self._monitor.close()
        self._netlink.close()

    def _list_interfaces(self) -> None:
        self._interfaces.replace_all(self._netlink.links(), self._netlink.addresses())

    def changed(self) -> None:
        self._tell_failures()
        macs = self._interfaces.macs()
        changes = self._monitor.read()
        if changes is None:
            self._list_interfaces()
        else:
            used = self._used_interfaces()
            for change in changes:
                self._tell_link(change, used)
                self._interfaces.apply(change)
        if changes is None or not all(map(self._is_of_our_making, changes)):
            self.fit_sockets()
            self.reconsider()
        if changes is None or any(isinstance(change, AddressGone | Link) for change in changes):
            self._restore_addresses()
        if changes is None or any(isinstance(change, Link) for change in changes):
            self._announce_new_macs(macs)
        if changes is None or any(isinstance(change, Link | LinkGone) for change in changes):
            self._ask_for_virtual_interfaces()

    def _is_of_our_making(self, change: Change) -> bool:
        """A virtual address came or went: that changes no router's circumstances.

        Where 250 routers take over at once there are as many of these.
        """
        return (
            isinstance(change, InterfaceAddress | AddressGone) and change.address in self._virtual
        )

    def _announce_new_macs(self, before: dict[str, bytes]) -> None:
        """Whose hardware address has changed answers for its addresses with another one now."""
        changed = {
            name for name, mac in self._interfaces.macs().items() if before.get(name, mac) != mac
        }
        for instance in self._instances.values() if changed else ():
            if not changed.isdisjoint(item.device for item in instance.settings.addresses):
                instance.announce_again(self._loop.now())
                self._moved(instance)

    def _ask_for_virtual_interfaces(self) -> None:
        """Somebody has deleted one, or what it lay on has come back without it."""
        if any(
            circumstances.lacks_virtual_interface(instance.settings, self._interfaces)
            and self._interfaces.link(instance.settings.interface)
            for instance in self._instances.values()
        ):
            self._report({"record": "virtual-interface-missing"})

    def _used_interfaces(self) -> set[str]:
        return {
            name
            for instance in self._instances.values()
            for name in (
                instance.settings.interface,
                *(tracked.name for tracked in instance.settings.tracked),
            )
        }

    def tell_failure(self, interface: str, error: KernelError) -> None:
        self._report(kernel_error_record(interface, error, self._loop.now()))

    def _tell_failures(self) -> None:
        for interface, error in self.effects.failures():
            self.tell_failure(interface, error)

    def _restore_addresses(self) -> None:
        """An Active router has its addresses, whoever takes them or their interface away."""
        for instance in self._instances.values():
            if not isinstance(instance.state, Active):
                continue
            lost = [
                address
                for address in instance.settings.addresses
                if not self._interfaces.has_address(address.device, address.address)
            ]
            virtual_mac = instance.settings.virtual_mac
            is_down = virtual_mac and not self._interfaces.is_usable(virtual_mac.interface)
            if lost or is_down:
                instance.restore(lost, self._loop.now())
                self._moved(instance)

    def _tell_link(self, change: object, used: set[str]) -> None:
        if not isinstance(change, Link) or change.name not in used:
            return
        if change.usable != self._interfaces.is_usable(change.name):
            self._report(
                {
                    "record": "link",
                    "at_ns": self._loop.now(),
                    "interface": change.name,
                    "usable": change.usable,
                }
            )

    def fit_sockets(self) -> None:
        routers = [instance.router for instance in self._instances.values()]
        for place in self.sockets.stale(routers):
            self._resign_at(place)  # while its sockets are open
        for interface, error in self.sockets.fit(routers):
            self.tell_failure(interface, error)

    def _resign_at(self, place: Place) -> None:
        for instance in self._instances.values():
            if (instance.router.interface, instance.router.family) == place:
                instance.shutdown(ShutdownCause.NO_INTERFACE, self._loop.now())

    def reconsider(self) -> None:
        """Tell each instance what its interfaces are like now."""
        virtual: set[Address] = {
            item.address
            for instance in self._instances.values()
            if not instance.settings.is_owner  # they are the host's own (RFC 9568 1.6)
            for item in instance.settings.addresses
        }
        self._virtual = virtual - {one.settings.source for one in self._instances.values()}
        now = self._loop.now()
        for instance in self._instances.values():
            settings = instance.settings
            source = circumstances.source_address(settings, self._interfaces, virtual)
            obstacle = circumstances.obstacle(settings, self._interfaces, source)
            place = (settings.interface, instance.router.family)
            if obstacle is None and place not in self.sockets:
                obstacle = ShutdownCause.KERNEL_ERROR
            if obstacle is None and instance.lacks_primary_address:
                obstacle = self._join_again(place)
            if obstacle is None:
                obstacle = self.out_of_service
            priority = circumstances.effective_priority(settings, self._interfaces)
            instance.circumstances_changed(obstacle, priority, source, now)
            self._moved(instance)
        self._fit_fence()

    def _fit_fence(self) -> None:
        """Around all that is ours to hold: an owner's own address is the host's."""
        guarded = {
            item: instance.router.lease_ns
            for instance in self._instances.values()
            for item in instance.settings.addresses
            if item.address != instance.router.primary_address
        }
        if guarded == self._guarded:
            return
        try:
            self._fence.fit(guarded)
            self._guarded = guarded
        except KernelError as error:
            self.tell_failure("fence", error)

    def _join_again(self, place: Place) -> ShutdownCause | None:
        """A router that does not hear its group takes over from one that is there."""
        try:
            self.sockets.join_again(place)
        except KernelError as error:
            self.tell_failure(place[0], error)
            return ShutdownCause.NO_PRIMARY_ADDRESS
        return None
