"""Starting the whole daemon again from the one of its two processes that is left."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import asdict, dataclass
from typing import NoReturn

from vipkeeper.daemon.settings import Plain
from vipkeeper.linux import scheduling


@dataclass(frozen=True, slots=True)
class Invocation:
    """How the daemon was started.

    Attributes:
        arguments: of its command line.
        directory: where it was started, for the relative paths among them.
    """

    arguments: tuple[str, ...]
    directory: str

    def to_plain(self) -> Plain:
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Plain) -> Invocation:
        return cls(tuple(plain["arguments"]), plain["directory"])


def is_wanted() -> bool:
    """Whether nobody else starts the daemon again.

    A service manager that waits for a word from us does so itself, or does not want to (systemd's
    Restart=): a daemon beside the one that it knows of would only be in its way.
    """
    return "NOTIFY_SOCKET" not in os.environ


def start_again(invocation: Invocation) -> NoReturn:
    """Become the daemon, as if it were started now: this process is its keeper then."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) is signal.SIG_IGN and number != signal.SIGPIPE:
            signal.signal(number, signal.SIG_DFL)  # what is ignored stays ignored across exec
    scheduling.leave_realtime()
    scheduling.outlive_parent()
    os.chdir(invocation.directory)
    argv = [sys.executable, "-P", "-m", "vipkeeper.daemon.main", *invocation.arguments]
    os.execv(sys.executable, argv)  # noqa: S606 it is our own command line, as it was given
