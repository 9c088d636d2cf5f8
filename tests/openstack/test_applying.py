"""A virtual IP is applied and removed over real HTTP, and whatever can fail does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.openstack.cloud_state import State, state
from tests.openstack.connected import ADDRESS, SDK_WARNINGS, Connected, connected, web
from tests.openstack.faulty_proxy import RETRY_AFTER_S, Fault
from vipkeeper.openstack import applying, waiting
from vipkeeper.openstack.applying import Outcome
from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.declaration import spec_text
from vipkeeper.openstack.declaration.spec import VipSpec

pytestmark = [*SDK_WARNINGS, pytest.mark.timeout(400)]

LOOKS_TOO = frozenset((Fault.CUT, Fault.GARBAGE))
"""What lists fail with as well, no answer and a wrong one: each such look begins anew."""


@pytest.fixture(scope="module")
def walkthrough(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    with connected(tmp_path_factory.mktemp("clouds")) as there:
        there.member.get("ports")  # the first request starts the APIs
        yield there


@pytest.fixture(scope="module")
def dual_stack(walkthrough: Connected) -> VipSpec:
    """On a network with both families, of ports that have no server yet."""
    member = walkthrough.member
    network = str(member.make("network", name="dual")["id"])
    router = member.get("routers")["routers"][0]["id"]
    for version, cidr in ((4, "10.3.0.0/24"), (6, "fd00:3::/64")):
        subnet = member.make("subnet", network_id=network, cidr=cidr, ip_version=version)["id"]
        if version == 4:
            member.put(f"routers/{router}/add_router_interface", {"subnet_id": subnet})
    for name in ("one", "two", "three"):
        member.make("port", network_id=network, name=name)
    return web(
        name="both",
        network="dual",
        families=[4, 6],
        addresses=["10.3.0.200", "fd00:3::c8"],
        members=[{"port": name} for name in ("one", "two", "three")],
        floating_ip=None,
        anti_affinity=True,
    )


@pytest.fixture(scope="module")
def before(walkthrough: Connected, dual_stack: VipSpec) -> State:
    del dual_stack  # its network is there from the beginning
    return state(walkthrough.member)


@pytest.fixture(scope="module")
def in_place(walkthrough: Connected, before: State) -> State:
    """The cloud after an apply that nothing disturbed."""
    with walkthrough.cloud() as cloud:
        assert apply(cloud).is_in_place
        found = state(walkthrough.member)
        assert applying.remove(cloud, "web").is_in_place
    assert state(walkthrough.member) == before
    return found


@pytest.fixture
def cloud(walkthrough: Connected, in_place: State, before: State) -> Iterator[Cloud]:
    """With nothing of the virtual IP in it, before and after."""
    walkthrough.proxy.forget()
    with walkthrough.cloud() as cloud:
        yield cloud
        walkthrough.proxy.forget()
        assert applying.remove(cloud, "web").error is None
    assert state(walkthrough.member) == before


def apply(cloud: Cloud, spec: VipSpec | None = None, patience_s: float = 60.0) -> Outcome:
    return applying.apply(cloud, spec or web(), patience_s=patience_s, pause=lambda _: None)


def remove(cloud: Cloud, patience_s: float = 60.0) -> Outcome:
    return applying.remove(cloud, "web", patience_s=patience_s, pause=lambda _: None)


def test_it_is_put_in_place_and_then_nothing_is_left_to_do(
    walkthrough: Connected, cloud: Cloud, in_place: State
) -> None:
    first = apply(cloud)
    assert first.is_in_place
    assert [type(step).__name__ for step in first.done] == [
        "CreateGroup",
        "CreateRule",
        "CreateRule",
        "CreatePort",
        "ChangePort",
        "ChangePort",
        "CreateFloatingIp",
    ]
    assert first.plan is not None
    assert first.done == first.plan.steps
    assert state(walkthrough.member) == in_place
    assert ("test01", "compute:nova") in [port[:2] for port in in_place["ports"]]
    (ours,) = [port for port in in_place["ports"] if port[0] == "test01"]
    assert {ADDRESS, "192.168.100.196", "web-vip", "web", "vrrp"} <= set(ours)
    waiting.wait(cloud, web(), timeout_s=20)

    walkthrough.proxy.forget()
    again = apply(cloud)
    assert (again.is_in_place, again.done) == (True, ())
    assert again.requests == len(walkthrough.proxy.seen) == 17
    assert {asked.method for asked in walkthrough.proxy.seen} == {"GET"}
    assert first.deployment is not None
    assert first.deployment == again.deployment


def test_it_is_removed_and_then_nothing_is_left_to_remove(
    walkthrough: Connected, cloud: Cloud, before: State
) -> None:
    assert apply(cloud).is_in_place
    assert remove(cloud).is_in_place
    assert state(walkthrough.member) == before
    walkthrough.proxy.forget()
    again = remove(cloud)
    assert (again.is_in_place, again.done) == (True, ())
    assert {asked.method for asked in walkthrough.proxy.seen} == {"GET"}


@pytest.mark.parametrize("fault", [one for one in Fault if one is not Fault.HANG])
def test_every_request_may_fail_once(
    walkthrough: Connected, cloud: Cloud, in_place: State, before: State, fault: Fault
) -> None:
    only_changes = fault not in LOOKS_TOO
    walkthrough.proxy.once_each(fault, only_changes=only_changes)
    outcome = apply(cloud)
    assert outcome.error is None
    assert outcome.is_in_place
    assert walkthrough.proxy.faults >= (16 if only_changes else 26)
    assert state(walkthrough.member) == in_place

    walkthrough.proxy.once_each(fault, only_changes=only_changes)
    outcome = remove(cloud)
    assert outcome.error is None
    assert outcome.is_in_place
    assert state(walkthrough.member) == before


def test_it_goes_on_wherever_it_was_killed(
    walkthrough: Connected, cloud: Cloud, in_place: State, before: State
) -> None:
    """Each run ends after one more change; the next one begins with what that left."""
    for run, wanted, least in ((apply, in_place, 15), (remove, before, 12)):
        killed = 0
        walkthrough.proxy.die_after(1)
        while not (outcome := run(cloud, patience_s=0.0)).is_in_place:
            assert outcome.error is not None
            assert killed < 60
            killed += 1
            walkthrough.proxy.die_after(1)
        assert killed >= least
        assert state(walkthrough.member) == wanted


@pytest.mark.parametrize("addresses", [[ADDRESS], []], ids=["declared", "chosen"])
def test_two_at_once_end_with_one_virtual_ip(
    walkthrough: Connected, cloud: Cloud, in_place: State, addresses: list[str]
) -> None:
    """Where the cloud chooses the address both may have made a port: the older one stays."""
    spec = web(addresses=addresses)
    with walkthrough.cloud() as other, ThreadPoolExecutor(2) as pool:
        both = [pool.submit(applying.apply, one, spec) for one in (cloud, other)]
        assert [one.result().error for one in both] == [None, None]
    # Who was first in place may have been so before the other one's were tidied away.
    last = apply(cloud, spec)
    assert last.is_in_place
    assert last.deployment is not None
    address = last.deployment.addresses[0].interface
    assert address is not None
    text = repr(state(walkthrough.member)).replace(f"vrid={last.deployment.vrid}", "vrid=50")
    assert text.replace(f"'{address.ip}'", f"'{ADDRESS}'") == repr(in_place)


def test_what_blocks_it_is_told_and_nothing_is_done(
    walkthrough: Connected, cloud: Cloud, before: State
) -> None:
    outcome = apply(cloud, web(network="nowhere"))
    assert not outcome.is_in_place
    assert (outcome.error, outcome.done) == (None, ())
    assert outcome.left is not None
    assert outcome.left.blockers
    assert state(walkthrough.member) == before


def test_a_refusal_that_stays_ends_it(walkthrough: Connected, cloud: Cloud) -> None:
    walkthrough.proxy.choose = lambda asked: (
        Fault.CONFLICT if (asked.method, asked.path[-6:]) == ("POST", "/ports") else None
    )
    outcome = apply(cloud)
    assert outcome.error is not None
    assert outcome.error.status == 409
    assert str(outcome.error) == (
        "cannot create port web-vip: HTTP 409: 409, and nothing was done (req-injected)"
    )
    assert [type(step).__name__ for step in outcome.done][:3] == [
        "CreateGroup",
        "CreateRule",
        "CreateRule",
    ]


def test_each_failure_that_is_not_the_end_is_told(walkthrough: Connected, cloud: Cloud) -> None:
    left = [Fault.CUT, Fault.BUSY, Fault.ERROR]
    walkthrough.proxy.choose = lambda asked: (
        left.pop(0) if left and asked.path.endswith("/extensions") else None
    )
    told: list[tuple[str, float]] = []
    waited: list[float] = []
    outcome = applying.apply(
        cloud,
        web(),
        failed=lambda error, again_s: told.append((error.message, again_s)),
        pause=waited.append,
    )
    assert outcome.is_in_place
    assert [again_s for _, again_s in told] == waited
    assert len(told) == 3
    assert "Connection reset" in told[0][0]
    assert "HTTP 429" in told[1][0]
    assert waited[1] >= RETRY_AFTER_S > max(waited[0], waited[2])


def test_the_command_tells_of_each_failure_in_a_line(
    walkthrough: Connected, cloud: Cloud, in_place: State, tmp_path: Path
) -> None:
    left = [Fault.CUT, Fault.ERROR]
    walkthrough.proxy.choose = lambda asked: (
        left.pop(0) if left and asked.path.endswith("/extensions") else None
    )
    spec = tmp_path / "web.yaml"
    spec.write_text(spec_text.text(web()))
    done = subprocess.run(
        [Path(sys.executable).with_name("vipkeeper"), "vip", "apply", "--cloud", "lab", spec],
        env={**os.environ, "OS_CLIENT_CONFIG_FILE": str(walkthrough.clouds_yaml)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    for line, words in zip(lines, ("Connection reset", "HTTP 500"), strict=True):
        assert re.search(rf"web  cannot list .*{words}.*; looking again in \d s$", line)
    assert "looking again" not in done.stdout
    assert state(walkthrough.member) == in_place


@pytest.mark.parametrize("address", ["10.3.0.99", None], ids=["declared", "chosen"])
@pytest.mark.parametrize("fault", [None, Fault.CUT_AFTER, Fault.CONFLICT])
def test_it_moves_to_another_network_with_its_floating_ip(
    walkthrough: Connected, cloud: Cloud, before: State, fault: Fault | None, address: str | None
) -> None:
    first = apply(cloud)
    assert first.is_in_place
    assert first.deployment is not None
    members = [{"port": name} for name in ("one", "two")]
    moved = web(network="dual", addresses=[address] if address else [], members=members)
    if fault is not None:
        walkthrough.proxy.once_each(fault, only_changes=True)
    outcome = apply(cloud, moved)
    assert outcome.error is None
    assert outcome.is_in_place, outcome.left
    assert outcome.plan is not None
    assert "vip-moves" in [one.code for one in outcome.plan.remarks]
    assert outcome.deployment is not None
    assert outcome.deployment.network_name == "dual"
    assert outcome.deployment.floating_ip == first.deployment.floating_ip
    there = state(walkthrough.member)
    servers = [port for port in there["ports"] if port[0].startswith("test")]
    assert servers == [port for port in before["ports"] if port[0].startswith("test")]
    assert [port[0] for port in there["ports"]].count("web-vip") == 1
    assert len(there["groups"]) == len(before["groups"]) + 1
    led = [one for one in there["floating IPs"] if one[0] == "web-vip"]
    assert [one[1] for one in led] == [str(outcome.deployment.addresses[0].interface).split("/")[0]]
    assert len(there["floating IPs"]) == len(before["floating IPs"]) + 1
    again = apply(cloud, moved)
    assert (again.is_in_place, again.done) == (True, ())


@pytest.mark.parametrize("fault", [None, Fault.CUT_AFTER])
def test_both_families_with_a_server_group(
    walkthrough: Connected, dual_stack: VipSpec, fault: Fault | None
) -> None:
    walkthrough.proxy.forget()
    before = state(walkthrough.member)
    with walkthrough.cloud() as cloud:
        if fault is not None:
            walkthrough.proxy.once_each(fault, only_changes=True)
        outcome = apply(cloud, dual_stack)
        assert outcome.error is None
        assert outcome.is_in_place, outcome.left
        there = state(walkthrough.member)
        ports = {port[0]: port for port in there["ports"] if port[0] in ("one", "both-vip6")}
        assert {"10.3.0.200", "fd00:3::c8", "both-vip"} <= set(ports["one"])
        assert "fd00:3::c8" in ports["both-vip6"]
        assert there["server groups"] == [("both-vip", "anti-affinity")]
        assert len(there["ports"]) == len(before["ports"]) + 2
        assert len(there["groups"]) == len(before["groups"]) + 1

        if fault is not None:
            walkthrough.proxy.once_each(fault, only_changes=True)
        outcome = applying.remove(cloud, "both", pause=lambda _: None)
        assert outcome.error is None
        assert outcome.is_in_place, outcome.left
    assert state(walkthrough.member) == before


@pytest.mark.parametrize("fault", [Fault.CUT_AFTER, Fault.CONFLICT, Fault.HALF, Fault.GARBAGE])
def test_an_adoption_has_the_same_patience(
    walkthrough: Connected, cloud: Cloud, before: State, fault: Fault
) -> None:
    """Whatever fails once: the marks are those that an adoption has that nothing disturbs."""
    found = []
    for only in (None, fault):
        if only is not None:
            walkthrough.proxy.once_each(only, only_changes=only is not Fault.GARBAGE)
        id = cloud_id(walkthrough, "USER-vip")
        outcome = applying.adopt(cloud, id, "web", {}, pause=lambda _: None)
        assert outcome.error is None
        assert outcome.is_in_place, outcome.left
        found.append(state(walkthrough.member))
        walkthrough.proxy.forget()
        assert remove(cloud).is_in_place
        assert state(walkthrough.member) == before
    assert found[0] == found[1] != before
    assert "web" in repr(found[0])


def cloud_id(walkthrough: Connected, port: str) -> str:
    (found,) = walkthrough.member.get(f"ports?name={port}")["ports"]
    return str(found["id"])
