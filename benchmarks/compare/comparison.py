"""All runs, the two programs in turn: neither gets the quieter half of the time."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import pytest

from benchmarks.compare.outcome import Outcome
from benchmarks.compare.rows import KINDS, Beginning, Row
from benchmarks.compare.scene import OTHER, Scene, Watch
from vipkeeper.drill.measurement import Drill
from vipkeeper.errors import LabError

_GOLDEN_RATIO = (5**0.5 - 1) / 2  # its multiples' fractions lie apart, however many there are
PROBING_SECONDS = 0.3
"""Before anything is done; what begins slowly in either instrument is over by then."""


class Listener(Protocol):
    """Who hears of each run as soon as it is over."""

    def measured(self, row: Row, outcome: Outcome) -> None: ...

    def not_measured(self, row: Row, kind: str, why: str) -> None: ...


def compare(rows: Iterable[Row], runs: int, listener: Listener) -> None:
    """Run each row ``runs`` times its own factor for each program.

    A run in which something that is waited for does not come is told, and the others go on.
    """
    rows = list(rows)
    for run in range(max((row.runs(runs) for row in rows), default=0)):
        for row in rows:
            if run < row.runs(runs):
                # Who begins changes from run to run, too.
                for kind in KINDS if run % 2 else reversed(KINDS):
                    try:
                        listener.measured(row, measure(row, kind, run))
                    except (pytest.fail.Exception, LabError) as failure:
                        listener.not_measured(row, kind, str(failure))


def measure(row: Row, kind: str, run: int) -> Outcome:
    """One run of a row with the program ``kind`` on the active node."""
    with tempfile.TemporaryDirectory() as directory:
        kinds = _kinds(row, kind)
        scene = Scene(row.settings, kinds, Path(directory))
        try:
            return _measure(row, kind, run, scene)
        finally:
            scene.close()


def _kinds(row: Row, kind: str) -> tuple[str, str]:
    return kind, row.successor.of(kind)


def _begin(row: Row, scene: Scene) -> str | None:
    """Returns the name of who is active before the deed."""
    if row.beginning is Beginning.NEITHER:
        return None
    if row.beginning is Beginning.OTHER_ALONE:
        scene.other.start()
        scene.wait_for_holder(scene.other)
        return OTHER
    scene.start_both()
    scene.wait_for_holder(scene.better)
    return scene.better.node.name


def _measure(row: Row, kind: str, run: int, scene: Scene) -> Outcome:
    active = _begin(row, scene)
    with Watch(scene) as watch, scene.probing() as drill:
        if active is not None:
            drill.wait_for(active, timeout=20)
        begun_s = time.monotonic()
        time.sleep(_seconds_before(row, run))
        scene.elections = scene.transitions(scene.better, scene.other)
        scene.mark("done")
        done_ms = (time.monotonic() - begun_s) * 1e3
        row.deed(scene)
        time.sleep(row.watch_seconds)
    return _outcome(row, kind, run, scene, watch, drill, done_ms)


def _seconds_before(row: Row, run: int) -> float:
    """At least one advert is seen, and the deeds of all runs are spread evenly between two.

    Without that, they would all come at the same time after the last advert, since an election's
    end is what is waited for. Both programs have the same times.
    """
    phase = run * _GOLDEN_RATIO % 1
    return PROBING_SECONDS + row.settings.interval * (1 + phase)


def _outcome(
    row: Row, kind: str, run: int, scene: Scene, watch: Watch, drill: Drill, done_ms: float
) -> Outcome:
    measured, seen = drill.measurement, watch.sightings
    besides = {name: figure(scene, seen) for name, figure in row.figures.items()}
    return Outcome(
        row=row.name,
        kind=kind,
        run=run,
        sent=measured.sent,
        lost=measured.lost,
        longest_gap_ms=round(measured.longest_outage_ms, 1),
        two_holders_ms=round(seen.two_holders_ms(scene.marks["done"]), 1),
        holder=seen.holder_at_end(),
        figures={name: round(value, 2) for name, value in besides.items() if value is not None},
        stall_ms=round(max(measured.longest_stall_ms, seen.stall_ms), 1),
        load=round(os.getloadavg()[0], 1),
        losses=tuple(
            (round(each.start_ms - done_ms), round(each.start_ms + each.duration_ms - done_ms))
            for each in measured.outages
        ),
    )
