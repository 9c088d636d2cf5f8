"""A ruleset that was reached by differences is the one that is loaded at once."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.topology import Network
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.port_security import Ruleset, ruleset, stages, transaction
from vipkeeper.lab.ports import AddressPair, Member, Port
from vipkeeper.lab.security_groups import SecurityGroup, SecurityGroupRule, default_group

STEPS = 40
PAIRS = (
    AddressPair("192.168.100.201"),
    AddressPair("192.168.100.200/29"),
    AddressPair("192.168.0.0/16"),
    AddressPair("0.0.0.0/0"),
    AddressPair("192.168.100.201", "00:00:5e:00:01:33"),
    AddressPair("2001:db8::201"),
    AddressPair("2001:db8::/64"),
)
RULES = (
    SecurityGroupRule("egress"),
    SecurityGroupRule("ingress", protocol="vrrp"),
    SecurityGroupRule("ingress", protocol="tcp", port_range_min=80, port_range_max=443),
    SecurityGroupRule("ingress", remote_group="default"),
    SecurityGroupRule("ingress", "IPv6", remote_group="web"),
    SecurityGroupRule("egress", "IPv6", protocol="icmp", port_range_min=128),
)


class Filter:
    """nft in a network namespace, where rules are loaded and listed."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def load(self, text: str) -> None:
        command = [*self._network.enter, "nft", "-f", "-"]
        ended = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
        assert ended.returncode == 0, f"{ended.stderr}\n{text}"

    def listing(self) -> list[str]:
        """All objects, elements and rules without their handles, in an order that is theirs."""
        entries = json.loads(self._network.run("nft", "-j", "list", "ruleset"))["nftables"]
        return sorted(self._without_handles(entries))

    def _without_handles(self, entries: list[dict[str, dict[str, Any]]]) -> Iterator[str]:
        position: dict[tuple[str, str], int] = {}
        for entry in entries:
            for kind, value in entry.items():
                if kind == "metainfo":
                    continue
                value.pop("handle", None)
                if kind == "rule":
                    chain = (value["table"], value["chain"])
                    value["position"] = position[chain] = position.get(chain, -1) + 1
                elements = value.pop("elem", [])
                yield json.dumps([kind, value], sort_keys=True)
                for element in elements:
                    yield json.dumps([kind, value["name"], element], sort_keys=True)


@pytest.fixture(scope="module")
def filters() -> Iterator[tuple[Filter, Filter]]:
    with closing(Network()) as one, closing(Network()) as other:
        yield Filter(one), Filter(other)


def some(chance: random.Random, of: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(chance.sample(of, chance.randint(0, min(3, len(of)))))


def drawn(chance: random.Random) -> Ruleset:
    groups = [
        SecurityGroup("web", some(chance, RULES), stateful=chance.random() < 0.8),
        SecurityGroup("other", some(chance, RULES)),
        default_group(),
    ]
    names = tuple(group.name for group in groups)
    ports = [
        Port(
            f"port{number}",
            f"tap{number}",
            chance.choice(("one", "two")),
            f"fa:16:3e:00:00:{number:02x}",
            some(chance, (f"192.168.100.{number}", f"2001:db8::{number:x}")),
            some(chance, PAIRS),
            chance.random() < 0.8,
            some(chance, names),
            number=number,
            trusted=chance.random() < 0.1,
            admin_state_up=chance.random() < 0.9,
        )
        for number in range(1, 9)
        if chance.random() < 0.7
    ]
    unplugged = [
        Member((f"192.168.100.{last}",), some(chance, PAIRS), some(chance, names))
        for last in range(198, 206)
        if chance.random() < 0.3
    ]
    back_end = chance.choice(tuple(BackEnd))
    return ruleset(ports, groups, {"one": 1, "two": chance.choice((2, 3))}, unplugged, back_end)


def test_each_step_by_difference(filters: tuple[Filter, Filter]) -> None:
    by_difference, at_once = filters
    chance = random.Random(7)
    before = None
    for _ in range(STEPS):
        after = drawn(chance)
        by_difference.load(transaction(before, after))
        at_once.load(transaction(None, after))
        assert by_difference.listing() == at_once.listing()
        assert transaction(after, after) == ""
        before = after


def test_in_stages(filters: tuple[Filter, Filter], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vipkeeper.lab.port_security._AT_ONCE", 20)
    in_stages, at_once = filters
    chance = random.Random(8)
    before = None
    for _ in range(STEPS // 4):
        after = drawn(chance)
        for stage in stages(before, after):
            in_stages.load(transaction(before, stage))
            before = stage
        assert before == after
        at_once.load(transaction(None, after))
        assert in_stages.listing() == at_once.listing()
