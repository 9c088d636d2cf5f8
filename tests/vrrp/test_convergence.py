"""First faults, then none: whatever was cut, killed and restarted, one router holds the addresses.

Several routers with random parameters on a link that loses packets, is cut in one direction or
both, and whose nodes lose power and come back; then all is healed, and it must converge.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vrrp.examples import V2, V3
from tests.vrrp.link import Link, Node
from vipkeeper.vrrp.router import VirtualRouter
from vipkeeper.vrrp.states import Active, HandingOver
from vipkeeper.vrrp.version import CENTISECOND_NS, SECOND_NS

MS = 1_000_000


@st.composite
def routers(draw: st.DrawFn, base: VirtualRouter) -> list[VirtualRouter]:
    count = draw(st.integers(2, 4))
    intervals = st.integers(10, 200).map(lambda cs: cs * CENTISECOND_NS)
    return [
        replace(
            base,
            priority=draw(st.integers(1, 255)),
            primary_address=IPv4Address(f"192.168.100.{10 + n}"),
            preempt=draw(st.booleans()),
            preempt_delay_ns=draw(st.sampled_from((0, 0, 2 * SECOND_NS))),
            answer_losing_adverts=draw(st.booleans()),
            advertisement_interval_ns=(
                draw(intervals) if base.version.learns_interval else SECOND_NS
            ),
        )
        for n in range(count)
    ]


FAULTS = st.lists(
    st.tuples(
        st.sampled_from(("power off", "stop", "start", "cut", "heal")),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 3 * SECOND_NS),
    ),
    max_size=12,
)


@pytest.mark.parametrize("base", [V2, V3], ids=["v2", "v3"])
@given(data=st.data(), faults=FAULTS, latency_ns=st.integers(1, 5 * MS))
@settings(max_examples=60, deadline=None)
def test_one_router_is_left(
    base: VirtualRouter,
    data: st.DataObject,
    faults: list[tuple[str, int, int, int]],
    latency_ns: int,
) -> None:
    wire = Link([Node(router) for router in data.draw(routers(base))], latency_ns)
    cut: set[tuple[int, int]] = set()
    number = {id(node): n for n, node in enumerate(wire.nodes)}
    wire.hears = lambda sender, receiver: (number[id(sender)], number[id(receiver)]) not in cut
    wire.start(*wire.nodes)
    for fault, first, second, pause in faults:
        node = wire.nodes[first % len(wire.nodes)]
        match fault:
            case "power off":
                wire.power_off(node)
            case "stop":
                wire.stop(node)
            case "start":
                wire.start(node)
            case "cut":
                cut.add((first, second))
            case "heal":
                cut.discard((first, second))
        wire.run_until(wire.elapsed_ns + pause)
        for node in wire.nodes:
            assert node.holds_addresses is isinstance(node.state, Active | HandingOver)

    cut.clear()
    wire.run_until(wire.elapsed_ns + 10 * SECOND_NS)  # who was stopped has handed over
    wire.start(*wire.nodes)
    wire.run_until(wire.elapsed_ns + 30 * SECOND_NS)
    (holder,) = [node for node in wire.nodes if node.holds_addresses]

    # And it stays so, with all others listening.
    wire.run_until(wire.elapsed_ns + 10 * SECOND_NS)
    assert [node for node in wire.nodes if node.holds_addresses] == [holder]
    if all(node.router.preempt for node in wire.nodes):
        assert holder.router.priority == max(node.router.priority for node in wire.nodes)
