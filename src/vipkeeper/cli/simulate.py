"""``vipkeeper simulate``: hosts on a faulty link in virtual time, and an exhaustive search."""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from dataclasses import asdict

import click

from vipkeeper.simulate import run
from vipkeeper.simulate.explore import explore
from vipkeeper.simulate.groups import DELAY_NS, GROUPS
from vipkeeper.simulate.run import Found, Outcome, Summary

_PROGRESS_EVERY_S = 0.5
_DEFAULT_SECONDS = 10_000
_DEFAULT_DEPTH = {2: 11, 3: 8}
"""Half a minute. Each choice more takes two to three times as long."""


@click.command()
@click.option("--seed", default=1, show_default=True, help="The first run's seed.")
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    help="Simulated seconds in all.  [default: 10000]",
)
@click.option("--runs", type=click.IntRange(1), help="So many runs, one seed each.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--trace", is_flag=True, help="Print all that happens in each run.")
@click.option("--explore", "explores", is_flag=True, help="Try every order of events instead.")
@click.option("--routers", type=click.IntRange(2, 3), default=2, help="For --explore: 2 or 3.")
@click.option("--depth", type=click.IntRange(1), help="For --explore: how many events.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def simulate(
    seed: int,
    seconds: float | None,
    runs: int | None,
    jobs: int,
    trace: bool,
    explores: bool,
    routers: int,
    depth: int | None,
    as_json: bool,
) -> int:
    """Run the daemon's virtual routers on simulated hosts, and watch that nothing goes wrong.

    Each run has 2 to 5 hosts with settings, faults and delays from its own seed: first faults,
    then none. A run that goes wrong says which command replays it, exactly.

    With --explore nothing is drawn: two or three routers go through every order of adverts that
    arrive, are lost or doubled, of timers, starts, stops, handovers and power cuts, up to a depth.

    The exit code is 0 only if every run kept every rule.
    """
    if explores:
        return _explore(routers, depth or _DEFAULT_DEPTH[routers], as_json=as_json)
    if trace:
        return _trace(seed, runs or 1)
    if seconds is None and runs is None:
        seconds = _DEFAULT_SECONDS
    summary, began = Summary(), time.monotonic()
    progress = _Progress(began, quiet=as_json)
    with closing(run.outcomes(seed, jobs)) as outcomes:
        for outcome in outcomes:
            summary.add(outcome)
            progress.show(summary)
            if runs is not None and summary.runs >= runs:
                break
            if seconds is not None and summary.simulated_ns >= seconds * 1e9:
                break
    progress.clear()
    wall = time.monotonic() - began
    if as_json:
        click.echo(json.dumps(summary.as_data() | {"seconds": round(wall, 3)}, indent=2))
    else:
        _print(summary, wall)
    return 1 if summary.found else 0


class _Progress:
    """One line on a terminal, renewed from time to time."""

    def __init__(self, began: float, *, quiet: bool) -> None:
        self._is_on = sys.stderr.isatty() and not quiet
        self._began = self._last = began

    def show(self, summary: Summary) -> None:
        now = time.monotonic()
        if not self._is_on or now - self._last < _PROGRESS_EVERY_S:
            return
        self._last = now
        click.echo(f"\r\033[K{_line(summary, now - self._began)}", nl=False, err=True)

    def clear(self) -> None:
        if self._is_on:
            click.echo("\r\033[K", nl=False, err=True)


def _line(summary: Summary, wall: float) -> str:
    simulated = summary.simulated_ns / 1e9
    return (
        f"{simulated:,.0f} simulated seconds in {summary.runs:,} runs, {len(summary.found)}"
        f" violations; {wall:.1f} s, {simulated / max(wall, 1e-9):,.0f} simulated seconds a second"
    )


def _print(summary: Summary, wall: float) -> None:
    for found in summary.found:
        _print_found(found)
    click.echo(_line(summary, wall))
    click.echo(
        f"{summary.adverts:,} adverts ({summary.lost:,} lost, {summary.repeated:,} repeated),"
        f" {summary.transitions:,} transitions"
    )
    faults = (f"{kind} {number:,}" for kind, number in sorted(summary.faults.items()))
    click.echo(f"{summary.faults.total():,} faults: {', '.join(faults)}")


def _print_found(found: Found) -> None:
    for line in found.scenario:
        click.echo(line)
    click.echo("  the last that happened:")
    for line in found.last_lines:
        click.echo(f"    {line}")
    click.secho(
        f"violation of {found.check} at {found.at_ns / 1e9:.9f} s: {found.message}", fg="red"
    )
    click.echo(f"replay: vipkeeper simulate --seed {found.seed} --runs 1 --trace\n")


def _trace(seed: int, runs: int) -> int:
    failed = False
    for number in range(seed, seed + runs):
        outcome, world = run.live_through(number, keep=None)
        for line in world.scenario.lines():
            click.echo(line)
        for line in world.lines:
            click.echo(line)
        failed |= _print_outcome(outcome)
    return 1 if failed else 0


def _print_outcome(outcome: Outcome) -> bool:
    click.echo(f"seed {outcome.seed}: {outcome.simulated_ns / 1e9:.3f} s, trace {outcome.digest}")
    if outcome.found is None:
        return False
    found = outcome.found
    click.secho(
        f"violation of {found.check} at {found.at_ns / 1e9:.9f} s: {found.message}", fg="red"
    )
    return True


def _explore(routers: int, depth: int, *, as_json: bool) -> int:
    results = []
    for group in GROUPS[routers]:
        began = time.monotonic()
        found = explore(group.routers, DELAY_NS, max(depth - group.shallow, 1))
        took = time.monotonic() - began
        way = [str(choice) for choice in found.way]
        results.append(
            {"group": group.name, **asdict(found), "way": way, "seconds": round(took, 3)}
        )
        if not as_json:
            click.echo(
                f"{group.name}: {found.situations:,} situations, {found.steps:,} steps,"
                f" depth {found.depth}, {took:.1f} s"
            )
            if found.violation:
                click.secho(f"violation: {found.violation}", fg="red")
                click.echo("  " + " -> ".join(way))
    wrong = sum(bool(result["violation"]) for result in results)
    if as_json:
        click.echo(json.dumps(results, indent=2))
    else:
        situations = sum(result["situations"] for result in results)
        seconds = sum(result["seconds"] for result in results)
        click.echo(f"{situations:,} situations, {wrong} violations; {seconds:.1f} s")
    return 1 if wrong else 0
