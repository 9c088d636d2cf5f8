"""What the commands of ``vipkeeper vip`` have in common: arguments, options, the cloud."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.declaration import spec_file
from vipkeeper.openstack.declaration.spec import VipSpec

specs_argument = click.argument(
    "specs", metavar="SPEC...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
spec_argument = click.argument("spec", metavar="SPEC", type=click.Path(path_type=Path))
cloud_option = click.option(
    "--cloud",
    metavar="NAME",
    help="Which cloud of clouds.yaml; by default OS_CLOUD, or what the OS_ variables say.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
jobs_option = click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 64),
    default=8,
    show_default=True,
    help="How many virtual IPs at a time.",
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")

_TALKATIVE = ("keystoneauth", "openstack", "urllib3")


def read(paths: Sequence[Path]) -> tuple[VipSpec, ...]:
    """What files and directories declare: at least one virtual IP."""
    return spec_file.read_all(paths)


def names(words: Sequence[str]) -> tuple[str, ...]:
    """The virtual IPs that are meant: by name, or by the files that declare them."""
    named: list[str] = []
    for word in words:
        if is_file(word):
            named += [spec.name for spec in read([Path(word)])]
        else:
            named.append(word)
    return tuple(dict.fromkeys(named))


def is_file(word: str) -> bool:
    """Whether a spec is meant, rather than a name.

    A bare word is a name even where a directory is called the same: `destroy web` must not be
    taken for all that is declared in there.
    """
    return "/" in word or word.startswith(".") or word.endswith((".yaml", ".yml"))


def connect(cloud: str | None) -> Cloud:
    """The cloud, with a token: a wrong password is said once, not for each of a fleet."""
    for library in _TALKATIVE:
        # What nobody handles, logging writes to stderr; our own error says it in one line.
        logging.getLogger(library).addHandler(logging.NullHandler())
    connected = Cloud.connect(cloud)
    connected.authenticate()
    return connected


def command_line(verb: str, cloud: str | None, *words: object) -> str:
    """A command of ours, to be typed."""
    option = ["--cloud", cloud] if cloud else []
    return shlex.join(["vipkeeper", "vip", verb, *option, *map(str, words)])


def screen(*, stderr: bool = False) -> Console:
    return Console(highlight=False, stderr=stderr)
