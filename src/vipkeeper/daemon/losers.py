"""The routers that are Active beside us and lose: each is told once for each episode."""

from __future__ import annotations

from vipkeeper.daemon.journal import Journal
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.events import AdvertisementReceived
from vipkeeper.vrrp.machine import Transition
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active

MOST = 8
"""So many are remembered; the source is the sender's to choose, and a flood is bounded."""


class Losers:
    """Whom an Active router has heard lose, and when it heard them last.

    An episode begins with a loser's first advert. It ends when it has been silent for one
    Active_Down_Interval, or when we are Active no longer. Who loses within that time of our
    takeover is whom we have taken over from.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._heard: dict[Address, int] = {}

    def note(
        self, router: VirtualRouter, transition: Transition, active_since: int, now: int
    ) -> None:
        """Write a "still-active" record where an episode begins.

        Keepalived calls this event MASTER_RX_LOWER_PRI; it tells it for every advert.
        """
        if not isinstance(transition.new, Active):
            self._heard.clear()
            return
        event = transition.event
        if not isinstance(transition.old, Active) or not isinstance(event, AdvertisementReceived):
            return
        if event.advertisement.priority == 0:
            return  # it resigns: it is no router beside us any more (RFC 9568 6.4.3)
        silence = router.active_down_interval_ns(router.advertisement_interval_ns)
        if now - active_since < silence:
            return
        self._heard = {a: at for a, at in self._heard.items() if now - at < silence}
        is_new = event.source not in self._heard
        if is_new and len(self._heard) >= MOST:
            return
        self._heard[event.source] = now
        if is_new:
            self._journal(
                {
                    "record": "still-active",
                    "at_ns": now,
                    "instance": router.name,
                    "source": str(event.source),
                    "received_priority": event.advertisement.priority,
                    "priority": router.priority,
                }
            )
