"""The groups of routers whose every order of events is searched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address

from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.version import SECOND_NS, VRRPV2, VRRPV3, Family

DELAY_NS = SECOND_NS // 20
"""The longest way of a packet: a twentieth of the interval, and below the eighth of it that an
answer waits, so that both orders of the two come up."""


@dataclass(frozen=True, slots=True)
class Group:
    """Routers of one virtual router.

    Attributes:
        name: what is particular about them.
        shallow: owners start as Active, so there is more that can happen in as many choices: the
            search ends this much earlier.
    """

    name: str
    routers: tuple[VirtualRouter, ...]
    shallow: int = 0


_ROUTER = VirtualRouter(
    name="searched",
    interface="eth0",
    vrid=1,
    version=VRRPV3,
    family=Family.IPV4,
    priority=100,
    advertisement_interval_ns=SECOND_NS,
    addresses=(IPv4Address("192.0.2.100"),),
)


def _routers(*changes: Mapping[str, object], **all_of_them: object) -> tuple[VirtualRouter, ...]:
    return tuple(
        replace(
            _ROUTER,
            primary_address=IPv4Address(f"192.0.2.{number}"),
            **{**all_of_them, **change},  # type: ignore[arg-type]
        )
        for number, change in enumerate(changes, 1)
    )


_BETTER, _MIDDLE, _OTHER = {"priority": 200}, {"priority": 150}, {"priority": 100}

TWO = (
    Group("VRRPv3", _routers(_BETTER, _OTHER)),
    Group("VRRPv2", _routers(_BETTER, _OTHER, version=VRRPV2)),
    Group("one priority", _routers(_OTHER, _OTHER), shallow=2),
    Group("nopreempt", _routers(_BETTER, _OTHER, preempt=False)),
    Group("nopreempt on one", _routers({**_BETTER, "preempt": False}, _OTHER)),
    Group("preempt delay", _routers(_BETTER, _OTHER, preempt_delay_ns=2 * SECOND_NS)),
    Group("losing adverts unanswered", _routers(_BETTER, _OTHER, answer_losing_adverts=False)),
    Group("advert before yielding", _routers(_BETTER, _OTHER, advertise_before_yielding=True)),
    Group(
        "two intervals",
        _routers(_BETTER, {**_OTHER, "advertisement_interval_ns": 2 * SECOND_NS}),
    ),
    Group("an owner", _routers({"priority": 255}, _OTHER), shallow=4),
    Group("two owners", _routers({"priority": 255}, {"priority": 255}), shallow=6),
)
THREE = (
    Group("VRRPv3", _routers(_BETTER, _MIDDLE, _OTHER)),
    Group("VRRPv2", _routers(_BETTER, _MIDDLE, _OTHER, version=VRRPV2)),
    Group("two of one priority", _routers(_BETTER, _OTHER, _OTHER)),
    Group("nopreempt", _routers(_BETTER, _MIDDLE, _OTHER, preempt=False)),
)
GROUPS = {2: TWO, 3: THREE}
