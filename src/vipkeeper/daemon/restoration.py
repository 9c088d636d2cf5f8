"""Putting back what somebody else takes off an Active router: how often to try, when to tell.

Whoever deletes a virtual address (an administrator, a DHCP client, systemd-networkd) is answered
at once, each time. What must not grow with their zeal is the log and the network: both hear of it
at most once in :data:`TELL_EVERY_NS`, with how often it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from vipkeeper.daemon.settings import VirtualAddress

RETRY_AFTER_NTHS = (32, 16, 8, 4)
"""Parts of the Active_Down_Interval after which it is tried again, one after the other.

Together not half of it: the others wait no longer for a router that cannot have its addresses
than for one that has died.
"""

TELL_EVERY_NS = 1_000_000_000


class Restoration:
    """What one instance has to put back, when next, and what there is to say of it."""

    def __init__(self) -> None:
        self._told_at: int | None = None
        self.stop()

    def stop(self) -> None:
        """It is Active no more, or has other addresses: there is nothing to put back."""
        self._missing: tuple[VirtualAddress, ...] = ()
        self._retries = 0
        self._retry_at: int | None = None
        self._put_back: Counter[VirtualAddress] = Counter()
        self._untold = False

    def deadline(self) -> int | None:
        """When :meth:`retry_is_due` or :meth:`to_tell` have something to say (ns)."""
        tell_at = None
        if self._untold:
            tell_at = 0 if self._told_at is None else self._told_at + TELL_EVERY_NS
        instants = [instant for instant in (self._retry_at, tell_at) if instant is not None]
        return min(instants, default=None)

    def retry_is_due(self, now: int) -> bool:
        return self._retry_at is not None and now >= self._retry_at

    @property
    def is_failing(self) -> bool:
        """The last attempt has failed, and there is another one to come."""
        return self._retry_at is not None

    @property
    def missing(self) -> tuple[VirtualAddress, ...]:
        """What could not be put back at the last attempt."""
        return self._missing

    # -- after an attempt ------------------------------------------------------------------

    def succeeded(self) -> None:
        """All is there."""
        self._missing, self._retries, self._retry_at = (), 0, None

    def note(self, back: Iterable[VirtualAddress]) -> None:
        """These are there again, and their neighbours are to hear of it."""
        self._put_back.update(back)
        self._untold = True

    def may_fail_again(
        self, missing: Collection[VirtualAddress], down_interval_ns: int, now: int
    ) -> bool:
        """Some could not be put back: whether there is another attempt.

        Somebody's deeds between two attempts bring neither of them nearer.
        """
        self._missing = tuple(missing)
        if self._retry_at is not None and now < self._retry_at:
            return True
        if self._retries == len(RETRY_AFTER_NTHS):
            return False
        self._retry_at = now + down_interval_ns // RETRY_AFTER_NTHS[self._retries]
        self._retries += 1
        return True

    # -- what is said of it ----------------------------------------------------------------

    def to_tell(self, now: int) -> Counter[VirtualAddress] | None:
        """What was put back, and how often, since this was last told; None: nothing, or not yet.

        Empty where nothing but its interface was down.
        """
        if not self._untold:
            return None
        if self._told_at is not None and now < self._told_at + TELL_EVERY_NS:
            return None
        told, self._put_back = self._put_back, Counter()
        self._untold, self._told_at = False, now
        return told
