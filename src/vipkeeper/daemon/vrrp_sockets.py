"""The sockets that all instances share: a receiver and a sender for each interface and family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.kernel_effects import KernelEffects
from vipkeeper.daemon.loop import Loop
from vipkeeper.errors import KernelError
from vipkeeper.linux.vrrp_socket import VrrpReceiver
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.version import Family

MOST_WAITING = 10_000
"""More than a receive buffer holds: what comes while it is emptied is not old."""

Place = tuple[str, Family]
"""An interface's name and the family of the adverts on it."""


class VrrpSockets:
    """Opened where a router runs, closed where none does any more.

    Args:
        came: is called when there is something to receive.
    """

    def __init__(
        self,
        loop: Loop,
        interfaces: Interfaces,
        effects: KernelEffects,
        came: Callable[[VrrpReceiver], None],
    ) -> None:
        self._loop = loop
        self._interfaces = interfaces
        self._effects = effects
        self._came = came
        self._receivers: dict[Place, tuple[int, VrrpReceiver]] = {}

    def __contains__(self, place: Place) -> bool:
        return place in self._receivers

    def stale(self, routers: Iterable[VirtualRouter]) -> list[Place]:
        """Where :meth:`fit` will close sockets: no router is there, or it is another interface.

        An interface that only got another name still carries a last advert until then.
        """
        wanted = self._wanted(routers)
        return [
            place
            for place, (index, _) in self._receivers.items()
            if place not in wanted or wanted[place][0] != index
        ]

    def fit(self, routers: Iterable[VirtualRouter]) -> Iterator[tuple[str, KernelError]]:
        """Have exactly what these routers need.

        Yields:
            an interface, and why its adverts cannot be sent or heard.
        """
        wanted = self._wanted(routers)
        for place in self.stale(routers):
            self._close(place)
        for place, (index, groups) in wanted.items():
            try:
                if place not in self._receivers:
                    self._open(place, index)
                self._receivers[place][1].listen_to(groups)
            except KernelError as error:
                if place in self._receivers:
                    self._close(place)  # better none than one that does not hear its group
                yield place[0], error

    def join_again(self, place: Place) -> None:
        """Its interface has had no address of this family, and may have lost its groups."""
        if place in self._receivers:
            self._receivers[place][1].join_again()

    def _wanted(self, routers: Iterable[VirtualRouter]) -> dict[Place, tuple[int, set[Address]]]:
        """Each place with the interface's index, and the groups to be a member of there."""
        wanted: dict[Place, tuple[int, set[Address]]] = {}
        for router in routers:
            if link := self._interfaces.link(router.interface):
                _, groups = wanted.setdefault((link.name, router.family), (link.index, set()))
                if not router.peers:
                    groups.add(router.multicast_group)
        return wanted

    def _open(self, place: Place, index: int) -> None:
        interface, family = place
        receiver = VrrpReceiver(interface, index, family)
        try:
            self._effects.open_sender(interface, index, family)
        except KernelError:
            receiver.close()
            raise
        self._receivers[place] = (index, receiver)
        self._loop.watch(receiver, lambda: self._came(receiver))

    def _close(self, place: Place) -> None:
        _, receiver = self._receivers.pop(place)
        self._loop.forget(receiver)
        receiver.close()
        self._effects.close_sender(*place)

    def drain(self) -> None:
        """Throw away whatever waits to be received."""
        for _, receiver in self._receivers.values():
            for _ in range(MOST_WAITING):
                if receiver.receive() is None:
                    break

    def close(self) -> None:
        for place in list(self._receivers):
            self._close(place)
