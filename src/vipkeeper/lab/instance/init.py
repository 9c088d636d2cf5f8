"""PID 1 of an instance.

It reaps, runs the services, configures the network, lets cloud-init do its part, takes what
comes to /dev/log, and does what ``systemctl``, ``service`` and ``shutdown`` (:mod:`.fronts`) ask
for (:mod:`.requests`).

Signals, as the cloud and the DHCP client use them: SIGTERM is ``shutdown -h now``, SIGINT is
``reboot``, SIGUSR1 says that an interface was configured.
"""

from __future__ import annotations

import functools
import os
import signal
import socket
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from vipkeeper.errors import LabError
from vipkeeper.lab import messages
from vipkeeper.lab.instance import cloud_init, console, enablement, journal, unit_files
from vipkeeper.lab.instance.lines import Lines
from vipkeeper.lab.instance.links import Links
from vipkeeper.lab.instance.loop import Loop
from vipkeeper.lab.instance.order import BootOrder, Unit
from vipkeeper.lab.instance.requests import Requests
from vipkeeper.lab.instance.services import Service, Supervisor
from vipkeeper.lab.instance.shutdown import EXIT_HALT, EXIT_REBOOT, SHUTDOWN_TIMEOUT
from vipkeeper.lab.isolation import ENVIRONMENT

DEV_LOG = "/dev/log"

NETWORK_TIMEOUT = 10.0
"""Seconds to wait for an address before the services start without, as network-online does."""

_CREDENTIALS = struct.Struct("3i")  # struct ucred
_SCM_CREDENTIALS = 2


class Init:
    """Everything that an instance's first process serves.

    Args:
        cloud: where the cloud hears that the instance runs, and says what becomes of its links.
    """

    def __init__(self, order: BootOrder, cloud: socket.socket) -> None:
        self._order = order
        self._cloud = cloud
        self._loop = Loop()
        self._journal = journal.Writer()
        self._console = console.Console(order.console)
        self._exit_code: int | None = None
        self._online = False
        environment = {
            key: value for key, value in ENVIRONMENT.items() if not key.startswith("PYTHON")
        }
        self._supervisor = Supervisor(
            (*(cloud_init.STAGES if order.cloud_init else ()), *order.units),
            environment=environment,
            log=self.log,
            call_later=self._loop.call_later,
            open_output=self._open_output,
            show=self._console.status,
        )
        self._links = Links(order.interfaces, self._supervisor)
        self._requests = Requests(self._loop, self._supervisor, self.shut_down)

    def run(self) -> NoReturn:
        self._console.greet()
        self._loop.take_signals(
            {
                signal.SIGCHLD: self._reap,
                signal.SIGTERM: lambda: self.shut_down(False),
                signal.SIGINT: lambda: self.shut_down(True),
                signal.SIGUSR1: self._look_at_network,
            }
        )
        self._listen()
        self._links.bring_up()
        self.log("", f"Hostname set to <{self._order.hostname}>.")
        self._loop.call_later(NETWORK_TIMEOUT, self._begin)
        self._look_at_network()
        self._loop.run()

    def log(self, unit: str, text: str) -> None:
        """What init itself has to say about a unit; systemd's name is what people grep for."""
        self._journal.write(
            journal.Entry(journal.now_us(), unit, "systemd", 1, journal.DAEMON_NOTICE, text)
        )

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._supervisor.ended(pid, status)

    # boot

    def _look_at_network(self) -> None:
        if not self._online and self._links.configured:
            self._begin()

    def _begin(self) -> None:
        """The network is there, or will not come: cloud-init and the services may start.

        To the cloud the machine runs from the moment it is on the network and, where nobody
        has given it user data, its services were started; what user data does takes its time.
        """
        if self._online or self._exit_code is not None:
            return
        self._online = True
        configured = self._links.configured
        self._console.status("OK" if configured else "FAILED", "Reached target network-online.")
        if self._order.cloud_init is None:
            self._start_services()
            self._ask_for_login()
            self._say_running(configured)
            return
        self._say_running(configured)
        self._run_stages(cloud_init.BEFORE_SERVICES, self._go_on_with_services)

    def _say_running(self, configured: bool) -> None:
        messages.send(self._cloud, {"running": True, "network": configured})
        self._loop.watch(self._cloud, self._told)

    def _start_services(self) -> None:
        names = [unit.name for unit in self._order.units]
        for name in (*names, *(name for name in unit_files.names() if name not in names)):
            if enablement.state(name) == "enabled":
                try:
                    self._supervisor.start(self._supervisor.find(name))
                except LabError as error:  # the machine runs without
                    self.log(name, error.message)

    def _go_on_with_services(self) -> None:
        self._start_services()
        self._run_stages(cloud_init.AFTER_SERVICES, self._ask_for_login)

    def _run_stages(self, stages: Sequence[Unit], then: Callable[[], None]) -> None:
        """One stage of cloud-init after the other; a failed one does not keep the next back."""
        if self._exit_code is not None:
            return
        if not stages:
            then()
            return
        stage, *later = stages
        service = self._supervisor.services[stage.name]
        go_on = functools.partial(self._run_stages, later, then)
        try:
            self._supervisor.start(service)
        except LabError:  # it is in the journal
            go_on()
        else:
            service.when_stopped.append(go_on)

    def _ask_for_login(self) -> None:
        self._console.ask_for_login(self._order.hostname)

    # shutdown

    def shut_down(self, reboot: bool) -> None:
        """Stop the services, the last first; when all are down, end."""
        if self._exit_code is not None:
            return
        self._exit_code = EXIT_REBOOT if reboot else EXIT_HALT
        self.log("", "Reached target shutdown.target.")
        messages.send(self._cloud, {"stopping": True})
        services = self._supervisor.to_be_stopped()
        left = {service.name for service in services}
        self._loop.call_later(SHUTDOWN_TIMEOUT, self._end)

        def stopped(name: str) -> None:
            left.discard(name)
            if not left:
                self._loop.call_later(0, self._end)

        for service in services:
            self._supervisor.stop(service, functools.partial(stopped, service.name))
        if not left:
            self._loop.call_later(0, self._end)

    def _end(self) -> NoReturn:
        rebooting = self._exit_code == EXIT_REBOOT
        self._console.status("OK", f"Reached target {'reboot' if rebooting else 'poweroff'}.target")
        # With PID 1 the kernel ends all else (pid_namespaces(7)).
        os._exit(self._exit_code or 0)

    # the cloud

    def _told(self) -> None:
        """The cloud plugs a link in or out, and hears what became of it."""
        received = messages.receive(self._cloud)
        if received is None:  # it is gone, and all here with it in a moment
            self._loop.unwatch(self._cloud)
            return
        message = received[0]
        try:
            answer: dict[str, Any] = {"link": message["link"], "name": self._links.obey(message)}
        except (LabError, KeyError, TypeError, ValueError) as error:
            answer = {"link": "failed", **messages.failure(error)}
        messages.send(self._cloud, {**answer, "number": message.get("number")})

    # what services print, and what is logged

    def _open_output(self, service: Service) -> int:
        """A pipe to the journal; the end for the service."""
        readable, writable = os.pipe()
        os.set_blocking(readable, False)
        stream = os.fdopen(readable, "rb", buffering=0)
        lines = Lines()
        tag = Path(service.unit.shown[0]).name

        def read() -> None:
            data = stream.read(65536)
            if data is None:
                return
            for text in lines.feed(data) if data else lines.end():
                now, priority = journal.now_us(), journal.DAEMON_NOTICE
                self._journal.write(
                    journal.Entry(now, service.name, tag, service.pid, priority, text)
                )
                if service.unit.to_console:
                    self._console.write(f"{text}\n")
            if not data:
                self._loop.unwatch(stream)
                stream.close()

        self._loop.watch(stream, read)
        return writable

    def _listen(self) -> None:
        self._log_socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._log_socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._log_socket.bind(DEV_LOG)
        Path(DEV_LOG).chmod(0o666)
        self._loop.watch(self._log_socket, self._logged)
        device = console.Device(self._console)
        self._loop.watch(device, device.pass_on)
        self._requests.listen()

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
