"""Hearing who has the addresses now, while some router hands over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.loop import Loop
from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.errors import KernelError
from vipkeeper.linux.packet_socket import AnnouncementReceiver
from vipkeeper.vrrp.announcement import announced_address
from vipkeeper.vrrp.version import Family

Place = tuple[str, Family]

FRAMES_A_TURN = 64
"""So many frames, then the timers get their turn: a storm of ARP delays no advert."""


class Successors:
    """Listens to announcements of addresses, as long as it is asked to.

    Args:
        announced: is told of each instance that a successor's announcement was heard for.
    """

    def __init__(self, loop: Loop, announced: Callable[[Instance], None]) -> None:
        self._loop = loop
        self._announced = announced
        self._receivers: dict[Place, AnnouncementReceiver] = {}
        self._instances: list[Instance] = []

    def listen(self, instances: Iterable[Instance]) -> list[tuple[str, KernelError]]:
        """Hear the successors of these from now on, and of no others.

        Returns:
            an interface, and why its announcements cannot be heard.
        """
        self._instances = list(instances)
        wanted = {place for one in self._instances for place in _places(one.settings)}
        for place in set(self._receivers) - wanted:
            receiver = self._receivers.pop(place)
            self._loop.forget(receiver)
            receiver.close()
        failures = []
        for place in wanted - set(self._receivers):
            try:
                receiver = AnnouncementReceiver(*place)
            except KernelError as error:
                failures.append((place[0], error.with_traceback(None)))
                continue
            self._receivers[place] = receiver
            self._loop.watch(receiver, partial(self._frames_came, receiver))
        return failures

    def _frames_came(self, receiver: AnnouncementReceiver) -> None:
        now = self._loop.now()
        for _ in range(FRAMES_A_TURN):
            frame = receiver.receive()
            if frame is None:
                return
            address = announced_address(frame)
            if address is None:
                continue
            for instance in self._instances:
                if instance.hear_announcement(receiver.interface, address, now):
                    self._announced(instance)

    def close(self) -> None:
        self.listen(())


def _places(settings: InstanceSettings) -> set[Place]:
    return {
        (settings.announced_on(item), Family(item.address.version)) for item in settings.addresses
    }
