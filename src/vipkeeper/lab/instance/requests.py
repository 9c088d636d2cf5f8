"""What is asked of init on /run/init.sock (:mod:`.control`), and its answers."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from typing import Any

from vipkeeper.errors import LabError
from vipkeeper.lab import messages
from vipkeeper.lab.instance import control
from vipkeeper.lab.instance.loop import Loop
from vipkeeper.lab.instance.services import Service, Supervisor


class Requests:
    """Serves ``systemctl``, ``service`` and ``shutdown`` (:mod:`.fronts`).

    Args:
        shut_down: begins a shutdown, with whether the machine is to boot again.
    """

    def __init__(
        self, loop: Loop, supervisor: Supervisor, shut_down: Callable[[bool], None]
    ) -> None:
        self._loop = loop
        self._supervisor = supervisor
        self._shut_down = shut_down

    def listen(self) -> None:
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.bind(control.SOCKET)
        self._control.listen(16)
        self._loop.watch(self._control, self._called)

    def _called(self) -> None:
        connection, _ = self._control.accept()

        def serve() -> None:
            self._loop.unwatch(connection)
            try:
                received = messages.receive(connection)
                if received is None:
                    connection.close()
                    return
                self._answer(connection, received[0])
            except (LabError, KeyError, TypeError) as error:
                _reply(connection, messages.failure(error))

        self._loop.watch(connection, serve)

    def _answer(self, connection: socket.socket, request: dict[str, Any]) -> None:
        def done() -> None:
            _reply(connection, {"ok": True})

        what = request["do"]
        if what == "list":
            every = [service.description() for service in self._supervisor.services.values()]
            _reply(connection, {"services": every})
            return
        if what in ("halt", "reboot"):
            # Before the answer, so that who then asks the cloud finds the machine stopping.
            self._shut_down(what == "reboot")
            done()
            return
        service = self._supervisor.find(request["unit"])
        if what == "status":
            _reply(connection, {"service": service.description()})
        elif what == "start":
            self._start_and_reply(service, connection)
        elif what == "stop":
            self._supervisor.stop(service, done)
        elif what == "restart":
            self._supervisor.stop(service, lambda: self._start_and_reply(service, connection))
        elif what == "reload":
            if not service.running:
                raise LabError(f"{service.name}.service is not active, cannot reload.")
            os.kill(service.pid, signal.SIGHUP)
            done()
        else:
            raise LabError(f"init cannot {what!r}")

    def _start_and_reply(self, service: Service, connection: socket.socket) -> None:
        try:
            self._supervisor.start(service)
        except LabError as error:
            _reply(connection, messages.failure(error))
            return

        def answer() -> None:
            if service.state == "failed":
                failed = LabError(f"Job for {service.name}.service failed: {service.result}.")
                _reply(connection, messages.failure(failed))
            else:
                _reply(connection, {"ok": True})

        if service.state == "activating":  # who starts a oneshot unit waits for its end
            service.when_stopped.append(answer)
        else:
            answer()


def _reply(connection: socket.socket, message: messages.Message) -> None:
    """Answer and hang up; who asked may be gone."""
    with connection:
        try:
            messages.send(connection, message)
        except OSError:
            return
