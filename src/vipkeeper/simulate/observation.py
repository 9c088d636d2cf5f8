"""What the checkers see: facts about the routers, what each was seen to do, and what was wrong.

The checkers are a second reading of the RFCs, so that they and the state machine do not make the
same mistake twice: nothing here imports the protocol or the daemon (a contract of import-linter
holds it). Addresses and packets are bytes, states are their names, instants are nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.simulate.wire_format import Advert

INITIALIZE, BACKUP, ACTIVE = "Initialize", "Backup", "Active"
HANDING_OVER = "HandingOver"
"""Not the RFC's: it has resigned, and answers for the addresses until the successor does."""
OWNER = 255
NEVER = 1 << 62
"""Later than anything: a century and a half in nanoseconds."""
SECOND = 1_000_000_000


class Violation(Exception):  # noqa: N818 - it is a finding, not an error
    """Something happened that must not, or did not happen in time."""

    def __init__(self, check: str, at_ns: int, message: str) -> None:
        super().__init__(message)
        self.check = check
        self.at_ns = at_ns
        self.message = message


@dataclass(frozen=True, slots=True)
class RouterFacts:
    """How one virtual router of one host is configured.

    Attributes:
        host: the number of the host that it runs on.
        weight: what a tracked interface takes off the priority while it is down, 0 or less.
        primary: the address that its adverts come from.
        addresses: the virtual addresses, in the order of the adverts.
        own: those of them that the host has whatever happens (an owner's, RFC 9568 1.6).
        last_word: it sends one more advert to the router that it yields to.
        message_checksum: its checksums cover no pseudo-header.
    """

    name: str
    host: int
    vrid: int
    version: int
    family: int
    priority: int
    weight: int
    interval_ns: int
    primary: bytes
    addresses: tuple[bytes, ...]
    own: frozenset[bytes]
    preempt: bool
    preempt_delay_ns: int
    down_adverts: int
    answers: bool
    last_word: bool
    owner_starts_active: bool
    owner_ignores: bool
    password: bytes | None
    group: bytes
    peers: tuple[bytes, ...]
    ttl: int
    message_checksum: bool

    def skew_ns(self, priority: int, interval_ns: int) -> int:
        """Skew_Time: RFC 9568 6.1; RFC 3768 6.1 knows no interval in it."""
        return (256 - priority) * (interval_ns if self.version == 3 else SECOND) // 256

    def down_interval_ns(self, priority: int, interval_ns: int) -> int:
        """Active_Down_Interval: 3 * Active_Adver_Interval + Skew_Time (RFC 9568 6.1)."""
        return self.down_adverts * interval_ns + self.skew_ns(priority, interval_ns)

    @property
    def lease_ns(self) -> int:
        """For so long after its advert whoever has heard it does not take over.

        The shortest Active_Down_Interval is that of an owner, whose Skew_Time is the shortest.
        Where a single missing advert is one too many nothing can be promised: two are taken.
        """
        skew = self.skew_ns(OWNER, self.interval_ns)
        return max(self.down_adverts, 2) * self.interval_ns + skew


class Seen:
    """One router as it was seen so far.

    Attributes:
        stopping: its daemon was told to stop.
        at_once: and then once more, so that it ends at once.
        in_maintenance: its host is to hold no addresses.
        for_good: where it hands over: because of one of these.
        stands_back: it has handed over when it was told to, and takes the addresses back only from
            nobody.
        held: the virtual addresses that are on its host, those of an owner always.
        leased: its kernel answers for them.
        asleep: the whole machine does not run, its clock neither.
        priority: the effective one.
        refused: the kernel refused something since the last report of a state.
        recovers_at: until when it may take no part, after such a refusal.
        overslept_at: when it woke last so late that others may have taken over: what it knows is
            about a time that has passed.
        woke_at: when it last went on after a pause.
    """

    __slots__ = (
        "advertised_at",
        "asleep",
        "at_once",
        "facts",
        "for_good",
        "held",
        "in_maintenance",
        "leased",
        "link",
        "number",
        "overslept_at",
        "paused",
        "priority",
        "recovers_at",
        "refused",
        "running",
        "stands_back",
        "state",
        "stopping",
        "woke_at",
    )

    def __init__(self, number: int, facts: RouterFacts) -> None:
        self.number = number
        self.facts = facts
        self.running = False
        self.stopping = self.at_once = False
        self.in_maintenance = False
        self.for_good = self.stands_back = False
        self.leased = False
        self.asleep = False
        self.paused = False
        self.link = True
        self.state = INITIALIZE
        self.priority = facts.priority
        self.held: set[bytes] = set(facts.own)
        self.advertised_at = -NEVER
        self.refused = False
        self.recovers_at = 0
        self.overslept_at = -NEVER
        self.woke_at = -NEVER

    @property
    def is_run(self) -> bool:
        """Something watches over what it holds."""
        return self.running and not self.paused

    @property
    def answered(self) -> set[bytes]:
        """The addresses that its host answers for, as others see it, without the host's own."""
        if not self.leased or self.asleep or not self.link:
            return set()
        return self.held - self.facts.own

    @property
    def is_up(self) -> bool:
        """It runs, and is connected."""
        return self.running and self.link and not self.paused

    def accepts(self, advert: Advert) -> bool:
        """The receive checks of RFC 9568 7.1 and RFC 3768 7.1, as keepalived has them."""
        facts = self.facts
        if advert.version != facts.version or not advert.is_well_formed:
            return False
        is_right = advert.has_message_checksum
        if facts.version == 3:
            is_right = advert.has_pseudo_header_checksum or (is_right and facts.family == 4)
        if not is_right or advert.interval_ns == 0:
            return False
        if facts.peers:
            if advert.destination != facts.primary:
                return False
        elif advert.destination != facts.group or advert.ttl != 255:
            return False
        if (
            self.state == ACTIVE
            and advert.source == facts.primary
            and advert.priority in (self.priority, 0)
        ):
            return False  # it takes it for its own
        if facts.version == 2 and (
            advert.authentication_type != (0 if facts.password is None else 1)
            or (facts.password is not None and advert.authentication != facts.password)
            or advert.interval_ns != facts.interval_ns
        ):
            return False
        return not (self.priority == OWNER and facts.owner_ignores)


class Check:
    """One property. What it is not interested in, it does not override.

    Attributes:
        due: it wants to be asked by :meth:`overdue` once this instant has passed.
    """

    name = ""
    due = NEVER

    def sent(self, now: int, router: Seen, adverts: tuple[Advert, ...]) -> None:
        """One advert left, in one packet to the group or to each peer."""

    def announced(self, now: int, router: Seen, address: bytes) -> None:
        """A gratuitous ARP or Neighbor Advertisement left."""

    def holds(self, now: int, router: Seen, address: bytes) -> None:
        """It has added an address, or removed one."""

    def hears(self, now: int, router: Seen, advert: Advert) -> None:
        """It is about to act on an advert that it must accept."""

    def hears_announcement(self, now: int, router: Seen, address: bytes) -> None:
        """It hands over, and is about to hear that another host has an address now."""

    def after(self, now: int, router: Seen, old: str) -> None:
        """It has acted on something; its state was ``old`` before that."""

    def priority_changed(self, now: int, router: Seen, previous: int) -> None:
        """Its effective priority is now another one."""

    def circumstances_changed(self, now: int, router: Seen) -> None:
        """It runs (no more), is paused (no more), has a link (no more)."""

    def lease_ended(self, now: int, router: Seen) -> None:
        """Its kernel answers no more."""

    def slept(self, router: Seen, slept_ns: int) -> None:
        """Its machine slept: for its clock that time has not passed."""

    def disturbed(self, now: int, sender: int, receiver: int) -> None:
        """A packet on the way between these hosts was lost or late, or the way was cut.

        With one host for both its kernel has refused something.
        """

    def cut(self, now: int, sender: int, receiver: int, change: int) -> None:
        """One fault more (1) or less (-1) cuts the way between these hosts."""

    def overdue(self, now: int) -> None:
        """Say what should have happened by now, or set ``due`` anew."""

    def violated(self, now: int, router: Seen, message: str) -> Violation:
        return Violation(self.name, now, f"{router.facts.name} {message}")
