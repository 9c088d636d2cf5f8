"""Unit files that somebody has written to /etc/systemd/system, user data above all.

What counts of them (systemd.service(5), systemd.exec(5)): ``ExecStart=`` and ``ExecStartPre=``,
``Type=`` (without ``forking`` and ``dbus``), ``Restart=``, ``KillMode=``, ``Environment=``,
``EnvironmentFile=``, ``WorkingDirectory=``, ``User=``. Dependencies do not: they start in the order
of their names, after the units that the cloud has ordered.
"""

from __future__ import annotations

import re
import shlex
import socket
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from vipkeeper.errors import LabError
from vipkeeper.lab.instance.order import Unit

DIRECTORY = Path("/etc/systemd/system")

_TYPES = ("simple", "exec", "idle", "notify", "oneshot")
_RESTARTS = {"no": "no", "always": "always"}
_MARKS = "-@:+! "
_NAME = re.compile(r"[A-Za-z0-9:_.@\\-]+")

Options = Mapping[str, list[str]]
"""Of one section: each key with its values in their order."""


def names() -> list[str]:
    """Of all units that have a file of their own there."""
    return sorted(path.stem for path in DIRECTORY.glob("*.service") if path.is_file())


def load(name: str) -> Unit | None:
    """The unit that a file describes, None where there is no file.

    Raises:
        LabError: it cannot be run here.
    """
    path = DIRECTORY / f"{name}.service"
    if not _NAME.fullmatch(name) or not path.is_file():
        return None
    return parse(name, path.read_text(errors="replace"))


def parse(name: str, text: str) -> Unit:
    """The unit that a text describes.

    Raises:
        LabError: it has no command, or is of a kind that is not done here.
    """
    sections = _sections(text)
    service, install = sections["Service"], sections["Install"]
    kind = _last(service, "Type", "simple")
    if kind not in _TYPES:
        raise LabError(
            f"{name}.service: Type={kind} is not possible here",
            remedy=f"let the program stay in the foreground: Type={' or '.join(_TYPES[:2])}",
        )
    commands = service.get("ExecStart", [])
    if not commands or (len(commands) > 1 and kind != "oneshot"):
        raise LabError(f"{name}.service: there has to be one ExecStart=")
    kill_mode = _last(service, "KillMode", "control-group")
    return Unit(
        name,
        ("/bin/sh", "-c", _script(name, service, commands)),
        autostart=False,
        # on-abnormal, on-abort and on-watchdog are kinds of failure.
        restart=_RESTARTS.get(_last(service, "Restart", "no"), "on-failure"),
        aliases=tuple(
            alias.removesuffix(".service")
            for line in install.get("Alias", [])
            for alias in line.split()
        ),
        oneshot=kind == "oneshot",
        kill_mode="process" if kill_mode in ("process", "none") else "control-group",
        static=not install,
        command=tuple(_words(name, commands[-1].lstrip(_MARKS))),
    )


def _sections(text: str) -> defaultdict[str, dict[str, list[str]]]:
    found: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
    section = ""
    for line in _logical_lines(text):
        if line.startswith("["):
            section = line.strip("[]")
            continue
        key, separator, value = (part.strip() for part in line.partition("="))
        if not separator:
            continue
        if value:
            found[section].setdefault(key, []).append(value)
        else:
            found[section][key] = []  # an empty value takes back those before
    return found


def _logical_lines(text: str) -> Iterator[str]:
    """Lines without comments; one that ends in a backslash goes on in the next."""
    pending = ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith(("#", ";")) or (not stripped and not pending):
            continue
        if stripped.endswith("\\"):
            pending += stripped[:-1] + " "
            continue
        yield pending + stripped
        pending = ""
    if pending:
        yield pending


def _script(name: str, service: Options, commands: list[str]) -> str:
    lines = ["set -e"]
    for file in service.get("EnvironmentFile", []):
        path = shlex.quote(file.lstrip("-"))
        missing = f"[ ! -r {path} ] || " if file.startswith("-") else ""
        lines.append(f"set -a; {missing}. {path}; set +a")
    for assignments in service.get("Environment", []):
        lines += [f"export {_word(name, word)}" for word in _words(name, assignments)]
    if directory := _last(service, "WorkingDirectory"):
        home = directory.lstrip("-")
        lines.append(f"cd {'/root' if home == '~' else _word(name, home)}")
    user = _last(service, "User")
    run_as = f"runuser -u {shlex.quote(user)} -- " if user and user != "root" else ""
    for command in service.get("ExecStartPre", []):
        may_fail = " || :" if command.startswith("-") else ""
        lines.append(f"{run_as}{_command(name, command)}{may_fail}")
    *first, last = commands
    lines += [f"{run_as}{_command(name, command)}" for command in first]
    lines.append(f"exec {run_as}{_command(name, last)}")
    return "\n".join(lines)


def _command(name: str, text: str) -> str:
    """A command line for the shell; the marks before the program are about privileges."""
    return " ".join(_word(name, word) for word in _words(name, text.lstrip(_MARKS)))


def _words(name: str, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise LabError(f"{name}.service: {text}: {error}") from error


def _word(name: str, word: str) -> str:
    """A word for the shell, in which nothing but variables is expanded, as systemd does."""
    known = {"%%": "%", "%n": f"{name}.service", "%N": name, "%p": name, "%H": socket.gethostname()}
    word = re.sub("%.", lambda match: known.get(match[0], match[0]), word)
    if "$" not in word:
        return shlex.quote(word)
    escaped = re.sub(r'(["\\`])', r"\\\1", word).replace("$$", r"\$")
    # Only names are variables; "$(" would be a command to the shell and is none to systemd.
    return '"' + re.sub(r"(?<!\\)\$(?!\w|\{\w+\})", r"\\$", escaped) + '"'


def _last(options: Options, key: str, default: str = "") -> str:
    values = options.get(key)
    return values[-1] if values else default
