"""Goes through the session in a lab of its own."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from vipkeeper.demo.openstack.session import Session, Step
from vipkeeper.demo.openstack.steps import STEPS
from vipkeeper.demo.openstack.terminal import Terminal
from vipkeeper.demo.run import go, temporary_lab
from vipkeeper.demo.scene import Scene, Watcher
from vipkeeper.demo.step import Check, Report
from vipkeeper.lab.spec import CloudSpec


def run(watcher: Watcher, *, steps: Sequence[Step] = STEPS) -> Report:
    """From an empty cloud to the virtual IP and back. Whatever ends it, the lab is gone.

    Raises:
        MissingProgramError: there is no ``openstack`` client.
        VipkeeperError: the lab could not be built.
    """
    began = time.monotonic()
    results = []
    watcher.chapter("From an empty cloud to the virtual IP and back: docs/guide/own-cloud.md")
    watcher.begins("Building an empty cloud")
    with (
        temporary_lab(CloudSpec((), (), ()), "openstack") as lab,
        tempfile.TemporaryDirectory(prefix="vipkeeper-") as directory,
    ):
        terminal = Terminal(lab, Path(directory))
        session = Session(terminal, Scene(lab, watcher, threading.Event()))
        for step in steps:

            def look(_: Scene, step: Step = step) -> Iterator[Check]:
                return step.go(session)

            watcher.begins(step.title)
            result = go(step.id, step.title, look, session.scene)
            watcher.ended(result)
            results.append(result)
    return Report(results, {}, seconds=time.monotonic() - began, planned=len(steps))
