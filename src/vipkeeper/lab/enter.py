"""Run a program inside an instance.

``python -m vipkeeper.lab.enter PIDFD [KEY=VALUE...] -- ARGV``

PIDFD is of the instance's init, from the lab. Who owns the lab may enter its namespaces; the
program has the caller's standard streams, and its end is this process's end, by the same exit
code or signal. It dies with this process.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from vipkeeper.errors import VipkeeperError
from vipkeeper.lab import terminal
from vipkeeper.linux import namespaces, seccomp

_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1)
_NOT_FOUND = 127
_NOT_EXECUTABLE = 126


def main() -> NoReturn:
    pidfd = int(sys.argv[1])
    split = sys.argv.index("--")
    environment = dict(item.split("=", 1) for item in sys.argv[2:split])
    argv = sys.argv[split + 1 :]
    # From here to exec a process of ours can be seen in the instance, whose root must not be
    # able to look into it.
    namespaces.hide_from_tracers()
    ourselves = os.pidfd_open(os.getpid())
    signals = {signal.SIGCHLD, *_PASSED_ON}
    if not terminal.at_terminal():
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        namespaces.enter(pidfd, namespaces.NEW_USER | namespaces.EVERYTHING_BUT_USER)
        if namespaces.become_root():
            seccomp.pretend_setgroups()
    except VipkeeperError as error:
        print(f"vipkeeper: {error}", file=sys.stderr)  # noqa: T201 -- a program of its own
        sys.exit(error.exit_code)
    if terminal.at_terminal():
        ours, theirs = terminal.open_pair()
        child = _fork(argv, environment, ourselves, lambda: terminal.take(theirs))
        os.close(theirs)
        code = terminal.relay(ours, child)
        os._exit(code if code >= 0 else 128 - code)

    def leave_terminal() -> None:
        # A session of its own has no controlling terminal that input could be pushed into, and
        # gets no signals from one: they come by way of this process.
        os.setsid()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

    _wait(_fork(argv, environment, ourselves, leave_terminal), signals)


def _fork(
    argv: list[str], environment: dict[str, str], parent: int, prepare: Callable[[], object]
) -> int:
    """Start the program in the PID namespace that was entered."""
    child = os.fork()
    if child == 0:
        namespaces.die_with_parent(signal.SIGKILL)
        if select.select([parent], [], [], 0)[0]:
            os._exit(1)  # the parent was gone before that was in force
        prepare()
        _execute(argv, environment)
    return child


def _execute(argv: list[str], environment: dict[str, str]) -> NoReturn:
    home = Path(environment.get("HOME", "/"))
    os.chdir(home if home.is_dir() else "/")
    try:
        os.execvpe(argv[0], argv, environment)  # noqa: S606 -- that is its purpose
    except OSError as error:
        print(f"vipkeeper: {argv[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201
        os._exit(_NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE)


def _wait(child: int, signals: set[signal.Signals]) -> NoReturn:
    """Pass signals on until the child ends, then end in the same way."""
    while True:
        number = signal.sigwait(signals)
        if number != signal.SIGCHLD:
            os.kill(child, number)
            continue
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid == 0:
            continue
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            os._exit(code)
        signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
        os.kill(os.getpid(), -code)
        os._exit(128 - code)  # what a shell says, for a signal that did not end us


if __name__ == "__main__":
    main()
