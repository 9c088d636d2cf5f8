"""What the witness saw -> who held the VIP, and when. Pure.

All instants are nanoseconds of CLOCK_REALTIME.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Self

NS_PER_MS = 1_000_000
END_NS = 60 * NS_PER_MS
"""Who answered so shortly before the end, held the VIP at the end."""

BOTH = "both"
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Advert:
    instant_ns: int
    source: str
    priority: int


@dataclass(frozen=True, slots=True)
class Announcement:
    """A gratuitous ARP for the VIP, and the node whose MAC address it says."""

    instant_ns: int
    node: str


@dataclass(frozen=True, slots=True)
class Sightings:
    """``held``: for each node the times, first and last instant, in which it answered for the VIP.

    ``stall_ms``: the longest time in which the witness did not ask.
    """

    held: Mapping[str, tuple[tuple[int, int], ...]]
    adverts: tuple[Advert, ...]
    announcements: tuple[Announcement, ...]
    until_ns: int
    stall_ms: float

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        """Of what :meth:`benchmarks.compare.witness.Witness.seen` gives, after JSON."""
        return cls(
            {name: tuple((a, b) for a, b in times) for name, times in data["held"].items()},
            tuple(Advert(*each) for each in data["adverts"]),
            tuple(Announcement(*each) for each in data["announcements"]),
            data["until_ns"],
            data["stall_ms"],
        )

    def two_holders_ms(self, since_ns: int = 0) -> float:
        """The longest time that both nodes held it at once, of what came after `since_ns`."""
        one, other = self.held.values()
        return max(
            (
                max(0, min(a[1], b[1]) - max(a[0], b[0], since_ns)) / NS_PER_MS
                for a, b in product(one, other)
            ),
            default=0.0,
        )

    def holder_at_end(self) -> str:
        names = [
            name
            for name, times in self.held.items()
            if times and times[-1][1] >= self.until_ns - END_NS
        ]
        return BOTH if len(names) > 1 else (names or [NOBODY])[0]

    def announced_after_ms(self, node: str, since_ns: int) -> float | None:
        """From `since_ns` to the next announcement of that node, None if there was none."""
        return next(
            (
                (each.instant_ns - since_ns) / NS_PER_MS
                for each in self.announcements
                if each.node == node and each.instant_ns >= since_ns
            ),
            None,
        )

    def last_advert_ns(self, source: str) -> int | None:
        return max((a.instant_ns for a in self.adverts if a.source == source), default=None)

    def first_advert_after_ms(self, source: str, since_ns: int) -> float | None:
        """From `since_ns` to the next advert of that source, None if there was none."""
        return next(
            (
                (each.instant_ns - since_ns) / NS_PER_MS
                for each in self.adverts
                if each.source == source and each.instant_ns >= since_ns
            ),
            None,
        )
