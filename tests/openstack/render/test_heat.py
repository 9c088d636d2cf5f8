"""The Heat template, against what Heat itself knows of the resources.

heat_schema.json was recorded from openstack-heat 27.0.1: its resources' properties and attributes
(properties_schema, attributes_schema), and the language's functions. Heat is 141 packages, too
many to be installed for this; ``make heat`` does so, and has Heat's own engine make and delete
each template's stack in a lab.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.openstack import deployments
from tests.openstack.render import heat_stacks
from vipkeeper.openstack.render import heat

SCHEMA = json.loads((Path(__file__).parent / "heat_schema.json").read_text())
PASSWORD = heat_stacks.PASSWORD

Json = Any


def template(name: str) -> dict[str, Json]:
    loaded = yaml.safe_load(text(name))
    assert isinstance(loaded, dict)
    return loaded


def text(name: str) -> str:
    deployment, values = heat_stacks.VARIANTS[name]
    return heat.text(deployments.spec(deployment, **values), deployment)


NAMES = [*heat_stacks.VARIANTS]


@pytest.mark.parametrize("name", NAMES)
def test_heat_knows_every_property(name: str) -> None:
    document = template(name)
    assert set(document) <= set(SCHEMA["sections"])
    for label, resource in document["resources"].items():
        assert set(resource) == {"type", "properties"}
        known = SCHEMA["resources"][resource["type"]]["properties"]
        assert complaints(resource["properties"], known) == [], label


def complaints(values: dict[str, Json], known: dict[str, Json]) -> list[str]:
    found = [
        f"{key} is missing" for key in known if known[key].get("required") and key not in values
    ]
    for key, value in values.items():
        if key not in known:
            found.append(f"{key} is unknown")
            continue
        found += [f"{key}: {one}" for one in of_value(value, known[key])]
    return found


TYPES: dict[str, type | tuple[type, ...]] = {
    "String": (str, int),
    "Integer": int,
    "Boolean": bool,
    "List": list,
    "Map": dict,
    "Number": (int, float),
}


def of_value(value: Json, schema: Json) -> list[str]:
    if function_of(value):
        return []
    if not isinstance(value, TYPES[schema["type"]]):
        return [f"{value!r} is no {schema['type']}"]
    allowed = [str(one) for one in schema.get("allowed", ())]  # Heat's are numbers and names
    if allowed and not isinstance(value, list) and str(value) not in allowed:
        return [f"{value!r} is none of {allowed}"]
    inner = schema.get("schema")
    if inner and isinstance(value, list):
        return [said for one in value for said in of_value(one, inner["*"])]
    return complaints(value, inner) if inner and isinstance(value, dict) else []


def function_of(value: Json) -> str | None:
    if not isinstance(value, dict) or len(value) != 1:
        return None
    (key,) = value
    return key if key in SCHEMA["functions"] else None


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_leads_somewhere(name: str) -> None:
    document = template(name)
    used = set()
    for function, argument in functions(document):
        if function == "get_param":
            assert argument in document["parameters"]
            used.add(argument)
        elif function == "get_resource":
            assert argument in document["resources"]
        elif function == "get_attr":
            kind = document["resources"][argument[0]]["type"]
            assert argument[1] in SCHEMA["resources"][kind]["attributes"]
        else:
            assert function == "list_concat"
    assert used == set(document["parameters"])


def functions(value: Json) -> Iterator[tuple[str, Json]]:
    if function := function_of(value):
        yield function, value[function]
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, dict | list):
            yield from functions(one)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_and_resources_have_different_names(name: str) -> None:
    """heat.engine.stack: "Duplicate names"."""
    document = template(name)
    assert not set(document["parameters"]) & set(document["resources"])


def test_what_the_walkthrough_comes_to() -> None:
    resources = template("ipv4")["resources"]
    assert sorted(resources) == [
        "floating_ip",
        "group",
        "member_test01",
        "member_test02",
        "rule_icmp_4",
        "rule_tcp_80_4",
        "rule_vrrp_4",
        "vip4",
    ]
    assert resources["rule_vrrp_4"]["properties"] == {
        "security_group": {"get_resource": "group"},
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": "112",
        "remote_group": {"get_resource": "group"},
    }
    assert resources["member_test01"]["properties"]["allowed_address_pairs"] == [
        {"ip_address": {"get_attr": ["vip4", "fixed_ips", 0, "ip_address"]}}
    ]


def test_its_defaults_are_those_of_the_deployment() -> None:
    parameters = template("ipv4")["parameters"]
    assert {name: one["default"] for name, one in parameters.items()} == {
        "network": deployments.uuid(1),
        "subnet4": deployments.uuid(0x44),
        "vip4_address": "192.168.100.196",
        "member_test01_address4": "192.168.100.11",
        "member_test02_address4": "192.168.100.12",
        "other_security_groups": "",
        "external_network": deployments.uuid(2),
    }


def test_where_the_cloud_chooses_the_address_it_is_no_parameter() -> None:
    document = template("unknown-address")
    assert "vip4_address" not in document["parameters"]
    assert document["resources"]["vip4"]["properties"]["fixed_ips"] == [
        {"subnet": {"get_param": "subnet4"}}
    ]


def test_ipv6_has_a_pair_of_its_link_local_address() -> None:
    member = template("dual-stack")["resources"]["member_test01"]["properties"]
    pairs = [one["ip_address"] for one in member["allowed_address_pairs"]]
    assert pairs[2:] == ["fe80::33"]


def test_it_says_that_nothing_is_adopted() -> None:
    assert "Heat cannot adopt ports that are there already." in template("ipv4")["description"]


def test_there_is_no_password() -> None:
    assert PASSWORD not in text("ah")
    assert "rule_ah_4" in template("ah")["resources"]


def test_two_members_of_one_name_are_two_resources() -> None:
    deployment = deployments.deployment()
    first, second = deployment.nodes
    twins = replace(deployment, nodes=(first, replace(second, name=first.name)))
    document = yaml.safe_load(heat.text(deployments.spec(deployment), twins))
    assert {"member_test01", "member_test01_0000000c"} <= set(document["resources"])
