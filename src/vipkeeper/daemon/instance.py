"""One VRRP instance at run time: gives events to the state machine and carries out its actions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from vipkeeper.daemon import ietf_vrrp, statistics
from vipkeeper.daemon.account import Account
from vipkeeper.daemon.announcer import Announcer
from vipkeeper.daemon.effects import Effects
from vipkeeper.daemon.flapping import FlapWatch
from vipkeeper.daemon.holding import Holding
from vipkeeper.daemon.ietf_events import IetfEvents
from vipkeeper.daemon.journal import (
    DiscardLog,
    Journal,
    RepeatedRemarks,
    kernel_error_record,
    transition_record,
)
from vipkeeper.daemon.losers import Losers
from vipkeeper.daemon.neighbours import Fault, Neighbours
from vipkeeper.daemon.restoration import Restoration
from vipkeeper.daemon.settings import InstanceSettings, Plain, VirtualAddress
from vipkeeper.errors import KernelError
from vipkeeper.vrrp.actions import (
    AcquireAddresses,
    Action,
    AnnounceAddresses,
    Occasion,
    ReleaseAddresses,
    SendAdvertisement,
)
from vipkeeper.vrrp.admission import Admitted, admit
from vipkeeper.vrrp.advertisement import (
    PRIORITY_RESIGNING,
    Advertisement,
    Discard,
)
from vipkeeper.vrrp.conditions import has_overslept
from vipkeeper.vrrp.datagram import Address, Datagram
from vipkeeper.vrrp.events import (
    AdvertisementReceived,
    AnnouncementHeard,
    Event,
    HandOver,
    PriorityChanged,
    Shutdown,
    ShutdownCause,
    Startup,
    StartupCause,
    TimerFired,
)
from vipkeeper.vrrp.machine import Transition, step
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, Backup, HandingOver, Initialize, State, deadline

RECOVERY_NS = 1_000_000_000
"""After an action failed the router takes no part for this long, then starts up again."""


class Instance:
    """A virtual router's state, its counters, and the schedule of its announcements."""

    def __init__(
        self,
        settings: InstanceSettings,
        effects: Effects,
        journal: Journal,
        discards: DiscardLog,
        now: int = 0,
    ) -> None:
        self.settings = settings
        self.router = settings.virtual_router()
        self.state: State = Initialize()
        self.statistics = statistics.instance_statistics(now)
        self._effects = effects
        self._journal = journal
        self._discards = discards
        self._announcer = Announcer(effects, journal, self.statistics)
        self._restoration = Restoration()
        self._recover_at: int | None = None
        self._obstacle: ShutdownCause | None = None
        self._unannounced: set[Address] = set()
        self._holding = Holding(settings, effects, now)
        self._has_started = False
        self._events = IetfEvents()
        self._neighbours = Neighbours(journal)
        self._losers = Losers(journal)
        self._flaps = FlapWatch()
        self._admission: (
            tuple[VirtualRouter, Advertisement, Datagram, bool, Admitted | Discard] | None
        ) = None
        self._remarks = RepeatedRemarks(self.router.advertisement_interval_ns)
        self._account = Account()

    # -- what comes in ---------------------------------------------------------------------

    def receive(self, advertisement: Advertisement, datagram: Datagram, now: int) -> Discard | None:
        """Take part in what an advert says; returns why it was not acted on."""
        if isinstance(self.state, Initialize):
            return None
        source = datagram.source
        verdict = self._admit(advertisement, datagram)
        if isinstance(verdict, Discard):
            self.discard(verdict, str(source), now, advertisement)
            return verdict
        for remark in verdict.remarks:
            self.discard(remark, str(source), now, advertisement)
        self.statistics.count(statistics.RECEIVED)
        if advertisement.checksum_form is not None:
            self.statistics.count(statistics.CHECKSUM_FORMS[advertisement.checksum_form])
        if advertisement.priority == PRIORITY_RESIGNING:
            self.statistics.count(statistics.RESIGNATIONS_RECEIVED)
        self.handle(AdvertisementReceived(advertisement, source), now)
        follows = isinstance(self.state, Backup | HandingOver)
        if follows and advertisement.priority != PRIORITY_RESIGNING:
            self._account.active_router = (source, advertisement.priority)
        self._neighbours.heard(self.router, advertisement, source, now)
        return None

    def _admit(self, advertisement: Advertisement, datagram: Datagram) -> Admitted | Discard:
        """Admission is pure: to the same question as last time, it gives the same answer."""
        advertising = isinstance(self.state, Active)
        if self._admission is not None:
            router, known, came_in, advertised, verdict = self._admission
            if (
                datagram is came_in
                and advertisement is known
                and router is self.router
                and advertising is advertised
            ):
                return verdict
        verdict = admit(self.router, advertisement, datagram, advertising=advertising)
        self._admission = (self.router, advertisement, datagram, advertising, verdict)
        return verdict

    def discard(
        self, discard: Discard, source: str, now: int, advertisement: Advertisement | None = None
    ) -> None:
        """Count and tell it; ``advertisement`` as far as the packet was one."""
        if discard.reason not in statistics.GLOBAL_REASONS:
            self.statistics.count(discard.reason.value)
        self._discards.discarded(self.settings.interface, self.settings.name, discard, source, now)
        self._neighbours.discarded(self.router, discard, source, advertisement, now)

    def hear_announcement(self, interface: str, address: Address, now: int) -> bool:
        """Another host says that it has an address; returns whether that matters here."""
        if not isinstance(self.state, HandingOver) or not any(
            item.address == address and self.settings.announced_on(item) == interface
            for item in self.settings.addresses
        ):
            return False
        self._unannounced.discard(address)
        self.handle(AnnouncementHeard(is_last=not self._unannounced), now)
        return True

    def hand_over(self, now: int) -> None:
        """Have another router take the addresses, and leave them to it."""
        self.handle(HandOver(), now)

    @property
    def is_handing_over(self) -> bool:
        return isinstance(self.state, HandingOver)

    def circumstances_changed(
        self, obstacle: ShutdownCause | None, priority: int, source: Address | None, now: int
    ) -> None:
        """The interfaces are now such.

        Args:
            obstacle: why this router can take no part, None if it can.
            priority: its effective priority.
            source: the interface's primary address.
        """
        self._obstacle = obstacle
        # A resignation still goes out with the address that the adverts had.
        if source is not None:
            self.router = replace(self.router, primary_address=source)
        previous = self.router.priority
        if priority != previous:
            self.router = replace(self.router, priority=priority)
            self._journal(
                {
                    "record": "priority",
                    "at_ns": now,
                    "instance": self.router.name,
                    "old": previous,
                    "new": priority,
                }
            )
            self.handle(PriorityChanged(previous), now)
        running = not isinstance(self.state, Initialize)
        if obstacle is not None:
            self._recover_at = None
            if running:
                self.handle(Shutdown(obstacle), now)
            elif self._account.because != obstacle.value:
                self._wait_for(obstacle, now)
        elif not running and self._recover_at is None:
            self._start(now)

    def _start(self, now: int) -> None:
        cause = StartupCause.RESUMED if self._has_started else StartupCause.STARTED
        self._has_started = True
        self.handle(Startup(cause), now)

    def _wait_for(self, obstacle: ShutdownCause, now: int) -> None:
        self._account.waits(obstacle, now)
        self._events.waiting(obstacle)
        starts, self._has_started = not self._has_started, True
        if starts:
            self._try_to_release(now)  # a predecessor that was killed may have left them
        self._journal(
            {
                "record": "waiting",
                "at_ns": now,
                "instance": self.router.name,
                "interface": self.router.interface,
                "family": self.router.family.value,
                "cause": obstacle.value,
                "starts": starts,
            }
        )

    def release_what_is_not_in(self, settings: InstanceSettings, now: int) -> None:
        """Give up the addresses that go: another instance may be about to take them."""
        if not isinstance(self.state, Active | HandingOver):
            return
        for address in set(self.settings.addresses) - set(settings.addresses):
            try:
                self._holding.release(address, self.router.primary_address)
            except KernelError as error:
                self._report(error, now)

    def reconfigure(self, settings: InstanceSettings, now: int) -> None:
        """Go on with these settings, in the same state; a priority comes with the interfaces."""
        previous, self.settings = self.settings, settings
        self._holding.settings = settings
        self.router = replace(
            settings.virtual_router(),
            primary_address=self.router.primary_address,
            priority=self.router.priority,
        )
        self._remarks = RepeatedRemarks(self.router.advertisement_interval_ns)
        self._neighbours.clear()
        if not isinstance(self.state, Active):
            return
        if (previous.addresses, previous.announcements) == (
            settings.addresses,
            settings.announcements,
        ):
            return
        self._holding.lease_anew()
        self._restoration.stop()
        try:
            self._holding.acquire(settings.addresses)
        except KernelError as error:
            self._action_failed(error, now)
            return
        self._announce_after_reconfiguration(previous, now)

    def _announce_after_reconfiguration(self, previous: InstanceSettings, now: int) -> None:
        """Only what is new: the neighbours know where the others are.

        A schedule that still runs holds the old addresses, and is begun anew with all of them.
        """
        if (
            self._announcer.deadline() is not None
            or previous.announcements != self.settings.announcements
        ):
            self._announcer.announce(self.settings, Occasion.BECAME_ACTIVE, now)
            return
        known = set(previous.addresses)
        new = tuple(item for item in self.settings.addresses if item not in known)
        if new:
            only_new = replace(self.settings, addresses=new)
            self._announcer.announce(only_new, Occasion.BECAME_ACTIVE, now)

    def restore(self, lost: Collection[VirtualAddress], now: int) -> None:
        """Put back what somebody else has taken off, and say where it is.

        What cannot be put back is tried again a few times, and then given up.

        Args:
            lost: none of them where it is their interface that is down.
        """
        back, missing = [], []
        failure: KernelError | None = None
        failed_before = self._restoration.is_failing
        for addresses in [[address] for address in lost] or [[]]:
            try:
                back += self._holding.acquire(addresses)
            except KernelError as error:
                failure = error.with_traceback(None)  # it holds this frame, as in _perform_all
                missing += addresses
        if back or not (lost or failure):
            self._restoration.note(back)
        if failure is None:
            self._restoration.succeeded()
        elif not self._restoration.may_fail_again(missing, self._down_interval_ns(), now):
            self._action_failed(failure, now)
            return
        elif not failed_before:
            self._report(failure, now)
        self._tell_restored(now)

    def _down_interval_ns(self) -> int:
        """For how long the others wait for us."""
        return self.router.active_down_interval_ns(self.router.advertisement_interval_ns)

    def _tell_restored(self, now: int) -> None:
        told = self._restoration.to_tell(now)
        if told is None:
            return
        if told:
            self._journal(
                {
                    "record": "restored",
                    "at_ns": now,
                    "instance": self.router.name,
                    "addresses": [
                        [item.device, str(item.address), times] for item, times in told.items()
                    ],
                }
            )
        self.announce_again(now)

    def announce_again(self, now: int) -> None:
        """Where the addresses are has been lost, or has changed: say it as after a takeover."""
        if isinstance(self.state, Active):
            self._announcer.announce(self.settings, Occasion.BECAME_ACTIVE, now)

    @property
    def lacks_primary_address(self) -> bool:
        """That is what it waits for."""
        return self._account.because == ShutdownCause.NO_PRIMARY_ADDRESS.value

    def shutdown(self, cause: ShutdownCause, now: int) -> None:
        self._recover_at = None
        self._obstacle = cause
        self.handle(Shutdown(cause), now)

    def deadline(self) -> int | None:
        """When :meth:`on_timer` wants to be called (ns)."""
        earliest = deadline(self.state)
        for instant in (
            self._announcer.deadline(),
            self._restoration.deadline(),
            self._recover_at,
            self._holding.deadline(),
        ):
            if instant is not None and (earliest is None or instant < earliest):
                earliest = instant
        return earliest

    def has_overslept(self, now: int) -> bool:
        """Its timer is so late that it must not believe what it hears, nor say what it would."""
        return has_overslept(self.router, self.state, now)

    def on_timer(self, now: int) -> None:
        if self._recover_at is not None and now >= self._recover_at:
            self._recover_at = None
            self._start(now)
        due = deadline(self.state)
        if due is not None and now >= due:
            handed_over = self.is_handing_over
            self.handle(TimerFired(), now)
            ended = handed_over and isinstance(self.state, Initialize)
            if ended and self._obstacle is None and self._recover_at is None:
                self._start(now)  # what it handed over for is over
        self._holding.lease_due_moment(now)
        if self._restoration.retry_is_due(now):
            self.restore(self._restoration.missing, now)
        self._tell_restored(now)
        self._announcer.send_due(self.settings, now)

    # -- what follows ----------------------------------------------------------------------

    def handle(self, event: Event, now: int) -> None:
        transition = step(self.router, self.state, event, now)
        if transition.rule is None:
            return
        self.state = transition.new
        self._events.note(self.router, transition, now)
        late = self._flaps.note(self.router, transition, now)
        if late is not None and isinstance(event, AdvertisementReceived):
            name, source = self.router.name, str(event.source)
            self._neighbours.note(name, Fault.LATE, source, lambda: late, now)
        successor = self._account.active_router
        if transition.changes_state:
            self._account.entered(transition, self._obstacle, now)
            if isinstance(transition.new, Active):
                self.statistics.count(statistics.TRANSITIONS)
            else:
                self._announcer.stop()
                self._restoration.stop()
        if self._remarks.is_worth_it(transition, now):
            record = transition_record(self.router, transition, now)
            if transition.changes_state:
                record |= self._events.to_record()
            if isinstance(transition.old, HandingOver):
                record["successor"] = successor and str(successor[0])
            self._journal(record)
        self._losers.note(self.router, transition, self._account.since or now, now)
        self._perform_all(transition, now)
        if transition.changes_state and isinstance(self.state, HandingOver):
            self._unannounced = {item.address for item in self.settings.addresses}
            self._holding.lease_moment(now)

    def _perform_all(self, transition: Transition, now: int) -> None:
        """On the way to Active stop at the first failure; on the way out leave nothing undone."""
        failure: KernelError | None = None
        for action in transition.actions:
            try:
                self._perform(action, now)
            except KernelError as error:
                failure = error
                if isinstance(transition.new, Active):
                    break
        if failure is not None:
            self._action_failed(failure, now)
        # Its traceback holds this frame, and nobody collects cycles here.
        del failure

    def _perform(self, action: Action, now: int) -> None:
        match action:
            case SendAdvertisement(resigning):
                self._send_advertisement(resigning)
                if isinstance(self.state, Active):
                    self._holding.lease(now + self.router.lease_ns)
            case AcquireAddresses():
                self._holding.lease(now + self.router.lease_ns)
                self._holding.acquire(self.settings.addresses)
            case ReleaseAddresses():
                self._holding.release_all(self.router.primary_address)
            case AnnounceAddresses(occasion):
                self._announcer.announce(self.settings, occasion, now)

    def _send_advertisement(self, resigning: bool) -> None:
        if self.router.primary_address is None:
            return  # nothing is ever sent from 0.0.0.0 (RFC 9568 5.1.1.1)
        advertisement = self.router.advertisement(PRIORITY_RESIGNING if resigning else None)
        try:
            self._effects.send_advertisement(self.router, advertisement)
        except KernelError:
            self.statistics.count(statistics.SEND_ERRORS)
            raise
        self.statistics.count(statistics.SENT)
        if resigning:
            self.statistics.count(statistics.RESIGNATIONS_SENT)

    def _try_to_release(self, now: int) -> None:
        try:
            self._holding.release_all(self.router.primary_address)
        except KernelError as error:
            self._report(error, now)

    def _action_failed(self, error: KernelError, now: int) -> None:
        """Never be Active without the addresses, nor hold them without being heard."""
        self._report(error, now)
        if isinstance(self.state, Initialize):
            return  # it happened on the way out; there is nothing left to give up
        if self._obstacle is None:
            self._recover_at = now + RECOVERY_NS
        self.handle(Shutdown(ShutdownCause.KERNEL_ERROR), now)

    def _report(self, error: KernelError, now: int) -> None:
        self._journal(kernel_error_record(self.router.name, error, now))

    # -- what can be seen ------------------------------------------------------------------

    def to_plain(self, now: int = 0) -> Plain:
        """For ``vipkeeper status``; what ends in ``_ns`` is of the monotonic clock."""
        return {
            **self._account.to_plain(self.settings, self.router, self.state),
            "neighbours": self._neighbours.to_plain(now),
            "statistics": self.statistics.to_plain(),
            "ietf-vrrp": ietf_vrrp.vrrp_instance(
                self.settings, self.router, self.state, self._events, self.statistics
            ),
        }
