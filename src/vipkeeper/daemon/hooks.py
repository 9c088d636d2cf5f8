"""The notify commands of keepalived.conf, run one after the other.

keepalived starts them all at once, so that the script of an old state may end after that of the
new one. Here they wait for each other; what is passed to them is keepalived's contract.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from vipkeeper.keepalived.configuration import Command, NotifyCommands

TIMEOUT_NS = 60_000_000_000
"""A script that hangs must not keep the others waiting for ever."""


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


def _hook(instance: str, command: Command, arguments: tuple[str, ...]) -> Hook:
    return Hook(instance, (*command.argv, *arguments), command.user, command.group)


class HookRunner:
    """A queue of hooks and at most one running process."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._queue: deque[Hook] = deque()
        self._running: tuple[Hook, subprocess.Popen[bytes]] | None = None
        self._started_at = 0

    def add(self, due: list[Hook], now: int) -> None:
        self._queue.extend(due)
        self.poll(now)

    @property
    def is_idle(self) -> bool:
        return self._running is None and not self._queue

    def poll(self, now: int) -> None:
        """Take note of what has ended and start what is next; call it on SIGCHLD and a timer."""
        while True:
            if self._running is not None:
                hook, process = self._running
                code = process.poll()
                if code is None:
                    if now - self._started_at < TIMEOUT_NS:
                        return
                    process.kill()
                    code = process.wait()
                    self._log(f"({hook.instance}) script {hook.argv[0]} timed out, killed")
                elif code != 0:
                    self._log(f"({hook.instance}) script {hook.argv[0]} exited with status {code}")
                self._running = None
            if not self._queue:
                return
            self._start(self._queue.popleft(), now)

    def _start(self, hook: Hook, now: int) -> None:
        user: str | int | None = hook.user or None
        if user is None and os.geteuid() == 0 and _exists("keepalived_script"):
            user = "keepalived_script"  # keepalived's default script_user
        if hook.user == "root" and os.geteuid() == 0:
            user = None
        try:
            process = subprocess.Popen(
                hook.argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                user=user,
                group=hook.group or None,
                start_new_session=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            self._log(f"({hook.instance}) cannot run {hook.argv[0]}: {error}")
            return
        self._running = (hook, process)
        self._started_at = now


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
