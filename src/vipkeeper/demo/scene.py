"""What a step acts on: one lab, and who wants to know how far it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from vipkeeper.demo import observation
from vipkeeper.demo.step import Result
from vipkeeper.drill.measurement import Drill, with_echo
from vipkeeper.drill.outage import Measurement
from vipkeeper.errors import LabError
from vipkeeper.lab import spec_file
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import CloudSpec

_LOOK_AGAIN_S = 0.05


class Watcher(Protocol):
    """Is told how the demo goes; the command line draws it."""

    def chapter(self, title: str) -> None: ...
    def begins(self, title: str) -> None: ...
    def doing(self, what: str) -> None: ...
    def ended(self, result: Result) -> None: ...


class Unwatched:
    """Tells nobody: five variants that talk at once would say nothing."""

    def chapter(self, title: str) -> None:
        pass

    def begins(self, title: str) -> None:
        pass

    def doing(self, what: str) -> None:
        pass

    def ended(self, result: Result) -> None:
        pass


@dataclass(slots=True)
class Scene:
    lab: Lab
    watcher: Watcher
    interrupted: threading.Event
    """Set when the demo is to end at once."""
    measured: dict[str, Measurement] = field(default_factory=dict)
    """What the client saw, by the failover's name."""

    def until(self, what: str, condition: Callable[[], bool], *, timeout: float) -> None:
        """Look again and again until the condition holds.

        Raises:
            LabError: it did not within `timeout` seconds.
        """
        self.watcher.doing(f"waiting until {what}")
        deadline = time.monotonic() + timeout
        while not condition():
            if self.interrupted.is_set():
                raise LabError("interrupted")
            if time.monotonic() > deadline:
                raise LabError(f"waited {timeout:g} s in vain until {what}")
            time.sleep(_LOOK_AGAIN_S)

    def until_holds_vip(self, host: str, *, timeout: float) -> None:
        self.until(
            f"{host} holds {observation.VIP}",
            lambda: host in self.lab.holders(observation.VIP),
            timeout=timeout,
        )

    @contextmanager
    def failover(self, name: str) -> Iterator[Drill]:
        """Measure, from the client, the time in which nobody answers for the virtual IP."""
        with Drill.start(self.lab, observation.VIP_OUTSIDE) as drill:
            yield drill
        self.measured[name] = drill.measurement

    def outages_ms(self) -> dict[str, float]:
        """Longest time without an answer, by the failover's name, of those that ended."""
        return {
            name: measurement.longest_outage_ms
            for name, measurement in self.measured.items()
            if not measurement.outages or measurement.outages[-1].answered_after
        }


def cloud() -> CloudSpec:
    """The walkthrough's cloud, its nodes with an echo server to measure outages by."""
    return with_echo(spec_file.walkthrough(), *observation.ADDRESS)
