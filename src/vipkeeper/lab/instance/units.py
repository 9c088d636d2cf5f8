"""``systemctl``: units started, stopped, enabled, looked at.

The exit codes are systemd's (systemctl(1)): 3 for a unit that is not active, 4 for one that is
not there, 5 for an unknown unit to start.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from vipkeeper.errors import LabError
from vipkeeper.lab.instance import enablement, journal
from vipkeeper.lab.instance.control import ask

_NOT_ACTIVE = 3
_NOT_FOUND = 4
_UNKNOWN_TO_START = 5

_CHANGES = ("start", "stop", "restart", "reload")
_IF_ACTIVE = {
    "try-restart": ("restart", ""),
    "condrestart": ("restart", ""),
    "reload-or-restart": ("reload", "start"),
    "force-reload": ("reload", "start"),
}
"""What is done with a unit that is active, and with one that is not."""

VERBS = (*_CHANGES, *_IF_ACTIVE, "status")
_LOOKS = ("status", "show", "is-active", "is-failed", "is-enabled")
_ON_DISK: dict[str, Callable[[str], str]] = {
    "enable": enablement.enable,
    "disable": enablement.disable,
    "mask": enablement.mask,
    "unmask": enablement.unmask,
}
_NOW = {"enable": "start", "disable": "stop", "mask": "stop"}
_WITHOUT_EFFECT = ("daemon-reload", "daemon-reexec", "reset-failed")

_MARKS = {"active": "●", "failed": "×", "activating": "●", "deactivating": "●"}


def systemctl(arguments: list[str]) -> int:
    """Do what systemd's program does with the verbs that make sense here.

    Of the options ``--now`` and ``--quiet`` count; all others are ignored.
    """
    words = [word for word in arguments if not word.startswith("-")]
    options = {word for word in arguments if word.startswith("-")}
    quiet = bool(options & {"-q", "--quiet"})
    if not words or words in (["list-units"], ["list-unit-files"]):
        return _list(files=words == ["list-unit-files"])
    verb, *names = words
    if verb in ("poweroff", "halt", "reboot"):
        return machine("reboot" if verb == "reboot" else "halt")
    if verb in _WITHOUT_EFFECT:
        return 0
    if verb == "is-system-running":
        say("running")
        return 0
    if verb not in (*VERBS, *_LOOKS, *_ON_DISK) or not names:
        raise LabError(
            f"Unknown command verb '{verb}'." if names else "Too few arguments.",
            remedy=f"There are: {', '.join((*VERBS, *_LOOKS[1:], *_ON_DISK))},"
            " list-units, poweroff, reboot",
        )
    codes = [do(verb, name, quiet=quiet, now="--now" in options) for name in names]
    # One that is so is enough (systemctl(1), "is-active").
    return min(codes) if verb in ("is-active", "is-failed", "is-enabled") else max(codes)


def do(verb: str, name: str, *, quiet: bool = False, now: bool = False) -> int:
    """One verb for one unit; returns the exit code."""
    try:
        if verb in _CHANGES:
            ask({"do": verb, "unit": name})
            return 0
        description = ask({"do": "status", "unit": name})["service"]
    except LabError as error:
        if not error.message.endswith("not found."):
            raise
        print(error.message, file=sys.stderr)  # noqa: T201
        return _UNKNOWN_TO_START if verb in VERBS[:-1] else _not_found_by(verb)
    if verb in _IF_ACTIVE:
        change = _IF_ACTIVE[verb][description["state"] != "active"]
        return do(change, name) if change else 0
    if verb in _ON_DISK:
        return _change_on_disk(verb, description, quiet=quiet, now=now)
    return _look(verb, description, quiet=quiet)


def known(name: str) -> bool:
    """Whether there is a unit of that name."""
    try:
        ask({"do": "status", "unit": name})
    except LabError as error:
        if not error.message.endswith("not found."):
            raise
        return False
    return True


def machine(what: str) -> int:
    """``halt`` or ``reboot``."""
    ask({"do": what})
    return 0


def say(line: str) -> None:
    print(line)  # noqa: T201 -- these are programs of their own


def _not_found_by(verb: str) -> int:
    return 1 if verb == "is-enabled" or verb in _ON_DISK else _NOT_FOUND


def _change_on_disk(verb: str, description: dict[str, Any], *, quiet: bool, now: bool) -> int:
    name = description["unit"]
    if verb == "enable" and enablement.state(name) == "masked":
        raise LabError(f"Failed to enable unit: Unit file {name}.service is masked.")
    told = "" if description["static"] else _ON_DISK[verb](name)
    if told and not quiet:
        print(told, file=sys.stderr)  # noqa: T201 -- where systemctl says it too
    if now and verb in _NOW:
        return do(_NOW[verb], name)
    return 0


def _look(verb: str, description: dict[str, Any], *, quiet: bool) -> int:
    name, state = description["unit"], description["state"]
    if verb == "is-enabled":
        enabled = "static" if description["static"] else enablement.state(name)
        if not quiet:
            say(enabled)
        return 0 if enabled in ("enabled", "static") else 1
    if verb in ("is-active", "is-failed"):
        if not quiet:
            say(state)
        if verb == "is-failed":
            return 0 if state == "failed" else 1
    elif verb == "show":
        say(f"Id={name}.service")
        say("LoadState=loaded")
        say(f"MainPID={description['pid']}")
        say(f"ActiveState={state}")
        say(f"UnitFileState={'static' if description['static'] else enablement.state(name)}")
        return 0  # whatever is shown
    else:
        _say_status(description)
    return 0 if state == "active" else _NOT_ACTIVE


def _list(*, files: bool) -> int:
    for one in ask({"do": "list"})["services"]:
        unit = f"{one['unit']}.service"
        if files:
            say(f"{unit:<24} {'static' if one['static'] else enablement.state(one['unit'])}")
        else:
            say(f"{unit:<24} loaded {one['state']:<12} {one['argv'][0]}")
    return 0


def _say_status(description: dict[str, Any]) -> None:
    state, since, name = description["state"], description["since"], description["unit"]
    details = {
        "active": " (running)" if description["pid"] else " (exited)",
        "failed": f" (Result: {description['result']})",
    }
    moment = time.strftime("%a %Y-%m-%d %H:%M:%S %Z", time.localtime(since))
    enabled = "static" if description["static"] else enablement.state(name)
    say(f"{_MARKS.get(state, '○')} {name}.service - {' '.join(description['argv'])}")
    say(f"     Loaded: loaded (/lib/systemd/system/{name}.service; {enabled})")
    say(f"     Active: {state}{details.get(state, '')} since {moment}; {_ago(since)} ago")
    if description["pid"]:
        say(f"   Main PID: {description['pid']}")
    entries = [entry for entry in journal.read() if entry.unit == name][-10:]
    if entries:
        say("")
    for entry in entries:
        say(entry.short(socket.gethostname()))


def _ago(since: float) -> str:
    seconds = int(max(0.0, time.time() - since))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes}min"
    return f"{minutes}min {seconds}s" if minutes else f"{seconds}s"
