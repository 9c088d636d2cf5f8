"""Send times and answers -> outages. Pure.

A probe is *answered* when its echo came back within the patience, and *lost* otherwise. An outage
is a run of lost probes: it begins when the first of them was sent and ends when the next answered
one was sent (or with the measurement). With one probe each millisecond both ends are known to a
millisecond, unless the prober itself was not run by its machine in that time. Such a *stall* loses
no probe, since none was sent, so it is never an outage by itself; where it falls onto an end of
one, the outage says by how much its duration is uncertain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, pairwise
from typing import Any

NS_PER_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One echo: the number of its probe (0 is the first), when it came, and from which host."""

    probe: int
    received_ns: int
    host: str


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which nobody answered; ``start_ms`` counts from the first probe.

    ``answered_before`` and ``answered_after`` are host names, None where the measurement began or
    ended without an answer. ``uncertain_ms``: by so much a late prober may have the ends wrong.
    """

    start_ms: float
    duration_ms: float
    probes_lost: int
    answered_before: str | None
    answered_after: str | None
    uncertain_ms: float


@dataclass(frozen=True, slots=True)
class Service:
    """A time in which one host gave all the answers that there were."""

    host: str
    from_ms: float
    to_ms: float
    probes: int


@dataclass(frozen=True, slots=True)
class Stall:
    start_ms: float
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the client saw. All times in milliseconds from the first probe."""

    sent: int
    answered: int
    lost: int
    duration_ms: float
    slowest_answer_ms: float
    longest_outage_ms: float
    total_outage_ms: float
    longest_stall_ms: float
    outages: tuple[Outage, ...]
    services: tuple[Service, ...]
    stalls: tuple[Stall, ...]

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Measurement:
        """Inverse of :meth:`as_data`, also after a passage through JSON."""
        return cls(
            **data
            | {
                "outages": tuple(Outage(**each) for each in data["outages"]),
                "services": tuple(Service(**each) for each in data["services"]),
                "stalls": tuple(Stall(**each) for each in data["stalls"]),
            }
        )


def analyse(
    sent_ns: Sequence[int],
    answers: Iterable[Answer],
    *,
    end_ns: int,
    period_ns: int = NS_PER_MS,
    patience_ns: int = 1_000 * NS_PER_MS,
    stall_ns: int = 5 * NS_PER_MS,
) -> Measurement:
    """What `answers` say about the time from the first probe to `end_ns`.

    Args:
        sent_ns: when each probe was sent, rising.
        answers: in any order; of two for the same probe the earlier counts.
        end_ns: when the measurement ended, not before the last probe.
        period_ns: the time between two probes as planned.
        patience_ns: an answer that took longer counts as none.
        stall_ns: a gap between two probes from which on it is reported as a stall of the prober.

    Raises:
        ValueError: the send times fall, or end after `end_ns`.
        IndexError: an answer to a probe that was not sent.
    """
    if any(later < earlier for earlier, later in pairwise(sent_ns)):
        raise ValueError("the send times must not fall")
    if sent_ns and end_ns < sent_ns[-1]:
        raise ValueError("the measurement ended before its last probe")
    first_answers = _first_in_time(sent_ns, answers, patience_ns)
    hosts = [answer.host if answer else None for answer in first_answers]
    ends_ns = [*sent_ns[1:], end_ns] if sent_ns else []
    start_ns = sent_ns[0] if sent_ns else end_ns
    outages = tuple(_outages(sent_ns, ends_ns, hosts, period_ns))
    stalls = tuple(
        Stall(_ms(earlier - start_ns), _ms(later - earlier))
        for earlier, later in zip(sent_ns, ends_ns, strict=True)
        if later - earlier >= stall_ns
    )
    return Measurement(
        sent=len(sent_ns),
        answered=sum(host is not None for host in hosts),
        lost=sum(host is None for host in hosts),
        duration_ms=_ms(end_ns - start_ns),
        slowest_answer_ms=_ms(
            max(
                (a.received_ns - s for s, a in zip(sent_ns, first_answers, strict=True) if a),
                default=0,
            )
        ),
        longest_outage_ms=max((outage.duration_ms for outage in outages), default=0.0),
        total_outage_ms=round(sum(outage.duration_ms for outage in outages), 3),
        longest_stall_ms=max((stall.duration_ms for stall in stalls), default=0.0),
        outages=outages,
        services=tuple(_services(sent_ns, hosts)),
        stalls=stalls,
    )


def _first_in_time(
    sent_ns: Sequence[int], answers: Iterable[Answer], patience_ns: int
) -> list[Answer | None]:
    """For each probe its earliest answer, or None if that took longer than the patience."""
    first: list[Answer | None] = [None] * len(sent_ns)
    for answer in answers:
        if answer.probe < 0:
            raise IndexError(f"no probe has the number {answer.probe}")
        known = first[answer.probe]
        if answer.received_ns - sent_ns[answer.probe] <= patience_ns and (
            known is None or answer.received_ns < known.received_ns
        ):
            first[answer.probe] = answer
    return first


def _outages(
    sent_ns: Sequence[int], ends_ns: Sequence[int], hosts: Sequence[str | None], period_ns: int
) -> Iterator[Outage]:
    for is_lost, run in groupby(range(len(hosts)), key=lambda probe: hosts[probe] is None):
        if not is_lost:
            continue
        probes = list(run)
        first, after = probes[0], probes[-1] + 1
        yield Outage(
            start_ms=_ms(sent_ns[first] - sent_ns[0]),
            duration_ms=_ms(ends_ns[probes[-1]] - sent_ns[first]),
            probes_lost=len(probes),
            answered_before=hosts[first - 1] if first else None,
            answered_after=hosts[after] if after < len(hosts) else None,
            uncertain_ms=_ms(
                sum(
                    max(0, ends_ns[edge] - sent_ns[edge] - period_ns)
                    for edge in (first - 1, after - 1)
                    if edge >= 0 and after < len(hosts)
                )
            ),
        )


def _services(sent_ns: Sequence[int], hosts: Sequence[str | None]) -> Iterator[Service]:
    answered = ((probe, host) for probe, host in enumerate(hosts) if host is not None)
    for host, run in groupby(answered, key=lambda pair: pair[1]):
        probes = [probe for probe, _ in run]
        yield Service(
            host=host,
            from_ms=_ms(sent_ns[probes[0]] - sent_ns[0]),
            to_ms=_ms(sent_ns[probes[-1]] - sent_ns[0]),
            probes=len(probes),
        )


def _ms(duration_ns: int) -> float:
    return round(duration_ns / NS_PER_MS, 3)
