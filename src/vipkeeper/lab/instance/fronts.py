"""``service``, ``systemctl``, ``shutdown``, ``journalctl``: thin fronts to an instance's init.

They take what a walkthrough types and answer with exit codes as systemd's programs do.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence

from vipkeeper.errors import LabError
from vipkeeper.lab.instance import apt, journal, units
from vipkeeper.lab.instance.control import ask

_FOLLOW_PAUSE = 0.1  # seconds; there is no inotify in the standard library


def main(argv: Sequence[str]) -> int:
    name, *arguments = argv
    fronts: dict[str, Callable[[list[str]], int]] = {
        "service": service,
        "systemctl": units.systemctl,
        "journalctl": journalctl,
        "apt": lambda words: apt.run("apt", words),
        "apt-get": lambda words: apt.run("apt-get", words),
        "shutdown": shutdown,
        "poweroff": lambda _: units.machine("halt"),
        "halt": lambda _: units.machine("halt"),
        "reboot": lambda _: units.machine("reboot"),
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
            units.say(f" [ {'+' if one['pid'] else '-'} ]  {one['unit']}")
        return 0
    if len(arguments) != 2 or arguments[1] not in units.VERBS:
        raise LabError(
            f"Usage: service NAME {{{'|'.join(units.VERBS)}}}", remedy="or: service --status-all"
        )
    name, verb = arguments
    return units.do(verb, name)


def shutdown(arguments: list[str]) -> int:
    """``shutdown -h now`` and ``shutdown -r now``: always now, as nobody is there to be warned."""
    return units.machine("reboot" if {"-r", "--reboot"} & set(arguments) else "halt")


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
    named = {ask({"do": "status", "unit": unit})["service"]["unit"] for unit in options.unit}

    def wanted(entry: journal.Entry) -> bool:
        of_unit = not named or entry.unit in named
        return of_unit and (not options.identifier or entry.tag in options.identifier)

    hostname = socket.gethostname()

    def show(entry: journal.Entry) -> None:
        units.say(entry.text if options.output == "cat" else entry.short(hostname))

    following = journal.follow() if options.follow else iter(())
    lines = options.lines if options.lines is not None else (10 if options.follow else None)
    entries = [entry for entry in journal.read() if wanted(entry)]
    if not entries and not options.follow:
        units.say("-- No entries --")
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
