"""The picture: a planned stop, both programs, one strip each, as SVG. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from benchmarks.compare.outcome import Outcome
from benchmarks.compare.results import Results
from benchmarks.compare.rows import KINDS

ROW = "stop"
FROM_MS, TO_MS = -250, 1250
_LEFT, _WIDTH, _HEIGHT = 150, 570, 34
_TOPS = {"keepalived": 64, "vipkeeperd": 116}
_STYLE = """\
  text { fill: #1f2933 } .quiet { fill: #52606d } line { stroke: #52606d }
  .answered { fill: #2e8b57 } .lost { fill: #c8372d } .in-lost { fill: #fff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6e9ec } .quiet { fill: #a9b4bf } line { stroke: #a9b4bf }
    .answered { fill: #3fa66b } .lost { fill: #e0564b } .in-lost { fill: #fff }
  }"""


def strips(results: Results) -> str:
    """An SVG that is readable on light and on dark: the median run of each program."""
    parts = [part for kind in KINDS for part in _strip(kind, results.of(ROW, kind))]
    stop = _x(0)
    return "\n".join(
        (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 210" width="880" height="210"'
            ' role="img" aria-labelledby="title"'
            ' font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif" font-size="14">',
            '  <title id="title">Probes answered and lost around a planned stop</title>',
            f"  <style>\n{_STYLE}\n  </style>",
            '  <text x="20" y="28" font-weight="bold">Planned stop of the active node:'
            " who answers for the virtual IP?</text>",
            *parts,
            f'  <line x1="{stop}" y1="48" x2="{stop}" y2="162" stroke-dasharray="4 3"/>',
            f'  <text x="{stop}" y="180" text-anchor="middle" font-size="12">stop</text>',
            *_scale(),
            '  <text x="20" y="202" class="quiet" font-size="12">one probe a millisecond, from a'
            " third machine; VRRPv2, adverts each second, priorities 100 and 50</text>",
            "</svg>",
            "",
        )
    )


def _x(instant_ms: float) -> float:
    within = min(max(instant_ms, FROM_MS), TO_MS)
    return round(_LEFT + (within - FROM_MS) / (TO_MS - FROM_MS) * _WIDTH, 1)


def _scale() -> Iterator[str]:
    for instant_ms in (500, 1000):
        x = _x(instant_ms)
        yield f'  <text x="{x}" y="180" text-anchor="middle" class="quiet" font-size="12">'
        yield f"    {instant_ms:,} ms</text>"
        yield f'  <line x1="{x}" y1="152" x2="{x}" y2="162"/>'


def _strip(kind: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    if not outcomes:
        return
    top, middle = _TOPS[kind], _TOPS[kind] + _HEIGHT // 2 + 5
    run = sorted(outcomes, key=lambda each: each.lost)[len(outcomes) // 2]
    lost = statistics.median(each.lost for each in outcomes)
    yield f'  <text x="20" y="{middle}" font-weight="bold">{kind}</text>'
    yield _box("answered", FROM_MS, TO_MS, top)
    for begin_ms, end_ms in run.losses:
        yield _box("lost", begin_ms, end_ms, top)
        if _x(end_ms) - _x(begin_ms) > 100:
            centre = (_x(begin_ms) + _x(end_ms)) / 2
            yield f'  <text x="{centre}" y="{middle}" class="in-lost" text-anchor="middle">'
            yield "    nobody answers</text>"
    yield f'  <text x="{_LEFT + _WIDTH + 16}" y="{middle}">{lost:,.0f} probes lost</text>'


def _box(kind: str, begin_ms: float, end_ms: float, top: int) -> str:
    x = _x(begin_ms)
    # One lost probe is seen, too.
    width = round(max(_x(end_ms) - x, 1), 1)
    return f'  <rect class="{kind}" x="{x}" y="{top}" width="{width}" height="{_HEIGHT}"/>'
