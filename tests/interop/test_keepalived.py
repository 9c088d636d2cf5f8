"""The walkthrough's two files with vipkeeperd and Debian's keepalived, in either role."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.programs import VIP, Pair, discards
from tests.topology import Network, wait_until

ROLES = [
    pytest.param(("vipkeeperd", "keepalived"), id="vipkeeperd-is-test01"),
    pytest.param(("keepalived", "vipkeeperd"), id="keepalived-is-test01"),
    pytest.param(("vipkeeperd", "vipkeeperd"), id="vipkeeperd-twice"),
]


@pytest.fixture
def pair(network: Network, request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    return Pair(network, request.param, tmp_path)


@pytest.mark.parametrize("pair", ROLES, indirect=True)
def test_election_clean_stop_return_and_cut_off(pair: Pair) -> None:
    test01, test02 = pair.test01, pair.test02
    test01.start()
    test02.start()
    pair.wait_for_holder("test01")
    pair.watcher.run("ping", "-c1", "-W2", VIP)
    assert pair.mac_of_vip() == test01.node.mac()

    assert test01.stop() == 0
    pair.wait_for_holder("test02")
    wait_until(lambda: pair.mac_of_vip() == test02.node.mac(), what="the neighbour follows")

    test01.start()
    pair.wait_for_holder("test01")
    wait_until(lambda: pair.mac_of_vip() == test01.node.mac(), what="the neighbour follows")
    assert discards(test01) == {}
    assert discards(test02) == {}

    pair.network.unplug("test01")
    pair.wait_for_holder("test02")
    wait_until(lambda: pair.mac_of_vip() == test02.node.mac(), what="the neighbour follows")
    pair.network.plug("test01")
    pair.wait_for_holder("test01")
    assert discards(test01) == {}
    assert discards(test02) == {}

    assert "(vrrp_group_1) Backup received priority 0 advertisement" in test02.log()
    assert (
        "(vrrp_group_1) Master received advert from 192.168.100.131 with higher priority 100, "
        "ours 50" in test02.log()
    )
    states = [
        line.partition("(vrrp_group_1) ")[2]
        for line in test02.log().splitlines()
        if "STATE" in line and "transition" not in line
    ]
    assert states == [
        "Entering BACKUP STATE (init)",
        "Entering MASTER STATE",
        "Entering BACKUP STATE",
        "Entering MASTER STATE",
        "Entering BACKUP STATE",
    ]
    assert test02.stop() == 0
    pair.wait_for_holder("test01")
    assert test01.stop() == 0
    pair.wait_for_holder()


@pytest.mark.parametrize("pair", ROLES[:2], indirect=True)
def test_the_log_says_the_same_in_the_same_words(pair: Pair) -> None:
    """Each program goes through both roles; what they wrote of it is the same, line by line."""
    pair.test01.start()
    pair.test02.start()
    pair.wait_for_holder("test01")
    pair.test01.stop()
    pair.wait_for_holder("test02")
    pair.test02.stop()
    ours, theirs = (
        [line.partition("(vrrp_group_1) ")[2] for line in speaker.log().splitlines()]
        for speaker in sorted((pair.test01, pair.test02), key=lambda item: item.kind)
    )
    instance_lines = ([line for line in lines if line] for lines in (ours, theirs))
    keepalived, vipkeeperd = instance_lines
    startup_and_election = [
        "removing VIPs.",
        "Entering BACKUP STATE (init)",
    ]
    assert keepalived[:2] == vipkeeperd[:2] == startup_and_election
    for lines in (keepalived, vipkeeperd):
        took_over = lines.index("Receive advertisement timeout")
        assert lines[took_over : took_over + 4] == [
            "Receive advertisement timeout",
            "Entering MASTER STATE",
            "setting VIPs.",
            "Sending/queueing gratuitous ARPs on eth0 for 192.168.100.196",
        ]
        # keepalived has no words for what is between: it removes them at once.
        assert [line for line in lines[-4:] if line in ("sent 0 priority", "removing VIPs.")] == [
            "sent 0 priority",
            "removing VIPs.",
        ]
