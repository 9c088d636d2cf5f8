"""What goes wrong, when, and for how long: plain data, drawn before the run begins."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from random import Random


class Kind(Enum):
    """The value says it in words; ``{host}``, ``{other}`` and ``{amount}`` are filled in."""

    LOSS = "adverts from {host} to {other} are lost with a probability of {amount:g}"
    LOSS_EVERYWHERE = "adverts are lost with a probability of {amount:g}"
    DUPLICATION = "adverts arrive once more, again and again, with a probability of {amount:g}"
    DELAY = "adverts are delayed by up to {amount:g} ms, and overtake each other"
    NOISE = "adverts are followed by a damaged copy with a probability of {amount:g}"
    CUT = "nothing from {host} reaches {other}"
    SPLIT = "the link falls into two parts, mask {amount:g}"
    POWER = "{host} loses power"
    KILL = "the daemon on {host} is killed, its addresses stay on it"
    STOP = "the daemon on {host} is stopped"
    HANDOVER = "{host} is told to hand over"
    MAINTENANCE = "{host} is in maintenance"
    PAUSE = "the daemon on {host} is not run by its machine"
    SUSPEND = "{host} sleeps, and its clock with it"
    LINK = "the link of {host} goes down"
    TRACKED = "the tracked interface of {host} goes down"
    REFUSAL = "the kernel of {host} refuses {what}"


REFUSED = ("send", "add", "announce")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Instants in ns since the run began; ``host`` and ``other`` are numbers."""

    kind: Kind
    at_ns: int
    until_ns: int
    host: int = 0
    other: int = 0
    amount: float = 0

    def __str__(self) -> str:
        what = self.kind.value.format(
            host=host_name(self.host),
            other=host_name(self.other),
            amount=self.amount,
            what=REFUSED[int(self.amount)] if self.kind is Kind.REFUSAL else "",
        )
        return f"{self.at_ns / 1e9:.6f} s to {self.until_ns / 1e9:.6f} s: {what}"


def host_name(number: int) -> str:
    return chr(ord("A") + number)


_PROBABILITIES = (0.05, 0.3, 0.7)
_MOST_INTERVALS = 12
"""Longer than any Active_Down_Interval: what can follow from a fault does so before it ends."""


def draw(random: Random, hosts: int, interval_ns: int, duration_ns: int) -> tuple[Fault, ...]:
    """A plan of faults that are all over at ``duration_ns``."""
    faults = []
    for _ in range(random.randint(3, 14)):
        kind = random.choice(tuple(Kind))
        at_ns = random.randrange(duration_ns)
        length = int(interval_ns * _MOST_INTERVALS * random.random() ** 2)
        host, other = random.sample(range(hosts), 2)
        if kind is Kind.CUT and random.random() < 0.5:
            faults += _resignation_beside(at_ns, interval_ns, duration_ns, host, other)
            continue
        until_ns = min(at_ns + length, duration_ns)
        faults.append(
            Fault(kind, at_ns, until_ns, host, other, _amount(random, kind, hosts, interval_ns))
        )
    return tuple(sorted(faults, key=lambda fault: fault.at_ns))


def _resignation_beside(
    at_ns: int, interval_ns: int, duration_ns: int, host: int, other: int
) -> list[Fault]:
    """One hears nothing, becomes Active beside the other, and resigns: rare where it is drawn."""
    at_ns = min(at_ns, max(duration_ns - _MOST_INTERVALS * interval_ns, 0))
    stopped, until = (
        min(at_ns + intervals * interval_ns, duration_ns)
        for intervals in (_MOST_INTERVALS - 4, _MOST_INTERVALS)
    )
    return [
        Fault(Kind.CUT, at_ns, until, host, other),
        Fault(Kind.STOP, stopped, until, other),
    ]


def _amount(random: Random, kind: Kind, hosts: int, interval_ns: int) -> float:
    match kind:
        case Kind.LOSS | Kind.LOSS_EVERYWHERE | Kind.NOISE:
            return random.choice(_PROBABILITIES)
        case Kind.DUPLICATION:
            return random.choice((0.1, 0.5, 0.9))
        case Kind.DELAY:
            return interval_ns / 1e6 * random.choice((0.1, 1, 4))
        case Kind.SPLIT:
            return random.randrange(1, 2**hosts - 1)
        case Kind.REFUSAL:
            return random.randrange(len(REFUSED))
    return 0
