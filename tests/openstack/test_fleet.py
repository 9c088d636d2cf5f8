"""Many at a time: bounded, each by itself, and soon at an end when it is interrupted."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import TypeVar

import pytest

from tests.lab.api.rest import EMPTY
from tests.openstack.connected import SDK_WARNINGS, Connected, connected
from tests.openstack.faulty_proxy import Asked, Fault
from tests.topology import wait_until
from vipkeeper.errors import CloudError
from vipkeeper.openstack import applying, fleet, interruption
from vipkeeper.openstack.applying import Outcome
from vipkeeper.openstack.declaration.spec import VipSpec

pytestmark = [*SDK_WARNINGS, pytest.mark.timeout(400)]

VIPS = 10
T = TypeVar("T")


def gather(results: Iterator[T], into: list[T]) -> None:
    """What has come is there even if it is interrupted."""
    for one in results:
        into.append(one)


def test_results_come_as_they_are_finished() -> None:
    gates = {name: threading.Event() for name in "abc"}

    def do(name: str) -> str:
        assert gates[name].wait(10)
        return name.upper()

    results = fleet.each("abc", do, jobs=3)
    for name in "bca":
        gates[name].set()
        finished = next(results)
        assert (finished.item, finished.value, finished.error) == (name, name.upper(), None)
    assert list(results) == []


def test_no_more_run_than_it_is_told() -> None:
    lock, most, now = threading.Lock(), 0, 0

    def do(_: int) -> None:
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1

    assert len(list(fleet.each(range(20), do, jobs=3))) == 20
    assert most == 3


def test_one_failure_does_not_stop_the_others() -> None:
    def do(number: int) -> int:
        if number == 1:
            raise CloudError("count", "it is one")
        return number

    finished = {one.item: one for one in fleet.each(range(4), do, jobs=2)}
    assert [finished[n].value for n in range(4)] == [0, None, 2, 3]
    assert isinstance(finished[1].error, CloudError)


def test_a_fault_of_the_program_is_not_hidden() -> None:
    def do(number: int) -> int:
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        list(fleet.each([0, 1, 2], do, jobs=1))


def test_ctrl_c_ends_what_is_under_way_and_begins_no_more() -> None:
    begun: list[int] = []

    def do(number: int) -> str:
        begun.append(number)
        while not interruption.is_asked():
            interruption.pause(10)
        return "stopped"

    def interrupt() -> None:
        wait_until(lambda: len(begun) == 2, what="both to be under way")
        os.kill(os.getpid(), signal.SIGINT)

    results: list[fleet.Finished[int, str]] = []
    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        gather(fleet.each(range(100), do, jobs=2), results)
    interrupter.join()
    assert time.monotonic() - started < 5
    assert {one.item: one.value for one in results} == {0: "stopped", 1: "stopped"}
    assert begun == [0, 1]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    with connected(tmp_path_factory.mktemp("clouds"), EMPTY) as there:
        quota = {"quota": {"security_group": 50, "security_group_rule": 500}}
        network = str(there.member.make("network", name="net")["id"])
        there.member.make("subnet", network_id=network, cidr="10.1.0.0/24", ip_version=4)
        ports = [{"network_id": network, "name": f"node{n}"} for n in range(2 * VIPS)]
        there.member.post("ports", {"ports": ports})
        with there.admin() as admin:
            admin.put(f"quotas/{there.member.project_id}", quota)
        yield there


def specs() -> list[VipSpec]:
    return [
        VipSpec.model_validate(
            {
                "name": f"vip{n}",
                "network": "net",
                "addresses": [f"10.1.0.{200 + n}"],
                "members": [{"port": f"node{2 * n}"}, {"port": f"node{2 * n + 1}"}],
            }
        )
        for n in range(VIPS)
    ]


def test_a_fleet_authenticates_once_and_each_costs_the_same(there: Connected) -> None:
    there.proxy.forget()
    with there.cloud() as cloud:
        first = list(fleet.each(specs(), lambda spec: applying.apply(cloud, spec), jobs=8))
        outcomes = [one.value for one in first if one.value is not None]
        assert [outcome.error for outcome in outcomes] == [None] * VIPS
        assert all(outcome.is_in_place for outcome in outcomes)
        tokens = Asked("POST", "/identity/v3/auth/tokens")
        assert there.proxy.seen.count(tokens) == 1
        assert cloud.requests == len(there.proxy.seen)

        again = list(fleet.each(specs(), lambda spec: applying.apply(cloud, spec), jobs=8))
        each = {one.value.requests for one in again if one.value is not None}
        assert len(each) == 1
        assert all(one.value is not None and one.value.done == () for one in again)
        vrids = {one.value.deployment.vrid for one in again if one.value and one.value.deployment}
        assert len(vrids) == VIPS

        gone = fleet.each(
            [spec.name for spec in specs()], lambda name: applying.remove(cloud, name), jobs=8
        )
        assert all(one.value is not None and one.value.is_in_place for one in gone)
        assert cloud.inventory().ports == ()


def test_an_apply_that_is_interrupted_ends_before_its_next_step(there: Connected) -> None:
    there.proxy.forget()
    changes = 0

    def choose(asked: Asked) -> Fault | None:
        nonlocal changes
        changes += asked.changes and not asked.is_of_keystone
        if changes == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return None

    there.proxy.choose = choose
    finished: list[fleet.Finished[VipSpec, Outcome]] = []
    with there.cloud() as cloud:
        with pytest.raises(KeyboardInterrupt):
            gather(fleet.each(specs(), lambda one: applying.apply(cloud, one), jobs=1), finished)
        there.proxy.forget()
        (one,) = finished
        assert one.value is not None
        outcome = one.value
        assert "it was interrupted" in str(outcome.error)
        assert 1 <= len(outcome.done) < 5
        assert applying.apply(cloud, specs()[0]).is_in_place
        assert applying.remove(cloud, specs()[0].name).is_in_place
