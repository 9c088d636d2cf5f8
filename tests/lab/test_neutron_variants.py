"""What a real Neutron did in each variant, the lab does too: column by column, from outside.

The labs of several variants run at once, since most of a variant is waiting for timers.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.lab.taps import Taps
from tests.lab.variants import (
    ADDRESSES,
    FLOATING,
    MASTER,
    NODES,
    VARIANTS,
    VIP,
    VIRTUAL_MAC,
    Answer,
    Data,
    Failover,
    Outcome,
    Variant,
    cloud,
)
from tests.topology import wait_until
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.client import Lab
from vipkeeper.lab.cloud.names import tap
from vipkeeper.lab.plane import identity
from vipkeeper.lab.spec import mac_address_of

AT_ONCE = 7
BOUND_S = 60.0  # for what comes in a few seconds unless the machine is very busy
SKEW_S = (256 - 100) / 256  # test02's, RFC 3768 6.1
MASTER_DOWN_S = 3 * 1.0 + SKEW_S
SETTLED_S = MASTER_DOWN_S + 1.5  # with keepalived's start, on a busy machine
TAPS: dict[str, str] = {node: tap(identity("port", node)) for node in NODES}
ROUTER = tap(identity("router_port", "router-qr-0"))
GARP_BURSTS = 10  # garp_master_repeat at once and again after garp_master_delay, 5 each
# Longer than the kernel asks for a MAC address (3 s), so that a call which gets no route has
# time to hear it; with the 2 s of the original, half of them end before.
CALL_S = 5.0
WATCHED_S = 3.0  # how long test02 is MASTER without an answer before that counts as never


class Trial:
    """One variant, played through on a lab of its own."""

    def __init__(self, variant: Variant, lab: Lab) -> None:
        self.variant = variant
        self.lab = lab
        self.taps = Taps(lab)

    def play(self) -> Outcome:
        for node in NODES:
            self.lab.run(node, ["systemctl", "start", "lighttpd"], check=True)
        if self.variant.static_arp:
            mac = mac_address_of("test01")
            entry = ["ip", "neigh", "replace", VIP, "lladdr", mac, "dev", "eth0", "nud"]
            self.lab.run("client03", [*entry, "permanent"], check=True)
        self.settle()
        states = (self.state("test01"), self.state("test02"))
        with ThreadPoolExecutor(2) as callers:
            fip = callers.submit(self.calls, "client", FLOATING)
            vip = callers.submit(self.calls, "client03", VIP)
        adverts, arp, data = self.adverts(), self.arp(), self.data()
        return Outcome(fip.result(), vip.result(), states, adverts, arp, data, self.failover())

    def settle(self) -> None:
        """Until it is clear who is MASTER, and all announcements have been made.

        test02 starts when test01 has spoken, so that no delay of this machine can let the
        lower priority be first.
        """
        self.start_keepalived("test01")
        self.wait_for_adverts("test01")
        self.start_keepalived("test02")
        settled = time.monotonic() + SETTLED_S
        wait_until(
            lambda: time.monotonic() > settled or self.advert_times("test02"),
            seconds=BOUND_S,
            what=f"{self.variant.name}: it is clear who is MASTER",
        )
        if self.advert_times("test02"):
            # Whose announcement comes last is believed, and believed only by who knows the
            # VIP already: let the router ask once, and test02 be the last.
            self.knock("client", FLOATING)
            self.knock("client03", VIP)
            wait_until(
                lambda: self.announcements_leaving("test02") >= GARP_BURSTS,
                seconds=BOUND_S,
                what=f"{self.variant.name}: test02 has announced the VIP",
            )

    def start_keepalived(self, node: str) -> None:
        self.lab.run(node, ["systemctl", "start", "keepalived"], check=True)

    def wait_for_adverts(self, node: str) -> None:
        wait_until(
            lambda: self.advert_times(node),
            seconds=BOUND_S,
            what=f"{self.variant.name}: {node} sends adverts",
        )

    def advert_times(self, node: str) -> list[float]:
        """When the node sent an advert, whether or not it got any further."""
        seen = self.taps.seen(TAPS[node], leaving=True)
        return [one.at for one in seen if one.is_advert_of(ADDRESSES[node])]

    def announcements_leaving(self, node: str) -> int:
        return sum(one.is_arp_for(VIP) for one in self.taps.seen(TAPS[node], leaving=True))

    def state(self, node: str) -> str:
        journal = self.lab.run(node, ["journalctl", "-u", "keepalived"], check=True).stdout
        states: list[str] = re.findall(r"Entering (\w+) STATE", journal)
        return states[-1]

    def knock(self, caller: str, address: str) -> str:
        """One short call, and who answers it."""
        call = ["curl", "-s", "-m", "0.4", f"http://{address}/"]
        return self.lab.run(caller, call, timeout=BOUND_S).stdout.strip()

    def calls(self, caller: str, address: str) -> Answer:
        """What four calls at once come to; 28 and 7 are curl's exit codes."""
        call = f"curl -s -m {CALL_S} http://{address}/ || echo $?"
        script = f"for call in 1 2 3 4; do ({call}) & done; wait"
        answers = set(self.lab.run(caller, ["sh", "-c", script], timeout=BOUND_S).stdout.split())
        for node in NODES:
            if answers == {node}:
                return node
        if answers == {"28"}:
            return "time-out"
        # The kernel limits how many ICMP errors it sends to one address (icmp_ratelimit).
        wanted = answers in ({"7"}, {"7", "28"})
        assert wanted, f"{self.variant.name}: {caller} got {answers} from {address}"
        return "no route"

    def adverts(self) -> frozenset[str]:
        return frozenset(
            f"{sender} to {receiver}"
            for sender in NODES
            for receiver, at in (*TAPS.items(), ("router", ROUTER))
            if any(one.is_advert_of(ADDRESSES[sender]) for one in self.taps.seen(at, leaving=False))
        )

    def arp(self) -> frozenset[str]:
        names = {mac_address_of(node): node for node in NODES} | {VIRTUAL_MAC: "virtual"}
        seen = self.taps.seen(ROUTER, leaving=False)
        speakers = frozenset(names[one.source_mac] for one in seen if one.is_arp_for(VIP))
        return speakers - self.variant.arp_by_chance

    def data(self) -> Data:
        arrived = [one for one in self.taps.seen(ROUTER, leaving=False) if one.is_syn_ack_of(VIP)]
        left = [
            one
            for node in NODES
            for one in self.taps.seen(TAPS[node], leaving=True)
            if one.is_syn_ack_of(VIP) and not one.is_to(ADDRESSES["client03"])
        ]
        return "arriving" if arrived else "dropped" if left else "none"

    def failover(self) -> Failover:
        if self.variant.silent:
            self.lab.poweroff("test01")
        else:
            self.lab.run("test01", ["systemctl", "stop", "keepalived"], check=True)
        deadline = time.monotonic() + BOUND_S
        master_since = None
        while self.knock("client", FLOATING) != "test02":
            now = time.monotonic()
            assert now < deadline, f"{self.variant.name}: test02 does not become MASTER"
            if master_since is None and self.state("test02") == MASTER:
                master_since = now
            if master_since is not None and now > master_since + WATCHED_S:
                return "never"
        goodbye = max(self.advert_times("test01"))
        takeover = min(at for at in self.advert_times("test02") if at > goodbye)
        return "goodbye" if takeover - goodbye < MASTER_DOWN_S - SKEW_S else "silence"


def play(variant: Variant, back_end: BackEnd = BackEnd.LINUXBRIDGE) -> Outcome:
    name = f"{back_end}-{variant.name}-{os.getpid()}"[:32]
    lab = Lab.up(cloud(variant), name=name, bare=True, owned=True, back_end=back_end)
    try:
        trial = Trial(variant, lab)
        try:
            return trial.play()
        finally:
            trial.taps.close()
    finally:
        lab.down()


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Future[Outcome]]]:
    """The outcomes of all variants that this run of the tests asks for, as they come."""
    selected = {item.name for item in request.session.items}
    with ThreadPoolExecutor(AT_ONCE) as players:
        yield {
            variant.name: players.submit(play, variant)
            for variant in VARIANTS
            if f"test_variant[{variant.name}]" in selected
        }
        players.shutdown(cancel_futures=True)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_variant(variant: Variant, played: Mapping[str, Future[Outcome]]) -> None:
    assert played[variant.name].result() == variant.outcome
