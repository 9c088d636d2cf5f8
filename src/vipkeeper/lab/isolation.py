"""Start a program as PID 1 of namespaces of its own, a user namespace among them.

The cloud is started so by the doorkeeper, and each instance by the cloud.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from vipkeeper.errors import LabError
from vipkeeper.lab import house, messages
from vipkeeper.linux import namespaces

ENVIRONMENT = {
    "PATH": f"{house.HOME}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PYTHONPATH": str(house.LIBRARY),
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""Of the lab's own processes."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run.

    Attributes:
        stdin: descriptor of its standard input.
        inherit: descriptors that it keeps under their numbers.
    """

    argv: Sequence[str]
    stdin: int
    inherit: Sequence[int] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: ENVIRONMENT)


def python(sources: house.Sources, module: str) -> list[str]:
    """The command that runs a module of this package within the house (no site, no cwd)."""
    return [str(sources.interpreter), "-S", "-P", "-m", module]


def in_memory(data: bytes) -> int:
    """A descriptor to read ``data`` from, without a file."""
    descriptor = os.memfd_create("order", os.MFD_CLOEXEC)
    with os.fdopen(os.dup(descriptor), "wb") as stream:
        stream.write(data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def spawn(
    program: Program,
    ids: namespaces.IdMap,
    *,
    outside: Callable[[], None] | None = None,
    inside: Callable[[], None] | None = None,
) -> int:
    """Start ``program`` and return its PID as this process sees it.

    A new PID namespace is for the children of who asked for it, so that a process stands
    between for a moment; whoever calls must adopt orphans or be a PID 1 itself.

    Args:
        outside: done with the caller's ids, in a mount namespace of the new process.
        inside: done as root of the new user namespace, before the program starts.
    """
    ours, theirs = messages.pair()
    between = os.fork()
    if between == 0:
        ours.close()
        try:
            _cross(program, theirs, outside, inside)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the parent reports it
            messages.send(theirs, messages.failure(error))
        finally:
            os._exit(1)
    theirs.close()
    with ours:
        try:
            _expect(ours, "unshared")
            namespaces.write_id_maps(between, ids)
            messages.send(ours, {"mapped": True})
            pid = int(_expect(ours, "pid"))
            received = messages.receive(ours)  # nothing, if the program could be started
            if received is not None:
                messages.raise_failure(received[0])
        finally:
            os.waitpid(between, 0)
    return pid


def _cross(
    program: Program,
    parent: Any,
    outside: Callable[[], None] | None,
    inside: Callable[[], None] | None,
) -> NoReturn:
    if outside is not None:
        namespaces.unshare(namespaces.NEW_MOUNTS)
        outside()
    namespaces.unshare(namespaces.NEW_USER)
    messages.send(parent, {"unshared": True})
    if messages.receive(parent) is None:
        os._exit(1)
    namespaces.become_root()
    namespaces.unshare(namespaces.EVERYTHING_BUT_USER)
    if inside is not None:
        inside()
    pid = os.fork()
    if pid != 0:
        messages.send(parent, {"pid": pid})
        os._exit(0)
    os.setsid()
    os.dup2(program.stdin, 0)
    for descriptor in program.inherit:
        os.set_inheritable(descriptor, True)
    os.execve(program.argv[0], list(program.argv), dict(program.environment))  # noqa: S606


def _expect(connection: Any, key: str) -> Any:
    received = messages.receive(connection)
    if received is None:
        raise LabError("a process ended before its namespaces were made")
    messages.raise_failure(received[0])
    return received[0][key]
