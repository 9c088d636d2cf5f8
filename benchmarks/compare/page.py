"""docs/compare.md, from the rows and the results. Pure."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from benchmarks.compare.outcome import RESOLUTION_MS, Bound, Outcome
from benchmarks.compare.prose import AGAIN, HEADER, WHY_TIMERS
from benchmarks.compare.results import Results
from benchmarks.compare.rows import (
    ADVERT_LATE,
    ANNOUNCEMENT_LATE,
    KINDS,
    MOST_LATE_MS,
    Row,
    Successor,
)
from benchmarks.compare.scene import BETTER, OTHER
from benchmarks.compare.sightings import BOTH, NOBODY


def page(rows: Sequence[Row], results: Results) -> str:
    """The whole page; rows without results are left out."""
    loads = [each.load for each in results.outcomes]
    runs = len(results.of(rows[0].name, KINDS[0]))
    head = HEADER.format(
        m=results.machine,
        load=_spread(loads, 1),
        resolution=RESOLUTION_MS,
        floor=textwrap.fill(f"**The measurement itself.** {_floor(results)}", 120),
        summary=_summary(rows, results),
    )
    deeds = [row for row in rows if _is_deed(row)]
    takeovers = [row for row in rows if ADVERT_LATE in row.figures]
    return "\n".join(
        (
            head,
            "## What is done to the active node\n",
            _table(_HEAD, chain.from_iterable(_lines(row, results) for row in deeds)),
            "",
            WHY_TIMERS,
            _table(_TAKEOVER_HEAD, chain.from_iterable(_takeover(r, results) for r in takeovers)),
            "",
            AGAIN.format(runs=runs),
        )
    )


_CHECKS = ("nothing", "known-outage")
_HEAD = (
    *("what is done", "settings", "vipkeeperd must", "program", "runs", "probes lost", "gap, ms"),
    *("two holders, ms", "at the end", "besides", "as asked"),
)
_TAKEOVER_HEAD = (
    *("interval", "program", "runs", "probes lost", "gap, ms", "advert late, ms"),
    *("announcement late, ms", "as asked"),
)


def _summary(rows: Sequence[Row], results: Results) -> str:
    """In how many rows each program did what is asked, in every run."""
    said = []
    for kind in KINDS:
        judged = [(row.bound, results.of(row.name, kind)) for row in rows if _is_deed(row)]
        measured = [(bound, outcomes) for bound, outcomes in judged if outcomes]
        kept = sum(not any(o.missed(bound) for o in outcomes) for bound, outcomes in measured)
        said.append(f"{kind} in {kept} of {len(measured)}")
    return (
        f"What is asked of vipkeeperd was done, in every run of a row, by {' and by '.join(said)}."
    )


def _is_deed(row: Row) -> bool:
    return row.name not in _CHECKS and ADVERT_LATE not in row.figures


def _floor(results: Results) -> str:
    quiet = [each for kind in KINDS for each in results.of("nothing", kind)]
    known = [each for kind in KINDS for each in results.of("known-outage", kind)]
    if not quiet or not known:
        return "Not checked in these runs."
    return (
        f"With nothing done at all, {sum(each.lost for each in quiet)} of"
        f" {sum(each.sent for each in quiet):,} probes were lost. With the watcher itself cut off"
        f" for 300 ms, the gap was {_spread([each.longest_gap_ms for each in known], 1)} ms"
        f" ({len(known)} runs; the commands that cut and mend are in it). The prober or the"
        " witness was not run for"
        f" {max(each.stall_ms for each in results.outcomes):g} ms at the worst, and"
        f" {statistics.median(each.stall_ms for each in results.outcomes):g} ms in the median run."
    )


def _lines(row: Row, results: Results) -> Iterator[list[str]]:
    said = (row.what, str(row.settings), _must(row.bound))
    for kind in KINDS:
        outcomes = results.of(row.name, kind)
        if outcomes:
            yield [
                *said,
                _program(row, kind),
                str(len(outcomes)),
                _spread([each.lost for each in outcomes]),
                _spread([each.longest_gap_ms for each in outcomes]),
                _spread([each.two_holders_ms for each in outcomes]),
                _holders(outcomes),
                _besides(row, outcomes),
                _as_asked(row, outcomes),
            ]
            said = ("", "", "")  # the row goes on


def _takeover(row: Row, results: Results) -> Iterator[list[str]]:
    keepalived, vipkeeperd = (_late(row, results, kind, ANNOUNCEMENT_LATE) for kind in KINDS)
    for kind in KINDS:
        outcomes = results.of(row.name, kind)
        if outcomes:
            yield [
                f"v{row.settings.version}, {row.settings.interval:g} s",
                kind,
                str(len(outcomes)),
                _spread([each.lost for each in outcomes]),
                _spread([each.longest_gap_ms for each in outcomes]),
                _spread(_late(row, results, kind, ADVERT_LATE), 2),
                _spread(_late(row, results, kind, ANNOUNCEMENT_LATE), 2),
                _in_time(vipkeeperd, keepalived) if kind == KINDS[1] else "",
            ]


def _late(row: Row, results: Results, kind: str, figure: str) -> list[float]:
    return [e.figures[figure] for e in results.of(row.name, kind) if figure in e.figures]


def _in_time(vipkeeperd: Sequence[float], keepalived: Sequence[float]) -> str:
    if not vipkeeperd or not keepalived:
        return ""
    own, other = statistics.median(vipkeeperd), statistics.median(keepalived)
    if own > MOST_LATE_MS:
        return f"✘ later than {MOST_LATE_MS} ms"
    return "✔" if own <= other else "✘ later than keepalived"


def _program(row: Row, kind: str) -> str:
    if row.successor is Successor.SAME:
        return kind
    return f"{kind}, then {row.successor.of(kind)}"


def _spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and from the least to the most where they differ."""
    if not values:
        return "-"
    counts = all(isinstance(each, int) for each in values)

    def say(value: float) -> str:
        # The median of counts may lie between two.
        return f"{value:,.1f}".removesuffix(".0") if counts else f"{value:,.{digits}f}"

    least, median, most = map(say, (min(values), statistics.median(values), max(values)))
    return median if least == most else f"{median} ({least} to {most})"


def _holders(outcomes: Sequence[Outcome]) -> str:
    names = [_CALLED.get(each.holder, each.holder) for each in outcomes]
    return ", ".join(
        name if len(set(names)) == 1 else f"{name} ({names.count(name)})"
        for name in sorted(set(names))
    )


_CALLED = {BETTER: "better", OTHER: "other", BOTH: "**both**", NOBODY: "**nobody**"}


def _must(bound: Bound) -> str:
    said = []
    if bound.lost is not None:
        said.append(f"lose ≤ {bound.lost}" if bound.lost else "lose nothing")
    if bound.two_holders_ms is not None:
        said.append(f"two ≤ {bound.two_holders_ms:g} ms" if bound.two_holders_ms else "never two")
    if len(bound.holders) == 1:
        said.append(f"end on the {_CALLED[bound.holders[0]]}")
    said += [f"{name} ≤ {most:g}" for name, most in bound.figures.items()]
    return ", ".join(said)


def _besides(row: Row, outcomes: Sequence[Outcome]) -> str:
    said = []
    for name in row.figures:
        values = [each.figures[name] for each in outcomes if name in each.figures]
        missing = len(outcomes) - len(values)
        parts = [_spread(values)] if values else []
        parts += [f"never in {missing} of {len(outcomes)} runs"] if missing else []
        said.append(f"{name}: {', '.join(parts)}")
    return "; ".join(said)


def _as_asked(row: Row, outcomes: Sequence[Outcome]) -> str:
    held = sum(not each.missed(row.bound) for each in outcomes)
    mark = "✔" if held == len(outcomes) else "✘"
    return f"{mark} {held} of {len(outcomes)}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
