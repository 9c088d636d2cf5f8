"""``python -m benchmarks.compare``: see the package; what it writes is in docs/compare.md."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from benchmarks.compare.comparison import compare
from benchmarks.compare.outcome import Outcome
from benchmarks.compare.page import page
from benchmarks.compare.results import Results
from benchmarks.compare.rows import ROWS, SHORT, Row
from benchmarks.compare.strips import strips

_DOCS = Path(__file__).parents[2] / "docs"
RESULTS, PAGE, PICTURE = (_DOCS / f"compare.{kind}" for kind in ("json", "md", "svg"))


class Terminal:
    """Prints each run as it goes, and keeps it."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.lost: list[str] = []
        _say(f"{'':18} {'':11} {'lost':>6} {'gap ms':>8} {'two ms':>8}  at the end")

    def measured(self, row: Row, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self._keep_lost_property(row, outcome)
        besides = "  ".join(f"{name} {value:g}" for name, value in outcome.figures.items())
        missed = ", ".join(outcome.missed(row.bound))
        _say(
            f"{row.name:18} {outcome.kind:11} {outcome.lost:6} {outcome.longest_gap_ms:8.1f}"
            f" {outcome.two_holders_ms:8.1f}  {outcome.holder:7} {besides}"
            + (f"  ✘ {missed}" if missed else "")
        )

    def _keep_lost_property(self, row: Row, outcome: Outcome) -> None:
        found = outcome.lost_property(row.bound, SHORT.get(row.name))
        if found and outcome.kind == "vipkeeperd":
            self.lost.append(f"{row.name}: {found}")

    def not_measured(self, row: Row, kind: str, why: str) -> None:
        self.lost.append(f"{row.name}, {kind}: {why}")
        _say(f"{row.name:18} {kind:11} not measured: {why}")


def main() -> None:
    arguments = _arguments()
    wanted = set(SHORT if arguments.short else arguments.rows or [row.name for row in ROWS])
    if unknown := wanted - {row.name for row in ROWS}:
        sys.exit(f"no such row: {', '.join(sorted(unknown))}\n{_names()}")
    if os.geteuid() != 0:
        _say("Not root: nothing runs in real time here, and figures of milliseconds say little.")
        _say("For figures to compare: sudo make compare")
    begun, terminal = time.monotonic(), Terminal()
    rows = [row for row in ROWS if row.name in wanted]
    try:
        compare(rows, 1 if arguments.short else arguments.runs, terminal)
    finally:  # what was measured before Ctrl-C is kept
        _say(f"{len(terminal.outcomes)} runs in {time.monotonic() - begun:.0f} s")
        if arguments.write and terminal.outcomes:
            _write(Results.read(RESULTS).with_newer(terminal.outcomes))
    sys.exit("\n".join(terminal.lost) or None)


def _write(results: Results) -> None:
    results.write(RESULTS)
    PAGE.write_text(page(ROWS, results))
    PICTURE.write_text(strips(results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description="vipkeeperd and keepalived: what happens to the VIP. Ends with an error where"
        " vipkeeperd has lost a property that no slow machine explains.",
        epilog=_names(),
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="default: all")
    parser.add_argument("--runs", type=int, default=5, help="of each row and program")
    parser.add_argument("--short", action="store_true", help="a few rows, once each")
    parser.add_argument("--write", action="store_true", help="docs/compare.md and its picture")
    return parser.parse_args()


def _names() -> str:
    return "rows: " + " ".join(row.name for row in ROWS)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 its purpose


if __name__ == "__main__":
    main()
