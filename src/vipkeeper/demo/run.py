"""Goes through the walkthrough, then through its broken variants side by side."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress

from vipkeeper.demo.scene import Scene, Unwatched, Watcher, cloud
from vipkeeper.demo.step import Check, Report, Result
from vipkeeper.demo.variants import VARIANTS, Variant
from vipkeeper.demo.walkthrough import STEPS, Step
from vipkeeper.errors import LabError, MissingProgramError, VipkeeperError
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import CloudSpec

_VIP_S = 20.0

# What the steps run in the instances, beside what the lab itself needs and asks for.
_PACKAGES = {
    "arp": "net-tools",
    "arping": "arping",
    "curl": "curl",
    "ping": "iputils-ping",
    "tcpdump": "tcpdump",
}
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

Outcome = tuple[Result, dict[str, float]]
"""What a step showed, and the outages in milliseconds that were measured on the way."""


def run(
    watcher: Watcher,
    *,
    make_cloud: Callable[[], CloudSpec] = cloud,
    steps: Sequence[Step] = STEPS,
    variants: Sequence[Variant] = VARIANTS,
) -> Report:
    """The demo as a whole. Whatever ends it, its labs are gone.

    Raises:
        MissingProgramError: a step would need one that is not installed.
        VipkeeperError: a lab could not be built.
    """
    for program, package in _PACKAGES.items():
        if shutil.which(program, path=_PATH) is None:
            raise MissingProgramError(program, package)
    began = time.monotonic()
    gone_through = [*walk(watcher, make_cloud(), steps), *try_variants(watcher, variants)]
    return Report(
        [result for result, _ in gone_through],
        {name: ms for _, outages_ms in gone_through for name, ms in outages_ms.items()},
        seconds=time.monotonic() - began,
        planned=len(steps) + len(variants),
    )


def walk(watcher: Watcher, spec: CloudSpec, steps: Sequence[Step]) -> Iterator[Outcome]:
    """The steps one after another, in one lab."""
    watcher.chapter("A virtual IP kept alive by two nodes: docs/guide/walkthrough.md")
    watcher.begins("Building the cloud")
    with temporary_lab(spec, "walkthrough") as lab:
        scene = Scene(lab, watcher, threading.Event())
        try:
            scene.until_holds_vip("test01", timeout=_VIP_S)
        except LabError as error:
            watcher.doing(str(error))  # the steps show what is wrong
        for step in steps:
            scene.measured.clear()
            watcher.begins(step.title)
            result = go(step.id, step.title, step.go, scene)
            watcher.ended(result)
            yield result, scene.outages_ms()


def try_variants(watcher: Watcher, variants: Sequence[Variant]) -> list[Outcome]:
    """The variants all at once, each in a lab of its own; in the order of `variants`."""
    watcher.chapter("What is seen when one thing is not set up")
    watcher.begins("A cloud for each, all at once")
    done: dict[str, Outcome] = {}
    interrupted = threading.Event()
    labs: list[Lab] = []

    def try_one(variant: Variant) -> Outcome:
        with temporary_lab(variant.spec(), variant.id.removeprefix("variant-")) as lab:
            labs.append(lab)
            scene = Scene(lab, Unwatched(), interrupted)
            result = go(variant.id, variant.title, variant.look, scene)
            return result, scene.outages_ms()

    with ThreadPoolExecutor(max(1, len(variants))) as threads:
        running = [threads.submit(try_one, each) for each in variants]
        try:
            for future in as_completed(running):
                outcome = future.result()
                done[outcome[0].id] = outcome
                watcher.doing(f"{len(done)} of {len(variants)} tried")
                watcher.ended(outcome[0])
        except BaseException:
            # Whatever the other threads wait for comes from their labs.
            interrupted.set()
            for lab in labs:
                _end(lab)
            raise
    return [done[each.id] for each in variants]


def go(name: str, title: str, look: Callable[[Scene], Iterator[Check]], scene: Scene) -> Result:
    """What a step yields is kept also when it cannot be gone through to its end."""
    began = time.monotonic()
    checks: list[Check] = []
    trouble = ""
    try:
        for check in look(scene):
            checks.append(check)
            if scene.interrupted.is_set():
                raise LabError("interrupted")
    except (VipkeeperError, subprocess.SubprocessError, ConnectionError) as error:
        trouble = str(error)
    return Result(name, title, tuple(checks), time.monotonic() - began, trouble)


@contextmanager
def temporary_lab(spec: CloudSpec, what: str) -> Iterator[Lab]:
    lab = Lab.up(spec, name=f"demo-{os.getpid()}-{what}", owned=True)
    try:
        yield lab
    finally:
        _end(lab)


def _end(lab: Lab) -> None:
    with suppress(LabError, ConnectionError):  # it has ended, or is just ending
        lab.down()
