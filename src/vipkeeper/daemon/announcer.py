"""The announcements of an instance: sent when they are due, told in records."""

from __future__ import annotations

from ipaddress import IPv6Address

from vipkeeper.daemon import statistics
from vipkeeper.daemon.effects import Effects
from vipkeeper.daemon.journal import Journal, kernel_error_record
from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.daemon.statistics import Statistics
from vipkeeper.errors import KernelError
from vipkeeper.vrrp import announcement
from vipkeeper.vrrp.actions import Occasion
from vipkeeper.vrrp.announcement import Announcing


class Announcer:
    """Carries out the schedule of :mod:`vipkeeper.vrrp.announcement`."""

    def __init__(self, effects: Effects, journal: Journal, counters: Statistics) -> None:
        self._effects = effects
        self._journal = journal
        self._counters = counters
        self._announcing: Announcing | None = None

    def announce(self, settings: InstanceSettings, occasion: Occasion, now: int) -> None:
        schedule = settings.announcements
        if occasion is Occasion.BECAME_ACTIVE or self._announcing is None:
            addresses = tuple(item.address for item in settings.addresses)
            self._announcing = announcement.begin(schedule, addresses, now)
        else:
            self._announcing = announcement.answer_losing_advert(schedule, self._announcing, now)
        self.send_due(settings, now)

    def stop(self) -> None:
        self._announcing = None

    def deadline(self) -> int | None:
        return None if self._announcing is None else announcement.deadline(self._announcing)

    def send_due(self, settings: InstanceSettings, now: int) -> None:
        if self._announcing is None:
            return
        self._announcing, addresses = announcement.due(
            settings.announcements, self._announcing, now
        )
        if not addresses:
            return
        devices = {item.address: item.device for item in settings.addresses}
        try:
            for address in addresses:
                self._effects.announce(devices[address], address)
                is_ipv6 = isinstance(address, IPv6Address)
                self._counters.count(
                    statistics.NEIGHBOR_ADVERTISEMENTS_SENT if is_ipv6 else statistics.ARPS_SENT
                )
        except KernelError as error:
            # No more than a lost frame: the repeats are there for it.
            self._journal(kernel_error_record(settings.name, error, now))
            return
        self._journal(
            {
                "record": "announcement",
                "at_ns": now,
                "instance": settings.name,
                "frames": [[devices[address], str(address)] for address in addresses],
            }
        )
