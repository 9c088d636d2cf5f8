"""The prober and its echo servers inside a lab.

::

    with Drill.start(lab, "99.88.128.171") as drill:
        drill.wait_for("test01", timeout=10)
        lab.poweroff("test01")
        drill.wait_for("test02", timeout=10)
    print(drill.measurement.longest_outage_ms)
"""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from vipkeeper.drill.echo import PORT
from vipkeeper.drill.outage import Measurement
from vipkeeper.errors import LabError
from vipkeeper.lab.client import Lab
from vipkeeper.lab.house import HOME
from vipkeeper.lab.spec import CloudSpec, Service

_PYTHON = f"{HOME}/bin/python"


def with_echo(spec: CloudSpec, *instances: str) -> CloudSpec:
    """The same cloud with the echo server as a service of the named instances, at each boot."""
    argv = (_PYTHON, "-m", "vipkeeper.drill.echo", "--port", str(PORT))
    echo = Service("echo", argv, restart="always")
    for name in instances:
        spec.instance(name)
    return replace(
        spec,
        instances=tuple(
            replace(each, services=(*each.services, echo)) if each.name in instances else each
            for each in spec.instances
        ),
    )


class Drill:
    """A running prober. Leaving the ``with`` block ends it and sets :attr:`measurement`."""

    measurement: Measurement

    def __init__(self, prober: subprocess.Popen[str]) -> None:
        self._prober = prober
        self._said: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @classmethod
    def start(cls, lab: Lab, address: str, *, client: str = "client", port: int = PORT) -> Self:
        """Probe `address` from the instance `client`, one datagram each millisecond."""
        return cls(
            lab.popen(
                client,
                [_PYTHON, "-m", "vipkeeper.drill.probe", address, str(port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )

    def wait_for(self, host: str, *, timeout: float) -> None:
        """Return once `host` begins to answer.

        Each beginning is reported once: a host that answered before counts again only after
        another one did.

        Raises:
            LabError: it did not within `timeout` seconds, or the prober ended.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self._said.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise LabError(f"{host} did not answer the probes within {timeout:g} s") from None
            if line is None or "measurement" in line:
                raise LabError("the prober ended early")
            if line["answering"] == host:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._prober.stdin is not None
        assert self._prober.stdout is not None
        if kind is not None:
            self._prober.kill()
        self._prober.stdin.close()
        self._prober.wait()
        self._reader.join()
        self._prober.stdout.close()
        if kind is None:
            self.measurement = self._last_word()

    def _read(self) -> None:
        assert self._prober.stdout is not None
        for line in self._prober.stdout:
            self._said.put(json.loads(line))
        self._said.put(None)

    def _last_word(self) -> Measurement:
        while (line := self._said.get()) is not None:
            if "measurement" in line:
                return Measurement.from_data(line["measurement"])
        raise LabError(f"the prober ended with code {self._prober.returncode} and said nothing")
