"""The interface to a lab: start one, connect to one, and make things happen in it."""

from __future__ import annotations

import os
import re
import secrets
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vipkeeper.errors import LabError, UsageError
from vipkeeper.lab import launch, messages
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.house import HOME, Sources
from vipkeeper.lab.order import Order
from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.programs import SYSTEM_PATH, check_programs
from vipkeeper.lab.security_groups import SecurityGroupRule
from vipkeeper.lab.spec import CloudSpec

DEFAULT_NAME = "lab"

_POLL_INTERVAL = 0.05  # seconds between two looks at who holds the virtual IP


class Lab:
    """A running lab, by its name.

    Any number of these may be connected to one lab, in any number of processes; each method
    opens a connection of its own.
    """

    def __init__(self, name: str, user: int, owner: socket.socket | None = None) -> None:
        self.name = name
        self._user = user
        self._owner = owner

    @classmethod
    def up(
        cls,
        spec: CloudSpec,
        *,
        name: str = DEFAULT_NAME,
        bare: bool = False,
        owned: bool = False,
        api_port: int = 0,
        archive: bytes | None = None,
        back_end: BackEnd = BackEnd.LINUXBRIDGE,
    ) -> Lab:
        """Start a lab; returns when its processes run.

        Whatever ends this call early, Ctrl-C among it, leaves nothing behind. An ``owned`` lab
        ends with this process too, even when that is killed.

        Args:
            api_port: where its APIs listen on 127.0.0.1; 0 is any free port, see :meth:`status`.
            archive: go on with the lab that :meth:`archive` made this of; ``spec`` is the cloud
                that it once began with.

        Raises:
            LabError: one of that name runs already, or it could not be built.
            MissingProgramError: something is not installed.
        """
        _check_name(name)
        check_programs(spec)
        sources = Sources.of_this_process()
        if os.geteuid() == 0:
            sources.check_readable_by_others()
        order = Order(
            name,
            spec,
            sources,
            bare,
            owned,
            api_port,
            archive=archive,
            back_end=back_end,
            passwords=_new_passwords(),
        )
        report, theirs = messages.pair()
        with report:
            try:
                launch.start_doorkeeper(order, theirs)
                received = messages.receive(report)
                if received is None:
                    raise LabError("the lab ended while it was built")
                messages.raise_failure(received[0])
            except BaseException:
                report.shutdown(socket.SHUT_WR)  # nobody waits for this lab any longer
                while messages.receive(report) is not None:
                    continue
                raise
            # The doorkeeper ends with the last descriptor of an owner's end.
            owner = report.dup() if owned else None
        return cls(name, os.geteuid(), owner)

    @classmethod
    def connect(cls, name: str = DEFAULT_NAME) -> Lab:
        """A lab that runs already.

        Raises:
            LabError: none of that name does.
        """
        lab = cls(name, os.geteuid())
        lab._connect().close()
        return lab

    @staticmethod
    def names() -> list[str]:
        """The names of this user's running labs."""
        prefix = messages.socket_name(os.geteuid(), "").decode().replace("\0", "@")
        lines = Path("/proc/net/unix").read_text().splitlines()
        paths = (line.split()[-1] for line in lines)
        return sorted({path.removeprefix(prefix) for path in paths if path.startswith(prefix)})

    def enter_command(
        self, pidfd: int, argv: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> tuple[list[str], dict[str, str]]:
        """The command and its environment that run ``argv`` inside an instance.

        Args:
            pidfd: of the instance's init, to be inherited.
            environment: added to that of the program inside.
        """
        values = {
            "PATH": f"{HOME}/bin:{SYSTEM_PATH}",
            "HOME": "/root",
            "USER": "root",
            "LOGNAME": "root",
            "LANG": "C.UTF-8",
            "TERM": os.environ.get("TERM", "dumb"),
            **(environment or {}),
        }
        pairs = [f"{key}={value}" for key, value in values.items()]
        command = launch.python("vipkeeper.lab.enter", str(pidfd), *pairs, "--", *argv)
        return command, launch.ENVIRONMENT

    def open_pidfd(self, instance: str) -> int:
        """The pidfd of an instance's init; the caller closes it."""
        _, descriptors = self._ask({"do": "enter", "instance": instance})
        return descriptors[0]

    def popen(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        **popen_arguments: Any,
    ) -> subprocess.Popen[Any]:
        """Start a program inside an instance; ``env`` is added to its environment there.

        The process is a stand-in that ends as the program ends, passes signals on to it, and
        takes it along when killed.
        """
        pidfd = self.open_pidfd(instance)
        command, environment = self.enter_command(pidfd, argv, env)
        try:
            return subprocess.Popen(
                command,
                pass_fds=[pidfd, *popen_arguments.pop("pass_fds", ())],
                env=environment,
                **popen_arguments,
            )
        finally:
            os.close(pidfd)

    def run(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        timeout: float | None = 10.0,
        input: str | None = None,
        check: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program inside an instance to its end, and return what it printed.

        Raises:
            subprocess.TimeoutExpired: it took more than ``timeout`` seconds, and was killed.
            subprocess.CalledProcessError: it failed, and ``check`` is set.
        """
        with self.popen(
            instance,
            argv,
            stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                output, errors = process.communicate(input, timeout=timeout)
            except BaseException:
                process.kill()
                raise
        ended = subprocess.CompletedProcess(list(argv), process.returncode, output, errors)
        if check:
            ended.check_returncode()
        return ended

    # In what follows an instance is its name, or its id where several have that name.

    def start(self, instance: str) -> None:
        """Boot an instance again; /etc and /var are as they were left."""
        self._ask({"do": "start", "instance": instance})

    def stop(self, instance: str) -> None:
        """A clean shutdown: SIGTERM to the services, and what stays is killed."""
        self._ask({"do": "stop", "instance": instance})

    def poweroff(self, instance: str) -> None:
        """Cut it from the wire, then kill it: nothing says goodbye."""
        self._ask({"do": "poweroff", "instance": instance})

    def reboot(self, instance: str, *, hard: bool = False) -> None:
        """Shut it down and boot it; with ``hard`` it is powered off instead."""
        self._ask({"do": "reboot", "instance": instance, "hard": hard})

    def console(self, instance: str, lines: int | None = None) -> str:
        """What is on its console, or the last ``lines`` of it."""
        request = {"do": "console", "instance": instance, "lines": lines}
        text: str = self._ask(request)[0]["console"]
        return text

    def attach_port(self, instance: str, port: str) -> None:
        """Plug a port into an instance; if it runs, as its first free link."""
        self._ask({"do": "attach_port", "instance": instance, "port": port})

    def detach_port(self, instance: str, port: str) -> None:
        """Pull a port out of an instance."""
        self._ask({"do": "detach_port", "instance": instance, "port": port})

    def instances(self) -> dict[str, str]:
        """The state of each instance, by id: stopped, booting, running, stopping or failed."""
        return {one["id"]: one["state"] for one in self.status()["instances"]}

    def archive(self) -> bytes:
        """The whole lab in one piece, for :meth:`up`. Its instances are shut down for that."""
        _, descriptors = self._ask({"do": "archive"})
        with os.fdopen(descriptors[0], "rb") as stream:
            return stream.read()

    def down(self) -> None:
        """End the lab; returns when nothing of it is left."""
        with self._connect() as connection:
            doorkeeper = _peer(connection)
            pidfd = os.pidfd_open(doorkeeper)
            try:
                messages.send(connection, {"do": "down"})
                messages.receive(connection)
                select.select([pidfd], [], [])
            finally:
                os.close(pidfd)
        self.close()

    def close(self) -> None:
        """Let go of an owned lab, which is its end; any other stays."""
        if self._owner is not None:
            self._owner.close()

    def status(self) -> dict[str, Any]:
        """What there is and who holds what, as plain data."""
        status: dict[str, Any] = self._ask({"do": "status"})[0]["status"]
        return status

    def credentials(self) -> dict[str, Any]:
        """``url`` of the OpenStack APIs, and ``passwords`` of their users by name."""
        return self._ask({"do": "credentials"})[0]

    def drops(self) -> list[dict[str, Any]]:
        """What port security dropped: port, instance, reason, packets, bytes."""
        counts: list[dict[str, Any]] = self._ask({"do": "drops"})[0]["drops"]
        return counts

    def update_port(
        self,
        port: str,
        *,
        allowed_address_pairs: Iterable[AddressPair] | None = None,
        port_security_enabled: bool | None = None,
        security_groups: Iterable[str] | None = None,
    ) -> None:
        """Change a port as ``openstack port set`` would; what is None stays as it is."""
        changes: dict[str, Any] = {}
        if allowed_address_pairs is not None:
            changes["allowed_address_pairs"] = [asdict(pair) for pair in allowed_address_pairs]
        if port_security_enabled is not None:
            changes["port_security_enabled"] = port_security_enabled
        if security_groups is not None:
            changes["security_groups"] = list(security_groups)
        self._ask({"do": "update_port", "port": port, "changes": changes})

    def update_security_group(self, name: str, rules: Iterable[SecurityGroupRule]) -> None:
        """Replace a group's rules, or make a new group."""
        plain = [asdict(rule) for rule in rules]
        self._ask({"do": "update_security_group", "name": name, "rules": plain})

    def holders(self, address: str) -> list[str]:
        """The instances that have an address on one of their links at this moment."""
        return [
            instance["name"]
            for instance in self.status()["instances"]
            if address in instance["addresses"]
        ]

    def wait_for_vip(self, *, timeout: float, steady: float = 0.0) -> None:
        """Wait until each virtual IP is held by an instance.

        Args:
            steady: seconds for which it must be the same instances: of two that boot at the
                same time the one that is ready first may have it for a moment.

        Raises:
            LabError: not within ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        holders: dict[str, list[str]] = {}
        since = time.monotonic()
        while True:
            status = self.status()
            before, holders = (
                holders,
                {one["id"]: one["virtual_ips"] for one in status["instances"]},
            )
            since = since if holders == before else time.monotonic()
            held = {address for addresses in holders.values() for address in addresses}
            missing = [address for address in status["virtual_ips"] if address not in held]
            now = time.monotonic()
            if not missing and (now - since >= steady or now > deadline):
                return
            if now > deadline:
                raise LabError(
                    f"no instance holds {', '.join(missing)} after {timeout:g} s",
                    remedy="look at why: vipkeeper lab exec INSTANCE -- journalctl -u keepalived",
                )
            time.sleep(_POLL_INTERVAL)

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.connect(messages.socket_name(self._user, self.name))
        except ConnectionRefusedError as error:
            connection.close()
            running = ", ".join(self.names())
            raise LabError(
                f"no lab named {self.name!r} is running",
                remedy=f"running: {running}" if running else "start one: vipkeeper lab up",
            ) from error
        return connection

    def _ask(self, request: messages.Message) -> tuple[dict[str, Any], list[int]]:
        with self._connect() as connection:
            try:
                messages.send(connection, request)
                received = messages.receive(connection)
            except ConnectionError:
                received = None
        if received is None:
            raise LabError(f"the lab {self.name!r} ended before it answered")
        messages.raise_failure(received[0])
        return received


def _peer(connection: socket.socket) -> int:
    """PID of the process that listens at the other end."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(raw[:4], sys.byteorder)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}", name):
        raise UsageError(
            f"{name!r} is not a valid name of a lab",
            remedy="use up to 32 letters, digits, '.', '_' and '-', a letter or digit first",
        )


def _new_passwords() -> dict[str, str]:
    """One for each user of the APIs: their port is open to everybody on this machine."""
    return {name: secrets.token_urlsafe(12) for name in ("lab", "admin")}
