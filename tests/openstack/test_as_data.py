"""What programs get: every key there, nothing secret."""

from __future__ import annotations

import json

from tests.openstack import clouds
from vipkeeper.errors import CloudError, VipkeeperError
from vipkeeper.openstack import as_data
from vipkeeper.openstack.plans import planning
from vipkeeper.openstack.plans.plan import Plan


def planned(**declared: object) -> Plan:
    return planning.plan(clouds.declared(**declared), clouds.walkthrough())


def test_a_plan_can_be_written_as_json_and_keeps_its_keys() -> None:
    data = json.loads(json.dumps(as_data.plan(planned())))
    assert list(data) == [
        "name",
        "state",
        "exists",
        "back_end",
        "remarks",
        "steps",
        "deployment",
    ]
    assert data["state"] == "changes"
    assert data["back_end"] == {
        "kind": "agents",
        "distributed": False,
        "routed": True,
        "rejects_multicast_pairs": False,
    }


def test_steps_say_what_they_do_and_have_their_values() -> None:
    steps = as_data.plan(planned())["steps"]
    kinds = [step["do"] for step in steps]
    assert kinds[0] == "create-group"
    assert {"create-rule", "create-port", "change-port", "create-floating-ip"} <= set(kinds)
    (port,) = [step for step in steps if step["do"] == "create-port"]
    assert port["address"] == clouds.VIP
    assert port["sentence"].startswith("create the VIP port web-vip")
    assert port["command"].startswith("openstack port create ")
    assert "vipkeeper-vip" in port["tags"]


def test_a_deployment_says_all_but_the_password() -> None:
    vrrp = {"authentication": {"type": "pass", "password": "hush"}}
    plan = planned(vrrp=vrrp)
    text = json.dumps(as_data.plan(plan))
    assert "hush" not in text
    assert plan.deployment
    deployment = as_data.deployment(plan.deployment)
    assert deployment["network"] == {"id": "net-int_net", "name": "int_net"}
    assert deployment["addresses"] == [
        {
            "family": 4,
            "address": clouds.VIP,
            "cidr": "192.168.100.0/24",
            "subnet_id": "subnet-int_net",
            "port_id": None,
        }
    ]
    assert [(one["name"], one["priority"]) for one in deployment["members"]] == [
        ("test01", 100),
        ("test02", 50),
    ]
    assert deployment["vrrp"]["authentication"] == "pass"
    assert deployment["vrrp"]["version"] == 2
    assert deployment["service_ports"] == [
        {"protocol": "tcp", "first": 80, "last": 80, "from": None}
    ]


def test_a_spec_is_its_document_without_the_password() -> None:
    document = as_data.document(
        clouds.declared(vrrp={"authentication": {"type": "pass", "password": "hush"}})
    )
    assert document["name"] == "web"
    assert document["address"] == clouds.VIP
    assert "hush" not in json.dumps(document)


def test_the_three_states() -> None:
    assert as_data.state(planned()) == "changes"
    blocked = planned(network="nowhere")
    assert as_data.state(blocked) == "blocked"
    assert as_data.plan(blocked)["deployment"] is None


def test_an_error_of_the_cloud_has_its_words_apart() -> None:
    error = CloudError("list ports", "down", status=503, request_id="req-1", remedy="wait")
    assert as_data.error(error) == {
        "message": "cannot list ports: HTTP 503: down (req-1)",
        "remedy": "wait",
        "operation": "list ports",
        "words": "down",
        "status": 503,
        "request_id": "req-1",
    }
    assert as_data.error(VipkeeperError("no")) == {"message": "no", "remedy": ""}
