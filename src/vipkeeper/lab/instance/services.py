"""The services of an instance: started, stopped and restarted as systemd would.

A service is one session (setsid(2)) with its main process as leader. What is left of the
session when the leader has ended is killed, as systemd does with a control group.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from vipkeeper.errors import LabError
from vipkeeper.lab.instance import enablement, unit_files
from vipkeeper.lab.instance.order import Unit

STOP_TIMEOUT = 5.0
"""Seconds from SIGTERM to SIGKILL. systemd's 90 s would be long in a lab."""

RESTART_DELAY = 0.1
"""Seconds from an end to the restart; systemd's RestartSec= default."""

State = Literal["inactive", "activating", "active", "deactivating", "failed"]
"""As ``systemctl is-active`` prints it; "activating" is a oneshot unit that has not ended yet."""


@dataclass(slots=True)
class Service:
    """A unit and what has become of it."""

    unit: Unit
    state: State = "inactive"
    pid: int = 0
    since: float = field(default_factory=time.time)
    result: str = ""
    when_stopped: list[Callable[[], None]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.unit.name

    @property
    def running(self) -> bool:
        return self.pid != 0

    def become(self, state: State, result: str = "") -> None:
        self.state, self.result, self.since = state, result, time.time()

    def description(self) -> dict[str, object]:
        return {
            "unit": self.name,
            "state": self.state,
            "pid": self.pid,
            "since": self.since,
            "result": self.result,
            "argv": self.unit.shown,
            "static": self.unit.static,
        }


class Supervisor:
    """Keeps the services of one instance.

    Args:
        environment: of every service.
        log: takes (unit, text), what systemd itself would write to the journal.
        call_later: runs a function after so many seconds.
        open_output: gives the descriptor that a unit's output goes to.
        show: takes (word, text), what systemd would show on the console.
    """

    def __init__(
        self,
        units: tuple[Unit, ...],
        *,
        environment: dict[str, str],
        log: Callable[[str, str], None],
        call_later: Callable[[float, Callable[[], None]], None],
        open_output: Callable[[Service], int],
        show: Callable[[str, str], None],
    ) -> None:
        self.services = {unit.name: Service(unit) for unit in units}
        self._machines_own = {unit.name for unit in units if unit.static}
        self._environment = environment
        self._log = log
        self._call_later = call_later
        self._open_output = open_output
        self._show = show

    def find(self, name: str) -> Service:
        """The service called so, with or without ``.service``, by name or alias.

        One that has a file is as its file says at this moment.

        Raises:
            LabError: there is none, or its file is not understood.
        """
        plain = name.removesuffix(".service")
        if plain not in self._machines_own and (unit := unit_files.load(plain)) is not None:
            self.services.setdefault(plain, Service(unit)).unit = unit
        if plain in self.services:
            return self.services[plain]
        for service in self.services.values():
            if plain in service.unit.aliases:
                return service
        known = ", ".join(self.services) or "none"
        raise LabError(f"Unit {plain}.service not found.", remedy=f"There are: {known}")

    def add(self, unit: Unit) -> Service:
        """A unit of the machine's own that was not there at boot, or is there again."""
        service = self.services[unit.name] = Service(unit)
        self._machines_own.add(unit.name)
        return service

    def to_be_stopped(self) -> list[Service]:
        """What a shutdown stops, the last first; the network stays until the end."""
        others = (one for name, one in self.services.items() if name not in self._machines_own)
        return [*others][::-1]

    def forget(self, name: str) -> None:
        """A unit that has ended for good."""
        del self.services[name]

    def start(self, service: Service) -> None:
        """Start it unless it runs.

        Raises:
            LabError: the program cannot be run, or the unit is masked.
        """
        if service.running or service.state == "active":
            return
        if enablement.state(service.name) == "masked":
            raise LabError(f"Failed to start {service.name}.service: Unit is masked.")
        output = self._open_output(service)
        try:
            service.pid = os.posix_spawn(
                service.unit.argv[0],
                service.unit.argv,
                self._environment,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, output, 1),
                    (os.POSIX_SPAWN_DUP2, output, 2),
                ],
                setsid=True,
                setsigmask=[],
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
            )
        except OSError as error:
            service.become("failed", f"cannot run {service.unit.argv[0]}: {error.strerror}")
            self._log(service.name, f"{service.name}.service: {service.result}")
            self._show("FAILED", f"Failed to start {service.name}.service.")
            raise LabError(service.result) from error
        finally:
            os.close(output)
        if service.unit.oneshot:
            service.become("activating")
            self._log(service.name, f"Starting {service.name}.service...")
            self._show("", f"Starting {service.name}.service...")
        else:
            service.become("active")
            self._log(service.name, f"Started {service.name}.service.")
            self._show("OK", f"Started {service.name}.service.")

    def stop(self, service: Service, when_stopped: Callable[[], None]) -> None:
        """SIGTERM, and SIGKILL after STOP_TIMEOUT; ``when_stopped`` is called at its end."""
        if not service.running:
            service.become("inactive")
            when_stopped()
            return
        service.when_stopped.append(when_stopped)
        if service.state == "deactivating":
            return
        service.become("deactivating")
        self._log(service.name, f"Stopping {service.name}.service...")
        pid = service.pid
        os.kill(pid, signal.SIGTERM)
        self._call_later(STOP_TIMEOUT, lambda: self._kill(service, pid))

    def ended(self, pid: int, status: int) -> None:
        """A process ended (:func:`os.waitpid`); it may be none of ours."""
        for service in list(self.services.values()):
            if service.pid == pid:
                self._service_ended(service, status)

    def of_process(self, pid: int) -> str:
        """Name of the service that a process belongs to, empty where to none."""
        leaders = {service.pid: name for name, service in self.services.items() if service.pid}
        while pid > 1:
            if pid in leaders:
                return leaders[pid]
            parent, session = _parent_and_session(pid)
            if session in leaders:
                return leaders[session]
            pid = parent
        return ""

    def _service_ended(self, service: Service, status: int) -> None:
        if service.unit.kill_mode == "control-group":
            for pid in _session(service.pid):
                os.kill(pid, signal.SIGKILL)
        service.pid = 0
        code = os.waitstatus_to_exitcode(status)
        clean = code in (0, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP, -signal.SIGPIPE)
        stopped = service.state == "deactivating"
        result = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        if service.unit.oneshot and not stopped:
            self._oneshot_ended(service, "" if clean else result)
        elif clean or stopped:
            service.become("inactive", "" if clean else result)
            self._log(service.name, f"{service.name}.service: Deactivated successfully.")
        else:
            service.become("failed", result)
            self._log(service.name, f"{service.name}.service: Main process exited, {result}.")
        if stopped:
            self._log(service.name, f"Stopped {service.name}.service.")
            self._show("OK", f"Stopped {service.name}.service.")
        elif service.unit.restart == "always" or (
            service.unit.restart == "on-failure" and not clean
        ):
            self._call_later(RESTART_DELAY, lambda: self._restart(service))
        waiting, service.when_stopped = service.when_stopped, []
        for call in waiting:
            call()

    def _oneshot_ended(self, service: Service, failure: str) -> None:
        if failure:
            service.become("failed", failure)
            self._log(service.name, f"{service.name}.service: Main process exited, {failure}.")
            self._show("FAILED", f"Failed to start {service.name}.service.")
        else:
            service.become("active")
            self._log(service.name, f"Finished {service.name}.service.")
            self._show("OK", f"Finished {service.name}.service.")

    def _restart(self, service: Service) -> None:
        if self.services.get(service.name) is not service:
            return
        if service.state in ("failed", "inactive") and not service.running:
            self._log(service.name, f"{service.name}.service: Scheduled restart job.")
            try:
                self.start(service)
            except LabError:
                return  # it is in the journal and in the state

    def _kill(self, service: Service, pid: int) -> None:
        if service.pid == pid:
            self._log(
                service.name, f"{service.name}.service: State 'stop-sigterm' timed out. Killing."
            )
            os.kill(pid, signal.SIGKILL)


def _session(leader: int) -> Iterator[int]:
    """The living processes of a session."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _parent_and_session(int(entry.name))[1] == leader:
            yield int(entry.name)


def _parent_and_session(pid: int) -> tuple[int, int]:
    """From /proc/PID/stat (proc(5)); zeros for a process that is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0, 0
    # The second field is a name in parentheses that may itself hold any character.
    fields = text[text.rindex(")") + 2 :].split()
    return int(fields[1]), int(fields[3])
