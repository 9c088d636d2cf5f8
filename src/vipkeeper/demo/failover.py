"""What moves the virtual IP, how long it may take, and how long it took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vipkeeper.demo.step import Check
from vipkeeper.drill.outage import Measurement

_WORTH_MENTIONING_MS = 5


@dataclass(frozen=True, slots=True)
class Bound:
    """How long a failover may take, and why. `slack_ms` is what a busy machine may add."""

    least_ms: float
    most_ms: float
    why: str
    slack_ms: float = 700

    def __str__(self) -> str:
        usual = f"{self.most_ms:,.0f} ms"
        if self.least_ms:
            usual = f"{self.least_ms:,.0f} to {usual}"
        return f"for {usual} (a busy machine: up to {self._limit_ms:,.0f} ms): {self.why}"

    @property
    def _limit_ms(self) -> float:
        return self.most_ms + self.slack_ms

    def admits(self, outage_ms: float) -> bool:
        # Sending and being answered take their part of a millisecond at the lower end, too.
        return self.least_ms * 0.97 <= outage_ms <= self._limit_ms


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that moves the virtual IP: the outage's name, and how one would type it where."""

    name: str
    where: str
    command: str
    act: Callable[[], object]

    def check(self, measurement: Measurement, bound: Bound) -> Check:
        return Check(
            expected=f"nobody answers {bound}",
            where=self.where,
            command=self.command,
            observed=outage_text(measurement),
            ok=bound.admits(measurement.longest_outage_ms),
        )


def outage_text(measurement: Measurement) -> str:
    """The longest outage as a person wants to read it."""
    longest = max(measurement.outages, key=lambda outage: outage.duration_ms, default=None)
    if longest is None:
        return f"from outside: each of {measurement.sent:,} probes was answered, one every ms"
    before, after = longest.answered_before or "nobody", longest.answered_after or "nobody"
    text = (
        f"from outside: {longest.duration_ms:,.0f} ms without an answer,"
        f" {before} before, {after} after"
    )
    if longest.uncertain_ms >= _WORTH_MENTIONING_MS:
        text += f" (give or take {longest.uncertain_ms:,.0f} ms: the machine was busy)"
    return text
