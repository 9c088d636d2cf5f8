"""The machine driven at random: what holds whatever happens, and in whatever order."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.vrrp.examples import HIGHER, LOWER, NOW, OURS, V2, V3, heard
from vipkeeper.vrrp.actions import (
    AcquireAddresses,
    AnnounceAddresses,
    ReleaseAddresses,
    SendAdvertisement,
)
from vipkeeper.vrrp.events import (
    AdvertisementReceived,
    AnnouncementHeard,
    Event,
    HandOver,
    PriorityChanged,
    Shutdown,
    ShutdownCause,
    Startup,
    TimerFired,
)
from vipkeeper.vrrp.machine import Transition, step
from vipkeeper.vrrp.outcomes import REASSERT_FRACTION
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize, State, deadline
from vipkeeper.vrrp.version import CENTISECOND_NS, SECOND_NS

ROUTERS = st.builds(
    lambda v3, interval, **parameters: (
        replace(V3, advertisement_interval_ns=interval * CENTISECOND_NS, **parameters)
        if v3
        else replace(V2, advertisement_interval_ns=(1 + interval % 255) * SECOND_NS, **parameters)
    ),
    v3=st.booleans(),
    interval=st.integers(1, 4095),
    priority=st.integers(1, 255),
    preempt=st.booleans(),
    preempt_delay_ns=st.sampled_from((0, SECOND_NS, 1000 * SECOND_NS)),
    answer_losing_adverts=st.booleans(),
    advertise_before_yielding=st.booleans(),
    down_interval_adverts=st.integers(1, 100),
)
PAUSES = st.one_of(st.integers(0, 1000), st.integers(0, 10 * SECOND_NS))


class RouterUnderTest(RuleBasedStateMachine):
    """Any events at any (monotonic) instants; a model keeps what was done with the addresses."""

    router: VirtualRouter = V2
    state: State = Initialize()
    now: int = NOW
    holds_addresses: bool = False
    last_advert: int | None = None

    @initialize(router=ROUTERS)
    def configure(self, router: VirtualRouter) -> None:
        self.router = router

    def happen(self, event: Event) -> Transition:
        transition = step(self.router, self.state, event, self.now)
        assert transition == step(self.router, self.state, event, self.now), "not a function"
        assert transition.old is self.state
        assert transition.event is event
        self._check(transition)
        self.state = transition.new
        return transition

    def _check(self, transition: Transition) -> None:
        was, becomes = isinstance(transition.old, Active), isinstance(transition.new, Active)
        held, holds = (
            isinstance(state, Active | HandingOver) for state in (transition.old, transition.new)
        )
        actions = transition.actions
        if transition.rule is None:
            assert transition.new is transition.old
            assert actions == ()
        assert (AcquireAddresses() in actions) is (becomes and not was)
        if held and not holds:
            assert actions[-1] == ReleaseAddresses(), "the last advert is ours while we hold them"
        if holds:
            assert ReleaseAddresses() not in actions
        assert len(set(actions)) == len(actions)
        assert becomes or not any(isinstance(action, AnnounceAddresses) for action in actions)

        resigns = SendAdvertisement(resigning=True) in actions
        assert resigns is (was and isinstance(transition.new, Initialize | HandingOver))
        if SendAdvertisement() in actions:
            assert was or becomes, "only an Active router advertises"
            if becomes and isinstance(transition.event, AdvertisementReceived):
                bound = self.router.advertisement_interval_ns // REASSERT_FRACTION
                assert self.last_advert is not None
                assert self.now >= self.last_advert + bound
            self.last_advert = self.now
        for action in actions:
            if isinstance(action, AcquireAddresses | ReleaseAddresses):
                self.holds_addresses = isinstance(action, AcquireAddresses)

    # -- what may happen -------------------------------------------------------------------

    @rule(pause=PAUSES)
    def time_passes(self, pause: int) -> None:
        self.now += pause

    @rule()
    def start(self) -> None:
        self.happen(Startup())
        assert not isinstance(self.state, Initialize)

    @rule()
    def shut_down(self) -> None:
        self.happen(Shutdown(ShutdownCause.KERNEL_ERROR))
        assert self.state == Initialize()

    @rule()
    def shut_down_as_planned(self) -> None:
        held = isinstance(self.state, Active | HandingOver)
        self.happen(Shutdown(ShutdownCause.STOPPED))
        assert isinstance(self.state, HandingOver if held else Initialize)

    @rule()
    def hand_over(self) -> None:
        was = self.state
        self.happen(HandOver())
        assert isinstance(self.state, HandingOver) or self.state is was

    @rule(is_last=st.booleans())
    def announcement_is_heard(self, is_last: bool) -> None:
        was = type(self.state)
        self.happen(AnnouncementHeard(is_last))
        assert type(self.state) is was

    @rule()
    def timer_fires_at_any_time(self) -> None:
        wanted = deadline(self.state)
        transition = self.happen(TimerFired())
        assert (transition.rule is None) is (wanted is None or self.now < wanted)

    @rule(late=PAUSES)
    def timer_fires_when_it_is_due(self, late: int) -> None:
        wanted, old = deadline(self.state), self.state
        if wanted is None:
            return
        self.now = max(self.now, wanted) + late
        self.happen(TimerFired())
        if isinstance(old, Active):
            overslept = self.now >= old.advertised_at + self.router.lease_ns
            assert isinstance(self.state, Backup if overslept else Active)
        elif isinstance(old, Backup):
            interval = old.active_adver_interval_ns
            overslept = self.now > wanted + self.router.active_down_interval_ns(interval)
            assert isinstance(self.state, Backup if overslept else Active)
        else:
            assert not isinstance(self.state, HandingOver)

    @rule(
        priority=st.integers(0, 255),
        source=st.sampled_from((LOWER, OURS, HIGHER)),
        interval_cs=st.integers(1, 4095),
    )
    def advert_arrives(self, priority: int, source: IPv4Address, interval_cs: int) -> None:
        if not self.router.version.learns_interval:  # others are not admitted
            interval_cs = self.router.advertisement_interval_ns // CENTISECOND_NS
        old = self.state
        self.happen(heard(priority, source, router=self.router, interval_cs=interval_cs))
        if isinstance(old, Active) and priority > self.router.priority:
            assert isinstance(self.state, Backup)
        if isinstance(old, Active) and 0 < priority < self.router.priority:
            assert isinstance(self.state, Active)
        if isinstance(old, Backup):
            assert isinstance(self.state, Backup), "an advert makes nobody Active"
        if isinstance(old, HandingOver):
            assert isinstance(self.state, HandingOver)
        if isinstance(old, Initialize):
            assert self.state is old

    @rule(priority=st.integers(1, 254))
    def priority_changes(self, priority: int) -> None:
        if self.router.is_owner:  # an owner's priority is not adjusted
            return
        previous, self.router = self.router.priority, replace(self.router, priority=priority)
        self.happen(PriorityChanged(previous))

    # -- what holds ------------------------------------------------------------------------

    @invariant()
    def whoever_takes_part_has_a_deadline(self) -> None:
        assert (deadline(self.state) is None) is isinstance(self.state, Initialize)

    @invariant()
    def who_is_active_or_hands_over_holds_the_addresses(self) -> None:
        assert self.holds_addresses is isinstance(self.state, Active | HandingOver)

    @invariant()
    def an_active_router_is_never_silent_for_longer_than_its_interval(self) -> None:
        if isinstance(self.state, Active):
            assert self.last_advert is not None
            assert self.state.advertised_at == self.last_advert
            assert self.state.adver_timer <= self.last_advert + (
                self.router.advertisement_interval_ns
            )

    @invariant()
    def no_backup_waits_longer_than_the_interval_it_learned_allows(self) -> None:
        """With the lowest priority's skew, for a changed priority shifts the timer."""
        if isinstance(self.state, Backup):
            longest = replace(self.router, priority=1).active_down_interval_ns(
                self.state.active_adver_interval_ns
            )
            assert self.state.active_down_timer <= self.now + longest


TestRouter = RouterUnderTest.TestCase
TestRouter.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
