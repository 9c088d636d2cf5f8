"""PID 1 of an instance.

It reaps, runs the services, configures the network, takes what comes to /dev/log, and does
what ``systemctl``, ``service`` and ``shutdown`` (:mod:`.fronts`) ask for on /run/init.sock.

Signals, as the cloud and the DHCP client use them: SIGTERM is ``shutdown -h now``, SIGINT is
``reboot``, SIGUSR1 says that an interface was configured.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import os
import selectors
import signal
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from vipkeeper.errors import LabError
from vipkeeper.lab import messages
from vipkeeper.lab.instance import control, journal, network
from vipkeeper.lab.instance.lines import Lines
from vipkeeper.lab.instance.order import BootOrder
from vipkeeper.lab.instance.services import Service, Supervisor
from vipkeeper.lab.isolation import ENVIRONMENT

DEV_LOG = "/dev/log"

EXIT_HALT = 0
EXIT_REBOOT = 64

NETWORK_TIMEOUT = 10.0
"""Seconds to wait for an address before the services start without, as network-online does."""

SHUTDOWN_TIMEOUT = 8.0
"""Seconds until a shutdown stops waiting for services."""

_CREDENTIALS = struct.Struct("3i")  # struct ucred
_SCM_CREDENTIALS = 2
_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


class Init:
    """The loop and everything it serves.

    Args:
        cloud: where the cloud hears that the instance runs.
    """

    def __init__(self, order: BootOrder, cloud: socket.socket) -> None:
        self._order = order
        self._cloud = cloud
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timer_numbers = itertools.count()
        self._journal = journal.Writer()
        self._exit_code: int | None = None
        self._online = False
        environment = {
            key: value for key, value in ENVIRONMENT.items() if not key.startswith("PYTHON")
        }
        self._supervisor = Supervisor(
            (*network.units(order.interfaces), *order.units),
            environment=environment,
            log=self.log,
            call_later=self.call_later,
            open_output=self._open_output,
        )

    def run(self) -> NoReturn:
        self._take_signals()
        self._listen()
        network.bring_up(self._order.interfaces)
        self.log("", f"Hostname set to <{self._order.hostname}>.")
        for service in self._network_services():
            self._supervisor.start(service)
        self.call_later(NETWORK_TIMEOUT, self._start_services)
        self._look_at_network()
        while True:
            for key, _ in self._selector.select(self._until_next_timer()):
                key.data()
            self._run_timers()

    # what the loop is made of

    def call_later(self, seconds: float, call: Callable[[], None]) -> None:
        entry = (time.monotonic() + seconds, next(self._timer_numbers), call)
        heapq.heappush(self._timers, entry)

    def log(self, unit: str, text: str) -> None:
        """What init itself has to say about a unit; systemd's name is what people grep for."""
        self._journal.write(
            journal.Entry(journal.now_us(), unit, "systemd", 1, journal.DAEMON_NOTICE, text)
        )

    def _until_next_timer(self) -> float | None:
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _run_timers(self) -> None:
        while self._timers and self._timers[0][0] <= time.monotonic():
            heapq.heappop(self._timers)[2]()

    def _watch(self, source: Any, call: Callable[[], None]) -> None:
        self._selector.register(source, selectors.EVENT_READ, call)

    # signals

    def _take_signals(self) -> None:
        inner, outer = socket.socketpair()
        for end in (inner, outer):
            end.setblocking(False)
        signal.set_wakeup_fd(outer.fileno(), warn_on_full_buffer=False)
        self._wakeup = (inner, outer)
        for number in _SIGNALS:
            signal.signal(number, lambda _number, _frame: None)
        self._watch(inner, self._signalled)

    def _signalled(self) -> None:
        for number in set(self._wakeup[0].recv(4096)):
            if number == signal.SIGCHLD:
                self._reap()
            elif number == signal.SIGTERM:
                self.shut_down(EXIT_HALT)
            elif number == signal.SIGINT:
                self.shut_down(EXIT_REBOOT)
            elif number == signal.SIGUSR1:
                self._look_at_network()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._supervisor.ended(pid, status)

    # boot and shutdown

    def _network_services(self) -> list[Service]:
        names = {unit.name for unit in network.units(self._order.interfaces)}
        return [self._supervisor.services[name] for name in names]

    def _look_at_network(self) -> None:
        if network.configured(self._order.interfaces):
            self._start_services()

    def _start_services(self) -> None:
        if self._online or self._exit_code is not None:
            return
        self._online = True
        for unit in self._order.units:
            if unit.autostart:
                try:
                    self._supervisor.start(self._supervisor.services[unit.name])
                except LabError:
                    continue  # it is in the journal, and the machine runs without
        configured = network.configured(self._order.interfaces)
        messages.send(self._cloud, {"running": True, "network": configured})

    def shut_down(self, exit_code: int) -> None:
        """Stop the services, the last first; when all are down, end with ``exit_code``."""
        if self._exit_code is not None:
            return
        self._exit_code = exit_code
        self.log("", "Reached target shutdown.target.")
        messages.send(self._cloud, {"stopping": True})
        left = {unit.name for unit in self._order.units}
        self.call_later(SHUTDOWN_TIMEOUT, self._end)

        def stopped(name: str) -> None:
            left.discard(name)
            if not left:
                self.call_later(0, self._end)

        for unit in reversed(self._order.units):
            service = self._supervisor.services[unit.name]
            self._supervisor.stop(service, functools.partial(stopped, unit.name))
        if not left:
            self.call_later(0, self._end)

    def _end(self) -> NoReturn:
        # With PID 1 the kernel ends all else (pid_namespaces(7)).
        os._exit(self._exit_code or 0)

    # what services print

    def _open_output(self, service: Service) -> int:
        """A pipe to the journal; the end for the service."""
        readable, writable = os.pipe()
        os.set_blocking(readable, False)
        stream = os.fdopen(readable, "rb", buffering=0)
        lines = Lines()
        tag = Path(service.unit.argv[0]).name

        def read() -> None:
            data = stream.read(65536)
            if data is None:
                return
            for text in lines.feed(data) if data else lines.end():
                now, priority = journal.now_us(), journal.DAEMON_NOTICE
                self._journal.write(
                    journal.Entry(now, service.name, tag, service.pid, priority, text)
                )
            if not data:
                self._selector.unregister(stream)
                stream.close()

        self._watch(stream, read)
        return writable

    # sockets

    def _listen(self) -> None:
        self._log_socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._log_socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._log_socket.bind(DEV_LOG)
        Path(DEV_LOG).chmod(0o666)
        self._watch(self._log_socket, self._logged)
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.bind(control.SOCKET)
        self._control.listen(16)
        self._watch(self._control, self._called)

    def _logged(self) -> None:
        data, ancillary, _, _ = self._log_socket.recvmsg(
            journal.MAX_MESSAGE_CHARACTERS, socket.CMSG_SPACE(_CREDENTIALS.size)
        )
        pid = 0
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, _SCM_CREDENTIALS):
                pid = _CREDENTIALS.unpack(content[: _CREDENTIALS.size])[0]
        unit = self._supervisor.of_process(pid)
        self._journal.write(journal.parse_datagram(data, unit=unit, pid=pid))

    def _called(self) -> None:
        connection, _ = self._control.accept()

        def serve() -> None:
            self._selector.unregister(connection)
            try:
                received = messages.receive(connection)
                if received is None:
                    connection.close()
                    return
                self._answer(connection, received[0])
            except (LabError, KeyError, TypeError) as error:
                _reply(connection, messages.failure(error))

        self._watch(connection, serve)

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
            self.shut_down(EXIT_REBOOT if what == "reboot" else EXIT_HALT)
            done()
            return
        service = self._supervisor.find(request["unit"])
        if what == "status":
            _reply(connection, {"service": service.description()})
        elif what == "start":
            self._supervisor.start(service)
            done()
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
        else:
            _reply(connection, {"ok": True})


def _reply(connection: socket.socket, message: messages.Message) -> None:
    """Answer and hang up; who asked may be gone."""
    with connection:
        try:
            messages.send(connection, message)
        except OSError:
            return
