"""A terminal of the instance's own, relayed to the caller's.

A program inside an instance does not get hold of the caller's terminal itself: it could leave
input there for the shell that comes after it (TIOCSTI, where the kernel allows it). It has a
pseudo-terminal of the instance's devpts, with job control, and what goes over it is copied.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_STDIN, _STDOUT = 0, 1
_COPY_BYTES = 65536


def at_terminal() -> bool:
    """Whether a person sits at both ends."""
    return os.isatty(_STDIN) and os.isatty(_STDOUT)


def open_pair() -> tuple[int, int]:
    """Both ends of a new pseudo-terminal of the size of the caller's."""
    ours, theirs = os.openpty()
    _copy_size(ours)
    return ours, theirs


def take(terminal: int) -> None:
    """In the child: make ``terminal`` the controlling one, and all three streams."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for descriptor in (0, 1, 2):
        os.dup2(terminal, descriptor)
    if terminal > 2:
        os.close(terminal)


def relay(ours: int, child: int) -> int:
    """Copy between the caller's terminal and ``ours`` until ``child`` ends; its exit code."""
    pidfd = os.pidfd_open(child)
    resized, resize = os.pipe()
    os.set_blocking(resize, False)
    signal.signal(signal.SIGWINCH, lambda _number, _frame: None)
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _end)
    signal.set_wakeup_fd(resize, warn_on_full_buffer=False)
    sources = [_STDIN, ours, resized, pidfd]
    with _raw():
        while True:
            ready = select.select(sources, [], [])[0]
            if ours in ready and not _copy(ours, _STDOUT):
                sources.remove(ours)
            if _STDIN in ready and not _copy(_STDIN, ours):
                sources.remove(_STDIN)
            if resized in ready:
                os.read(resized, 512)
                _copy_size(ours)
            if pidfd in ready:
                _drain(ours)
                return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    """Leave the caller's terminal as it was found; the child goes with this process."""
    sys.exit(128 + number)


@contextmanager
def _raw() -> Iterator[None]:
    """Every key goes to the other side, Ctrl-C among them."""
    before = termios.tcgetattr(_STDIN)
    tty.setraw(_STDIN)
    try:
        yield
    finally:
        termios.tcsetattr(_STDIN, termios.TCSADRAIN, before)


def _copy(source: int, target: int) -> bool:
    """Copy what is there; False at the end (EIO is how a pseudo-terminal says it)."""
    try:
        data = os.read(source, _COPY_BYTES)
    except OSError:
        return False
    while data:
        data = data[os.write(target, data) :]
        if not data:
            return True
    return False


def _drain(ours: int) -> None:
    """What the program printed last, and nothing that its background children may add."""
    while select.select([ours], [], [], 0)[0] and _copy(ours, _STDOUT):
        continue


def _copy_size(terminal: int) -> None:
    size = fcntl.ioctl(_STDIN, termios.TIOCGWINSZ, bytes(8))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
