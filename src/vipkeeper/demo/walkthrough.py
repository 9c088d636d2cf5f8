"""The eight steps of the walkthrough (docs/guide/walkthrough.md), on its cloud.

Each function is a step: it acts, looks, and yields what it saw as it goes. They follow upon each
other: when a step begins, test01 is active and both nodes are up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from vipkeeper.demo import adverts
from vipkeeper.demo.failover import Bound, Fault
from vipkeeper.demo.observation import (
    ADDRESS,
    ADDRESS_OUTSIDE,
    VIP,
    VIP_OUTSIDE,
    addresses,
    journal,
    mac_address,
    narrow,
    neighbours,
    run,
    web_answer,
)
from vipkeeper.demo.scene import Scene
from vipkeeper.demo.step import Check

# RFC 9568 6.1 with the walkthrough's values, advertisements each second and test02's priority 50:
# skew time (256 - 50) / 256 = 0.805 s, active down interval 3 + 0.805 s.
_SKEW_MS = 805
_INTERVAL_MS = 1_000
_DOWN_MS = 3 * _INTERVAL_MS + _SKEW_MS
_TAKEOVER_S = 10.0
_BOOT_S = 20.0


_AFTER_PRIORITY_0 = Bound(0, _SKEW_MS, "told by priority 0, test02 waits its skew time")
_AT_A_HANDOVER = Bound(0, 0, "told to stop, it answers until test02 does")
_AFTER_SILENCE = Bound(
    _DOWN_MS - _INTERVAL_MS, _DOWN_MS, "nobody told it, it waits three intervals and the skew time"
)
_AT_A_RETURN = Bound(0, 0, "test01 preempts, and test02 yields when it hears it")


@dataclass(frozen=True, slots=True)
class Step:
    id: str
    title: str
    go: Callable[[Scene], Iterator[Check]]


def own_floating_ips(scene: Scene) -> Iterator[Check]:
    for host, address in ADDRESS_OUTSIDE.items():
        yield web_answer(scene.lab, "client", address, host)


def one_node_holds_the_vip(scene: Scene) -> Iterator[Check]:
    yield addresses(scene.lab, "test01", holds_vip=True)
    yield addresses(scene.lab, "test02", holds_vip=False)


def vip_answers(scene: Scene) -> Iterator[Check]:
    yield web_answer(scene.lab, "client", VIP_OUTSIDE, "test01")
    # From inside to the floating IP and back inside: the router must hairpin.
    yield web_answer(scene.lab, "test02", VIP_OUTSIDE, "test01")


def node_goes(scene: Scene) -> Iterator[Check]:
    lab = scene.lab
    shut_down = Fault(
        "clean shutdown",
        "test01",
        "shutdown -h now",
        lambda: run(lab, "test01", "shutdown -h now", timeout=_BOOT_S),
    )
    yield from _test02_takes_over(scene, shut_down, _AFTER_PRIORITY_0)
    yield from _test01_returns(scene, "return")
    pull_the_plug = Fault(
        "power cut", "", "vipkeeper lab poweroff test01", lambda: lab.poweroff("test01")
    )
    yield from _test02_takes_over(scene, pull_the_plug, _AFTER_SILENCE)
    yield from _test01_returns(scene, "return after power cut")


def _test02_takes_over(scene: Scene, fault: Fault, bound: Bound) -> Iterator[Check]:
    with scene.failover(fault.name) as drill:
        drill.wait_for("test01", timeout=_TAKEOVER_S)
        scene.watcher.doing(f"{fault.command}: test02 is to take over")
        fault.act()
        drill.wait_for("test02", timeout=_TAKEOVER_S)
        after = [
            addresses(scene.lab, "test02", holds_vip=True),
            web_answer(scene.lab, "client", VIP_OUTSIDE, "test02"),
        ]
    yield fault.check(drill.measurement, bound)
    yield from after


def _test01_returns(scene: Scene, name: str) -> Iterator[Check]:
    start = Fault(name, "", "vipkeeper lab start test01", lambda: scene.lab.start("test01"))
    with scene.failover(name) as drill:
        drill.wait_for("test02", timeout=_TAKEOVER_S)
        scene.watcher.doing("test01 starts again, and takes the virtual IP back")
        start.act()
        drill.wait_for("test01", timeout=_BOOT_S)
    yield start.check(drill.measurement, _AT_A_RETURN)


def journal_tells(scene: Scene) -> Iterator[Check]:
    yield journal(
        scene.lab,
        "test02",
        [
            "(vrrp_group_1) Entering BACKUP STATE (init)",
            "(vrrp_group_1) Entering MASTER STATE",
            f"(vrrp_group_1) Master received advert from {ADDRESS['test01']}"
            " with higher priority 100, ours 50",
            "(vrrp_group_1) Entering BACKUP STATE",
        ],
    )


def advertisements(scene: Scene) -> Iterator[Check]:
    count = 3
    command = adverts.COMMAND.format(count=count)
    scene.watcher.doing(f"listening to {count} advertisements on both nodes")
    with ThreadPoolExecutor(len(ADDRESS)) as both:
        seen = both.map(lambda host: run(scene.lab, host, command, timeout=_TAKEOVER_S), ADDRESS)
    for output in seen:
        yield adverts.check(output, ADDRESS["test01"], 100, count)


def one_mac_address(scene: Scene) -> Iterator[Check]:
    for address in (ADDRESS["test01"], VIP):
        run(scene.lab, "test02", f"ping -c 1 -W 2 {address}")
    seen = run(scene.lab, "test02", "arp -n")
    table = neighbours(seen.text)
    mac = mac_address(scene.lab, "test01")
    yield seen.check(
        f"{ADDRESS['test01']} and {VIP} are both at test01's MAC address, {mac}",
        table.get(ADDRESS["test01"]) == table.get(VIP) == mac,
        narrow(seen.text),
    )


def daemon_stops(scene: Scene) -> Iterator[Check]:
    lab = scene.lab
    command = "systemctl stop keepalived"
    stop = Fault("service stop", "test01", command, lambda: run(lab, "test01", command))
    yield from _test02_takes_over(scene, stop, _AT_A_HANDOVER)
    mac = mac_address(lab, "test02")
    run(lab, "test01", "ip -s -s neigh flush all")
    scene.watcher.doing("test01 asks who has the virtual IP")
    seen = run(lab, "test01", f"arping -c 2 -i eth0 {VIP}")
    yield seen.check(
        f"{VIP} is at test02's MAC address, {mac}",
        seen.code == 0 and f"from {mac} " in seen.text,
        seen.lines(r"bytes from", r"packets transmitted"),
    )
    seen = run(lab, "test01", f"ping -c 2 -i 0.2 -W 2 {VIP}")
    yield seen.check(
        f"{VIP} answers",
        seen.code == 0,
        seen.lines(r"bytes from", r"packets transmitted"),
    )
    seen = run(lab, "test01", "arp -n")
    yield seen.check(f"{VIP} is at {mac}", neighbours(seen.text).get(VIP) == mac, narrow(seen.text))


STEPS = (
    Step("step-1", "Each node answers for its own floating IP", own_floating_ips),
    Step("step-2", "test01 holds the virtual IP, test02 does not", one_node_holds_the_vip),
    Step("step-3", "The virtual IP leads to test01, from outside and inside", vip_answers),
    Step("step-4", "test01 shuts down, or loses power: test02 takes over", node_goes),
    Step("step-5", "test02's journal tells what happened", journal_tells),
    Step("step-6", "The advertisements, decoded on both nodes", advertisements),
    Step("step-7", "For test02, both addresses are at test01's MAC", one_mac_address),
    Step("step-8", "Only keepalived stops on test01: test02 takes over", daemon_stops),
)
