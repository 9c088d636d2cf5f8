"""``python -m benchmarks.compare``: see the package; what it writes is in docs/compare.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from benchmarks.compare.comparison import compare
from benchmarks.compare.outcome import Outcome
from benchmarks.compare.rows import ROWS, SHORT, Row

_ROOT = Path(__file__).parents[2]
PAGE = _ROOT / "docs" / "compare.md"


def main() -> None:
    arguments = _arguments()
    wanted = set(SHORT if arguments.short else arguments.rows or [row.name for row in ROWS])
    if unknown := wanted - {row.name for row in ROWS}:
        sys.exit(f"no such row: {', '.join(sorted(unknown))}\n{_names()}")
    if os.geteuid() != 0:
        _say("Not root: nothing runs in real time here, and figures of milliseconds say little.")
        _say("For figures to compare: sudo make compare")
    rows = [row for row in ROWS if row.name in wanted]
    begun = time.monotonic()
    _say(f"{'':18} {'':11} {'lost':>6} {'gap ms':>8} {'two ms':>8}  at the end")
    outcomes = list(compare(rows, 1 if arguments.short else arguments.runs, _said))
    _say(f"{len(outcomes)} runs in {time.monotonic() - begun:.0f} s")
    if arguments.results:
        arguments.results.write_text(json.dumps([each.as_data() for each in outcomes], indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compare",
        description="vipkeeperd and keepalived: what happens to the VIP.",
        epilog=_names(),
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help="default: all")
    parser.add_argument("--runs", type=int, default=5, help="of each row and program")
    parser.add_argument("--short", action="store_true", help="a few rows, once each")
    parser.add_argument("--results", type=Path, help="where the results go, as JSON")
    return parser.parse_args()


def _names() -> str:
    return "rows: " + " ".join(row.name for row in ROWS)


def _said(row: Row, outcome: Outcome) -> None:
    besides = "  ".join(f"{name} {value:g}" for name, value in outcome.figures.items())
    missed = "  ✘ " + ", ".join(outcome.missed(row.bound)) if outcome.missed(row.bound) else ""
    _say(
        f"{row.name:18} {outcome.kind:11} {outcome.lost:6} {outcome.longest_gap_ms:8.1f}"
        f" {outcome.two_holders_ms:8.1f}  {outcome.holder:7} {besides}{missed}"
    )


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 its purpose


if __name__ == "__main__":
    main()
