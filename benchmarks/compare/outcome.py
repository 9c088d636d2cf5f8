"""One run of one row: what was measured, and what of its bound was missed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from benchmarks.compare.sightings import BOTH, NOBODY

RESOLUTION_MS = 8.0
"""Two periods of the witness: shorter than that, nothing is said about two holders."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What must come of a row; None where nothing is asked.

    Attributes:
        lost: probes.
        two_holders_ms: the longest time in which both nodes answer for the VIP.
        holders: who may hold the VIP at the end.
        figures: the most that a figure of :attr:`Outcome.figures` may be.
    """

    holders: tuple[str, ...]
    lost: int | None = None
    two_holders_ms: float | None = 50
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run measured.

    Attributes:
        row, kind, run: which one; ``kind`` is the program on the active node.
        sent, lost: probes.
        longest_gap_ms: the longest time without an answered probe.
        two_holders_ms: the longest time in which both nodes answered for the VIP.
        holder: who did at the end.
        figures: what the row measures besides, by name.
        stall_ms: the longest time in which the prober or the witness was not run.
        load: runnable processes beside (the load average of the last minute).
        losses: (from, to) of each outage, milliseconds from what was done.
    """

    row: str
    kind: str
    run: int
    sent: int
    lost: int
    longest_gap_ms: float
    two_holders_ms: float
    holder: str
    figures: dict[str, float]
    stall_ms: float
    load: float
    losses: tuple[tuple[float, float], ...]

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        return cls(**data | {"losses": tuple((a, b) for a, b in data["losses"])})

    def for_good(self) -> str:
        """A property that is lost for good, in words, or nothing."""
        return {BOTH: "two hold the VIP for good", NOBODY: "nobody holds the VIP"}.get(
            self.holder, ""
        )

    def lost_property(self, bound: Bound, most_lost: int | None) -> str:
        """What no slow machine explains, in words, or nothing."""
        if self.holder not in bound.holders:
            return self.for_good() or f"{self.holder} holds the VIP"
        if most_lost is not None and self.lost > most_lost:
            return f"{self.lost} probes lost, and {most_lost} may be"
        return ""

    def missed(self, bound: Bound) -> list[str]:
        """What of the bound does not hold, in words."""
        misses = []
        if self.holder not in bound.holders:
            misses.append(self.for_good() or f"{self.holder} holds the VIP")
        if bound.lost is not None and self.lost > bound.lost:
            misses.append(f"{self.lost} probes lost")
        if bound.two_holders_ms is not None and (
            self.two_holders_ms > bound.two_holders_ms + RESOLUTION_MS
        ):
            misses.append(f"two holders for {self.two_holders_ms:.0f} ms")
        for name, most in bound.figures.items():
            value = self.figures.get(name)
            if value is None or value > most:
                misses.append(f"{name}: {'never' if value is None else f'{value:.1f}'}")
        return misses
