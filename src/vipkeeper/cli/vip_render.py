"""``vipkeeper vip render``: files for the nodes, and templates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
from rich.text import Text

from vipkeeper import strict_yaml
from vipkeeper.cli import vip_files
from vipkeeper.cli.lines import Line, show
from vipkeeper.cli.vip_options import cloud_option, connect, read, screen, spec_argument
from vipkeeper.errors import CloudError, ConfigError, UsageError
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans import planning
from vipkeeper.openstack.render import ansible, cloud_config, heat, keepalived_conf, terraform
from vipkeeper.openstack.render.program import Program

KEEPALIVED, CLOUD_INIT, ANSIBLE = "keepalived", "cloud-init", "ansible"
HEAT, TERRAFORM, ALL = "heat", "terraform", "all"
PURPOSES = (KEEPALIVED, CLOUD_INIT, ANSIBLE, HEAT, TERRAFORM)
PROGRAMS: tuple[Program, ...] = get_args(Program)


@click.command("render")
@spec_argument
@cloud_option
@click.option("--to", type=click.Choice([*PURPOSES, ALL]), required=True, help="What to write.")
@click.option(
    "-o",
    "--output",
    "directory",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to; it is made if need be.",
)
@click.option(
    "--program",
    type=click.Choice(PROGRAMS),
    default=PROGRAMS[0],
    show_default=True,
    help="The daemon that the nodes run.",
)
@click.option(
    "--user-data",
    "extra",
    metavar="EXTRA.yaml",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With cloud-init: a cloud-config of your own that is done as well.",
)
@click.option("--force", is_flag=True, help="Overwrite files that it did not write itself.")
def vip(
    spec: Path,
    cloud: str | None,
    to: str,
    directory: Path,
    program: Program,
    extra: Path | None,
    force: bool,
) -> None:
    """Write configuration files for the nodes of a virtual IP, or templates of the cloud's part.

    It looks at the cloud for the addresses, and changes nothing there. Files with the password
    can be read by their owner only.
    """
    (declared, *others) = read([spec])
    if others:
        raise UsageError(f"{spec} declares several virtual IPs; name one file")
    if extra and to not in (CLOUD_INIT, ALL):
        raise click.UsageError("--user-data is for --to cloud-init.")
    more = _cloud_config(extra) if extra else None
    found = connect(cloud).look(declared)
    deployment = planning.deployment(declared, found)
    if deployment is None:
        plan = planning.plan(declared, found)
        blocked = "; ".join(one.sentence for one in plan.blockers)
        raise CloudError(f"render {declared.name}", blocked or "it is not known what is there")
    texts: dict[str, str] = {}
    purposes = PURPOSES if to == ALL else (to,)
    for purpose in purposes:
        texts |= rendered(purpose, declared, deployment, found, program=program, extra=more)
    secret = {name for name in texts if _is_secret(name, declared)}
    vip_files.write(directory, texts, secret=secret, force=force)
    show(screen(), lines(directory, texts, purposes, deployment))


def rendered(
    purpose: str,
    spec: VipSpec,
    deployment: Deployment,
    found: Found,
    *,
    program: Program,
    extra: dict[str, Any] | None,
) -> dict[str, str]:
    """The texts for a purpose, by path."""
    if purpose == KEEPALIVED:
        return {
            f"{keepalived_conf.label(node.name)}/keepalived.conf": keepalived_conf.text(
                deployment, node
            )
            for node in deployment.nodes
        }
    if purpose == CLOUD_INIT:
        return {
            f"{keepalived_conf.label(node.name)}/user-data.yaml": cloud_config.text(
                deployment, node, program=program, extra=extra
            )
            for node in deployment.nodes
        }
    if purpose == ANSIBLE:
        files = ansible.files(deployment, program=program)
        return {f"ansible/{name}": text for name, text in files.items()}
    if purpose == HEAT:
        return {f"heat/{spec.name}.yaml": heat.text(spec, deployment)}
    return {f"terraform/{spec.name}.tf": terraform.text(spec, deployment, found)}


def lines(
    directory: Path, texts: dict[str, str], purposes: tuple[str, ...], deployment: Deployment
) -> Iterator[Line]:
    """What was written, and what to do with it."""
    yield Line(Text(f"Written to {directory}:", "bold"))
    for name in texts:
        yield Line(Text(name), 2)
    node = keepalived_conf.label(deployment.nodes[0].name)
    where = {
        KEEPALIVED: f"put {node}/keepalived.conf to /etc/keepalived/keepalived.conf on {node}, and"
        " so on; then: systemctl reload keepalived (or vipkeeperd)",
        CLOUD_INIT: f"openstack server create --user-data {directory}/{node}/user-data.yaml ..."
        f" {node}, and so on",
        ANSIBLE: f"ansible-playbook -i {directory}/ansible/inventory.yaml"
        f" {directory}/ansible/playbook.yaml",
        HEAT: f"openstack stack create -t {directory}/heat/{deployment.name}.yaml"
        f" {deployment.name}",
        TERRAFORM: f"terraform -chdir={directory}/terraform init, then plan",
    }
    for purpose in purposes:
        yield Line(Text.assemble((f"{purpose}: ", "bold"), where[purpose]), 0)


def _is_secret(name: str, spec: VipSpec) -> bool:
    """The nodes' files hold the password, user data also whatever a person adds."""
    if name.startswith((HEAT, TERRAFORM)):
        return False
    return name.endswith("/user-data.yaml") or spec.vrrp.authentication is not None


def _cloud_config(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    if not text.startswith("#cloud-config"):
        raise ConfigError(f"{path}:1: a cloud-config begins with the line #cloud-config")
    loaded = strict_yaml.load(text, str(path)) or {}
    if not isinstance(loaded, dict):
        raise ConfigError(f"{path}: a cloud-config is a mapping, as `packages: [lighttpd]`")
    return loaded
