"""Goes through the walkthrough, then through its broken variants side by side."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

from vipkeeper.demo.scene import Scene, Watcher, cloud
from vipkeeper.demo.step import Check, Report, Result
from vipkeeper.demo.variants import VARIANTS, Variant
from vipkeeper.demo.walkthrough import STEPS, Step
from vipkeeper.errors import VipkeeperError
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import CloudSpec

_VIP_S = 20.0


def run(
    watcher: Watcher,
    *,
    make_cloud: Callable[[], CloudSpec] = cloud,
    steps: Sequence[Step] = STEPS,
    variants: Sequence[Variant] = VARIANTS,
) -> Report:
    """The demo as a whole. Whatever happens, its labs are gone when it ends.

    Raises:
        VipkeeperError: a lab could not be built.
    """
    began = time.monotonic()
    results: list[Result] = []
    outages_ms: dict[str, float] = {}
    if steps:
        results += walk(watcher, make_cloud(), steps, outages_ms)
    if variants:
        results += try_variants(watcher, variants, outages_ms)
    return Report(
        results,
        outages_ms,
        seconds=time.monotonic() - began,
        planned=len(steps) + len(variants),
    )


def walk(
    watcher: Watcher, spec: CloudSpec, steps: Sequence[Step], outages_ms: dict[str, float]
) -> list[Result]:
    """The steps one after another, in one lab."""
    watcher.begins("Building the cloud")
    results = []
    with _lab(spec, "0") as lab:
        scene = Scene(lab, watcher, outages_ms)
        scene.until_holds_vip("test01", timeout=_VIP_S)
        for step in steps:
            watcher.begins(step.title)
            results.append(_go(step.id, step.title, step.go, scene))
            watcher.ended(results[-1])
    return results


def try_variants(
    watcher: Watcher, variants: Sequence[Variant], outages_ms: dict[str, float]
) -> list[Result]:
    """The variants all at once, each in a lab of its own; in the order of `variants`."""
    watcher.begins("What is seen when one thing is not set up")
    done: dict[str, Result] = {}
    with ThreadPoolExecutor(len(variants)) as threads:
        running = [threads.submit(_try_variant, each, outages_ms) for each in variants]
        for future in as_completed(running):
            result = future.result()
            done[result.id] = result
            watcher.doing(f"{len(done)} of {len(variants)} clouds tried")
            watcher.ended(result)
    return [done[each.id] for each in variants]


def _try_variant(variant: Variant, outages_ms: dict[str, float]) -> Result:
    with _lab(variant.spec(), variant.id.removeprefix("variant-")) as lab:
        scene = Scene(lab, _Unwatched(), outages_ms)
        return _go(variant.id, variant.title, variant.look, scene)


def _go(name: str, title: str, look: Callable[[Scene], Iterator[Check]], scene: Scene) -> Result:
    """What a step yields is kept also when it cannot be gone through to its end."""
    began = time.monotonic()
    checks: list[Check] = []
    trouble = ""
    try:
        for check in look(scene):
            checks.append(check)
    except (VipkeeperError, subprocess.SubprocessError) as error:
        trouble = str(error)
    return Result(name, title, tuple(checks), time.monotonic() - began, trouble)


@contextmanager
def _lab(spec: CloudSpec, what: str) -> Iterator[Lab]:
    lab = Lab.up(spec, name=f"demo-{os.getpid()}-{what}", owned=True)
    try:
        yield lab
    finally:
        lab.down()


class _Unwatched:
    """Five variants talking at once would say nothing; each is reported when it is done."""

    def begins(self, title: str) -> None:
        pass

    def doing(self, what: str) -> None:
        pass

    def ended(self, result: Result) -> None:
        pass
