"""The notify commands of keepalived.conf, run one after the other.

keepalived starts them all at once, so that the script of an old state may end after that of the
new one. Here they wait for each other; what is passed to them is keepalived's contract.
"""

from __future__ import annotations

import grp
import os
import pwd
import signal
import subprocess
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from vipkeeper.keepalived.configuration import Command, NotifyCommands

TIMEOUT_NS = 60_000_000_000
"""A script that hangs must not keep the others waiting for ever."""

DEFAULT_USER = "keepalived_script"
"""Who runs the scripts where the file names nobody, if there is such a user; else this one."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A command that is due."""

    instance: str
    argv: tuple[str, ...]
    user: str
    group: str


def hooks(instance: str, notify: NotifyCommands, state: str, priority: int) -> list[Hook]:
    """What is to be run when an instance enters a state; the specific command comes first.

    Args:
        state: MASTER, BACKUP, FAULT or STOP.
    """
    specific = {
        "MASTER": notify.master,
        "BACKUP": notify.backup,
        "FAULT": notify.fault,
        "STOP": notify.stop,
    }[state]
    due = []
    if specific is not None:
        due.append(_hook(instance, specific, ()))
    if notify.any is not None:
        due.append(_hook(instance, notify.any, ("INSTANCE", instance, state, str(priority))))
    return due


def still_active_hooks(instance: str, notify: NotifyCommands) -> list[Hook]:
    """What is to be run when a losing router is heard (``notify_master_rx_lower_pri``).

    It gets no arguments beyond its own, as in keepalived (send_event_notify in vrrp_notify.c):
    INSTANCE NAME MASTER_RX_LOWER_PRI PRIORITY is a line of the FIFO only.
    """
    command = notify.master_rx_lower_priority
    return [] if command is None else [_hook(instance, command, ())]


def _hook(instance: str, command: Command, arguments: tuple[str, ...]) -> Hook:
    return Hook(instance, (*command.argv, *arguments), command.user, command.group)


class HookRunner:
    """A queue of hooks and at most one running process."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._queue: deque[Hook] = deque()
        self._running: tuple[Hook, subprocess.Popen[bytes]] | None = None
        self._left_alone: list[subprocess.Popen[bytes]] = []
        self._started_at = 0

    def add(self, due: list[Hook], now: int) -> None:
        self._queue.extend(due)
        self.poll(now)

    @property
    def is_idle(self) -> bool:
        return self._running is None and not self._queue and not self._left_alone

    def poll(self, now: int) -> None:
        """Take note of what has ended and start what is next; call it on SIGCHLD and a timer."""
        self._left_alone = [process for process in self._left_alone if process.poll() is None]
        while True:
            if self._running is not None:
                hook, process = self._running
                code = process.poll()
                if code is None:
                    if now - self._started_at < TIMEOUT_NS:
                        return
                    os.killpg(process.pid, signal.SIGKILL)  # what it started, too
                    process.wait()
                    self._log(f"({hook.instance}) script {hook.argv[0]} timed out, killed")
                elif code != 0:
                    self._log(f"({hook.instance}) script {hook.argv[0]} exited with status {code}")
                self._running = None
            if not self._queue:
                return
            hook = self._queue.popleft()
            if process_started := self._start(hook):
                self._running = (hook, process_started)
                self._started_at = now

    def start_all(self) -> None:
        """Start what is queued all at once, as keepalived does: there is no time to wait for it."""
        while self._queue:
            if process := self._start(self._queue.popleft()):
                self._left_alone.append(process)

    def _start(self, hook: Hook) -> subprocess.Popen[bytes] | None:
        try:
            return subprocess.Popen(
                hook.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                **_identity(hook),
            )
        except (OSError, ValueError, LookupError, subprocess.SubprocessError) as error:
            reason = error.args[0] if isinstance(error, LookupError) else error
            self._log(f"({hook.instance}) cannot run {hook.argv[0]}: {reason}")
            return None


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _identity(hook: Hook) -> _Identity:
    """Who runs it, as keepalived has it: the user's own group, and none besides.

    Raises LookupError if there is no such user or group.
    """
    name = hook.user
    if not name and os.geteuid() == 0 and _exists(DEFAULT_USER):
        name = DEFAULT_USER
    if name in ("", _own_name()) and not hook.group:
        return {}
    try:
        user = pwd.getpwnam(name) if name else pwd.getpwuid(os.geteuid())
    except KeyError:
        raise LookupError(f"there is no user {name!r}") from None
    try:
        group = grp.getgrnam(hook.group).gr_gid if hook.group else user.pw_gid
    except KeyError:
        raise LookupError(f"there is no group {hook.group!r}") from None
    return {"user": user.pw_uid, "group": group, "extra_groups": [group]}


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return ""


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
