"""``vipkeeper lab``: a small OpenStack cloud on this machine, without root or OpenStack."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from vipkeeper.cli.lab_screen import name_option, print_drops, print_status, print_suggestions
from vipkeeper.errors import LabError, UsageError
from vipkeeper.lab import clouds_file, spec_file
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.client import DEFAULT_NAME, Lab
from vipkeeper.lab.kept import KeptLab, KeptLabs
from vipkeeper.lab.spec import CloudSpec

VIP_TIMEOUT = 15.0
"""Seconds that ``up`` waits for the virtual IPs; an election takes 3.6 s."""

VIP_STEADY = 1.0
"""Seconds for which the same instance holds it then: an advertisement interval."""

_name = click.option(
    "--name", default=DEFAULT_NAME, show_default=True, metavar="NAME", help="Which lab."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_instance = click.argument("instance")


@click.group()
def lab() -> None:
    """A cloud on one machine: instances, networks, port security, a router.

    It needs no root, touches nothing of this machine, and leaves nothing behind.
    """


@lab.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@_name
@click.option("--bare", is_flag=True, help="Leave the services of the instances off.")
@click.option(
    "--backend",
    "back_end",
    type=click.Choice([one.value for one in BackEnd]),
    help="Which of Neutron's back ends to imitate, linuxbridge by default.",
)
@click.option("--empty", is_flag=True, help="Without anything in it, for its OpenStack APIs.")
@click.option(
    "--api-port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Where the APIs listen on 127.0.0.1; by default any free port.",
)
def up(
    file: Path | None, name: str, bare: bool, back_end: str | None, empty: bool, api_port: int
) -> None:
    """Start a cloud, and wait for its virtual IP.

    FILE describes the cloud; by default it is that of the walkthrough. A lab that was ended with
    `down --keep` goes on as it was.
    """
    if empty and file is not None:
        raise click.UsageError("--empty and a FILE contradict each other.")
    kept = KeptLabs(_kept_directory()).read(name)
    if kept is not None:
        if file is not None or empty or back_end is not None:
            raise UsageError(
                f"a lab named {name!r} is kept, which knows what is in it",
                remedy=f"go on with it: vipkeeper lab up --name {name}; or throw it away: vipkeeper"
                f" lab forget --name {name}",
            )
        running = _resume(name, kept, bare=bare)
    else:
        running = Lab.up(
            _spec(file, empty=empty),
            name=name,
            bare=bare,
            api_port=api_port,
            back_end=BackEnd(back_end or BackEnd.LINUXBRIDGE),
        )
    settled = True
    status = running.status()
    if not bare and kept is None and any(one["vrrp"] != "none" for one in status["instances"]):
        try:
            click.echo("The lab runs. Waiting for the virtual IP ...", err=True)
            running.wait_for_vip(timeout=VIP_TIMEOUT, steady=VIP_STEADY)
        except KeyboardInterrupt:
            running.down()
            raise
        except LabError as error:
            settled = False
            click.echo(f"vipkeeper: {error}", err=True)
    status = running.status()
    print_status(status)
    print_suggestions(status)
    if not settled:
        raise click.exceptions.Exit(1)


def _spec(file: Path | None, *, empty: bool) -> CloudSpec:
    if empty:
        return CloudSpec((), (), ())
    return spec_file.walkthrough() if file is None else spec_file.read(file)


def _resume(name: str, kept: KeptLab, *, bare: bool) -> Lab:
    """Go on with a kept lab, at the same port if nobody else has taken it."""
    click.echo(f"Going on with the lab that was kept {_moment(kept.since)}.", err=True)
    port = kept.api_port if _is_free(kept.api_port) else 0
    if port != kept.api_port:
        click.echo(
            f"vipkeeper: port {kept.api_port} is taken; the lab's APIs are elsewhere now:"
            " `vipkeeper lab clouds` tells",
            err=True,
        )
    return Lab.up(CloudSpec((), (), ()), name=name, bare=bare, api_port=port, archive=kept.archive)


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _kept_directory() -> Path:
    """Where kept labs are: the XDG Base Directory Specification's place for state."""
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path.home() / ".local/state"
    return base / "vipkeeper/labs"


@lab.command()
@click.option("--name", metavar="NAME", help="Which lab; without it, all that run are listed.")
@click.option("--drops", is_flag=True, help="What port security dropped, and why.")
@_as_json
def status(name: str | None, drops: bool, as_json: bool) -> None:
    """Show what there is, and who holds the virtual IP."""
    described = [_described(name, drops=drops)] if name is not None else _all(drops=drops)
    kept = KeptLabs(_kept_directory()).names() if name is None else []
    if as_json:
        # One lab is one object; which labs there are is another.
        whole = described[0] if name is not None else {"labs": described, "kept": kept}
        click.echo(json.dumps(whole, indent=2))
        return
    if not described:
        click.echo("No lab is running. Start one: vipkeeper lab up")
    running = {one["name"] for one in described}
    for resting in (one for one in kept if one not in running):
        click.echo(f"Lab {resting} is kept. Go on with it: vipkeeper lab up{name_option(resting)}")
    for one in described:
        print_status(one)
        if drops:
            print_drops(one["drops"])


def _all(*, drops: bool) -> list[dict[str, Any]]:
    """Every lab that is still there when it is asked; others may end at any moment."""
    described = []
    for name in Lab.names():
        with suppress(LabError):
            described.append(_described(name, drops=drops))
    return described


def _described(name: str, *, drops: bool) -> dict[str, Any]:
    lab = Lab.connect(name)
    return {**lab.status(), **({"drops": lab.drops()} if drops else {})}


# What follows INSTANCE is the command's own, options among it, with or without `--`; click leaves
# the `--` to us, since with it a command could be meant whose name begins with a dash.
@lab.command(
    name="exec",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@_name
@_instance
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(name: str, instance: str, command: tuple[str, ...]) -> None:
    """Run COMMAND inside INSTANCE; its exit code is the command's.

    \b
    vipkeeper lab exec client -- curl -s http://99.88.128.171/index.html
    """  # noqa: D301 -- \b is click's: no wrapping
    if command[0] == "--":
        command = command[1:]
    if not command:
        raise click.UsageError("Missing argument 'COMMAND...'.")
    _become(Lab.connect(name), instance, command)


@lab.command()
@_name
@_instance
def shell(name: str, instance: str) -> None:
    """Open a shell inside INSTANCE."""
    _become(Lab.connect(name), instance, ["bash", "-i"])


@lab.command()
@_name
@_instance
def stop(name: str, instance: str) -> None:
    """Shut INSTANCE down; its services may say goodbye."""
    Lab.connect(name).stop(instance)


@lab.command()
@_name
@_instance
def poweroff(name: str, instance: str) -> None:
    """Cut INSTANCE from the wire, then kill it."""
    Lab.connect(name).poweroff(instance)


@lab.command()
@_name
@_instance
def start(name: str, instance: str) -> None:
    """Boot INSTANCE again; /etc and /var are as left."""
    Lab.connect(name).start(instance)


@lab.command()
@_name
@click.option("--keep", is_flag=True, help="Keep it on disk, for the next `lab up`.")
def down(name: str, keep: bool) -> None:
    """End the lab; nothing of it is left, unless it is kept.

    With --keep its instances are shut down, and what they have in /etc and /var is kept with all
    that was made through the OpenStack APIs.
    """
    running, labs = Lab.connect(name), KeptLabs(_kept_directory())
    if keep:
        labs.make_directory()
        port = int(running.status()["api"]["url"].rpartition(":")[2])
        path = labs.write(name, KeptLab(port, time.time(), running.archive()))
        click.echo(f"Kept in {path}; vipkeeper lab up{name_option(name)} goes on with it.")
    running.down()
    if not keep:
        labs.forget(name)


@lab.command()
@_name
def forget(name: str) -> None:
    """Throw away a lab that was kept by `down --keep`."""
    if not KeptLabs(_kept_directory()).forget(name):
        raise LabError(f"no lab named {name!r} is kept")


@lab.command()
@_name
@click.option("--rc", is_flag=True, help="Print shell variables instead, for older clients.")
@click.option("--admin", is_flag=True, help="With --rc: the admin's.")
def clouds(name: str, rc: bool, admin: bool) -> None:
    """Print a clouds.yaml for the lab's OpenStack APIs.

    \b
    It has two clouds: `lab`, a project's member, and `lab-admin`.
      vipkeeper lab clouds > clouds.yaml
      openstack --os-cloud lab network list
    """  # noqa: D301 -- \b is click's: no wrapping
    running = Lab.connect(name).credentials()
    click.echo(clouds_file.shell(running, admin=admin) if rc else clouds_file.text(running))


def _become(running: Lab, instance: str, command: tuple[str, ...] | list[str]) -> None:
    """Turn this process into the one that runs ``command``, so that nothing stands between."""
    pidfd = running.open_pidfd(instance)
    os.set_inheritable(pidfd, True)
    argv, environment = running.enter_command(pidfd, command)
    os.execve(argv[0], argv, environment)  # noqa: S606 -- no shell is wanted
