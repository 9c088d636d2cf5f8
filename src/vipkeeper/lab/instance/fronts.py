"""``service``, ``systemctl``, ``shutdown``, ``journalctl``: thin fronts to an instance's init.

They take what a walkthrough types and answer with exit codes as systemd's programs do
(systemctl(1): 3 for a unit that is not active, 4 for one that is not there, 5 for an unknown
unit to start).
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from vipkeeper.errors import LabError
from vipkeeper.lab.instance import journal
from vipkeeper.lab.instance.control import ask

_NOT_ACTIVE = 3
_NOT_FOUND = 4
_FOLLOW_PAUSE = 0.1  # seconds; there is no inotify in the standard library

_VERBS = ("start", "stop", "restart", "reload", "status")
_PAST = {"start": "started", "stop": "stopped", "restart": "restarted", "reload": "reloaded"}


def main(argv: Sequence[str]) -> int:
    name, *arguments = argv
    fronts: dict[str, Callable[[list[str]], int]] = {
        "service": service,
        "systemctl": systemctl,
        "journalctl": journalctl,
        "shutdown": shutdown,
        "poweroff": lambda _: _machine("halt"),
        "halt": lambda _: _machine("halt"),
        "reboot": lambda _: _machine("reboot"),
    }
    try:
        return fronts[name](arguments)
    except LabError as error:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # `journalctl | head` is no error
        return 0
    except KeyboardInterrupt:
        return 130


def service(arguments: list[str]) -> int:
    """``service NAME VERB`` and ``service --status-all`` (service(8))."""
    if arguments == ["--status-all"]:
        for one in ask({"do": "list"})["services"]:
            _say(f" [ {'+' if one['pid'] else '-'} ]  {one['unit']}")
        return 0
    if len(arguments) != 2 or arguments[1] not in _VERBS:
        raise LabError(
            f"Usage: service NAME {{{'|'.join(_VERBS)}}}", remedy="or: service --status-all"
        )
    name, verb = arguments
    return _unit(verb, name)


def systemctl(arguments: list[str]) -> int:
    """Do what systemd's program does with the verbs that make sense here; options are ignored."""
    words = [word for word in arguments if not word.startswith("-")]
    if not words or words == ["list-units"]:
        for one in ask({"do": "list"})["services"]:
            _say(f"{one['unit'] + '.service':<24} loaded {one['state']:<12} {one['argv'][0]}")
        return 0
    verb, *names = words
    if verb in ("poweroff", "halt", "reboot"):
        return _machine("reboot" if verb == "reboot" else "halt")
    if verb == "daemon-reload":
        return 0
    if verb not in (*_VERBS, "is-active", "show") or not names:
        raise LabError(
            f"Unknown command verb '{verb}'." if names else "Too few arguments.",
            remedy=f"There are: {', '.join(_VERBS)}, is-active, show, list-units, poweroff, reboot",
        )
    return max(_unit(verb, name) for name in names)


def _unit(verb: str, name: str) -> int:
    try:
        if verb in _PAST:
            ask({"do": verb, "unit": name})
            return 0
        description = ask({"do": "status", "unit": name})["service"]
    except LabError as error:
        if not error.message.endswith("not found."):
            raise
        print(error.message, file=sys.stderr)  # noqa: T201
        return 5 if verb in _PAST else _NOT_FOUND
    if verb == "is-active":
        _say(description["state"])
    elif verb == "show":
        _say(f"Id={description['unit']}.service")
        _say(f"MainPID={description['pid']}")
        _say(f"ActiveState={description['state']}")
    else:
        _say_status(description)
    return 0 if description["state"] == "active" else _NOT_ACTIVE


def _say_status(description: dict[str, Any]) -> None:
    state, since = description["state"], description["since"]
    details = {"active": " (running)", "failed": f" (Result: {description['result']})"}
    moment = time.strftime("%a %Y-%m-%d %H:%M:%S %Z", time.localtime(since))
    dot = {"active": "●", "failed": "×"}.get(state, "○")
    _say(f"{dot} {description['unit']}.service - {' '.join(description['argv'])}")
    _say(f"     Active: {state}{details.get(state, '')} since {moment}; {_ago(since)} ago")
    if description["pid"]:
        _say(f"   Main PID: {description['pid']}")
    entries = [entry for entry in journal.read() if entry.unit == description["unit"]][-10:]
    if entries:
        _say("")
    for entry in entries:
        _say(entry.short(socket.gethostname()))


def _ago(since: float) -> str:
    seconds = int(max(0.0, time.time() - since))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes}min"
    return f"{minutes}min {seconds}s" if minutes else f"{seconds}s"


def shutdown(arguments: list[str]) -> int:
    """``shutdown -h now`` and ``shutdown -r now``: always now, as nobody is there to be warned."""
    return _machine("reboot" if {"-r", "--reboot"} & set(arguments) else "halt")


def _machine(what: str) -> int:
    ask({"do": what})
    return 0


def journalctl(arguments: list[str]) -> int:
    """``journalctl [-u UNIT] [-f] [-n N] [--no-pager]``, in the format ``short``."""
    parser = argparse.ArgumentParser(prog="journalctl", description=journalctl.__doc__)
    parser.add_argument("-u", "--unit", action="append", default=[])
    parser.add_argument("-f", "--follow", action="store_true")
    parser.add_argument("-n", "--lines", type=int)
    parser.add_argument("-t", "--identifier", action="append", default=[])
    parser.add_argument("--no-pager", action="store_true")
    parser.add_argument("-b", "--boot", action="store_true", help="taken and ignored")
    parser.add_argument("-x", "-e", "-q", action="store_true", help="taken and ignored")
    parser.add_argument("-o", "--output", choices=["short", "cat"], default="short")
    options = parser.parse_args(_separate(arguments))
    units = {ask({"do": "status", "unit": unit})["service"]["unit"] for unit in options.unit}

    def wanted(entry: journal.Entry) -> bool:
        of_unit = not units or entry.unit in units
        return of_unit and (not options.identifier or entry.tag in options.identifier)

    hostname = socket.gethostname()

    def show(entry: journal.Entry) -> None:
        _say(entry.text if options.output == "cat" else entry.short(hostname))

    following = journal.follow() if options.follow else iter(())
    lines = options.lines if options.lines is not None else (10 if options.follow else None)
    entries = [entry for entry in journal.read() if wanted(entry)]
    if not entries and not options.follow:
        _say("-- No entries --")
    for entry in entries if lines is None else entries[max(0, len(entries) - lines) :]:
        show(entry)
    for line in following:
        if line is None:
            sys.stdout.flush()
            time.sleep(_FOLLOW_PAUSE)
        elif wanted(line):
            show(line)
    return 0


def _separate(arguments: list[str]) -> list[str]:
    """``-fu NAME`` and ``-xeu NAME`` as argparse would not take them apart itself."""
    separated: list[str] = []
    for argument in arguments:
        letters = argument[1:]
        if argument.startswith("-") and not argument.startswith("--") and letters.isalpha():
            separated += [f"-{letter}" for letter in letters]
        else:
            separated.append(argument)
    return separated


def _say(line: str) -> None:
    print(line)  # noqa: T201 -- these are programs of their own


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
