"""What a step acts on: one lab, and who wants to know how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from vipkeeper.demo import observation
from vipkeeper.demo.step import Check, Result
from vipkeeper.drill.measurement import Drill, echo_service
from vipkeeper.errors import LabError
from vipkeeper.lab import spec_file
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import CloudSpec

_LOOK_AGAIN_S = 0.05


class Watcher(Protocol):
    """Is told how the demo goes; the command line draws it."""

    def begins(self, title: str) -> None: ...
    def doing(self, what: str) -> None: ...
    def ended(self, result: Result) -> None: ...


@dataclass(slots=True)
class Scene:
    lab: Lab
    watcher: Watcher
    outages_ms: dict[str, float] = field(default_factory=dict)
    """Longest time without an answer, by the failover's name."""

    def until(self, what: str, condition: Callable[[], bool], *, timeout: float) -> None:
        """Look again and again until the condition holds.

        Raises:
            LabError: it did not within `timeout` seconds.
        """
        self.watcher.doing(f"waiting until {what}")
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise LabError(f"waited {timeout:g} s in vain until {what}")
            time.sleep(_LOOK_AGAIN_S)

    def until_holds_vip(self, host: str, *, timeout: float) -> None:
        def holds_vip() -> bool:
            return f"{observation.VIP}/" in observation.run(self.lab, host, "ip -4 a").text

        self.until(f"{host} holds {observation.VIP}", holds_vip, timeout=timeout)

    @contextmanager
    def failover(self, name: str) -> Iterator[Drill]:
        """Measure, from the client, the time in which nobody answers for the virtual IP."""
        with Drill.start(self.lab, observation.VIP_OUTSIDE) as drill:
            yield drill
        self.outages_ms[name] = drill.measurement.longest_outage_ms

    def outage_check(self, name: str, least_ms: float, most_ms: float, why: str) -> Check:
        outage_ms = self.outages_ms[name]
        between = f"less than {most_ms:,.0f} ms"
        if least_ms:
            between = f"between {least_ms:,.0f} and {most_ms:,.0f} ms"
        return Check(
            expected=f"the outage is {between}: {why}",
            where="client",
            command=f"python -m vipkeeper.drill.probe {observation.VIP_OUTSIDE}",
            observed=f"{outage_ms:,.0f} ms without an answer, measured by a datagram each ms",
            ok=least_ms <= outage_ms <= most_ms,
        )


def cloud() -> CloudSpec:
    """The walkthrough's cloud, its nodes with an echo server to measure outages by."""
    plain = spec_file.walkthrough()
    return replace(
        plain,
        instances=tuple(
            replace(machine, services=(*machine.services, echo_service()))
            if machine.name in observation.ADDRESS
            else machine
            for machine in plain.instances
        ),
    )
