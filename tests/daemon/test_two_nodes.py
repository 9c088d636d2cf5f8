"""Two nodes that are changed one after the other, or that do not hear each other for a while."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daemon.test_vipkeeperd import daemon, instance, wait_for_active
from tests.programs import ADDRESSES, TAKEOVER_SECONDS, VIP, Speaker, holders
from tests.topology import Network, Node, wait_until

OTHER = "192.168.100.197"
BOTH = f"{VIP}/24\n{OTHER}/24"


def deafen(node: Node) -> None:
    """It hears no advert, and keeps its carrier."""
    node.run("nft", "add table ip deaf")
    node.run("nft", "add chain ip deaf input { type filter hook input priority 0; }")
    node.run("nft", "add rule ip deaf input ip protocol 112 drop")


def hears_again(node: Node) -> None:
    node.run("nft", "delete table ip deaf")


def test_the_winner_of_a_healed_partition_runs_its_hook_and_announces(
    network: Network, tmp_path: Path
) -> None:
    def with_hook(name: str, priority: int) -> str:
        hook = f'notify_master_rx_lower_pri "/bin/touch {tmp_path / name}.heard"'
        return "global_defs { script_user root }\n" + instance(hook, priority=priority)

    speakers = [
        daemon(network, tmp_path, with_hook(name, priority), name)
        for name, priority in (("test01", 100), ("test02", 50))
    ]
    for speaker in speakers:
        speaker.start()
    wait_for_active(speakers[0])
    for speaker in speakers:
        deafen(speaker.node)
    wait_until(lambda: len(holders(speakers)) == 2, seconds=TAKEOVER_SECONDS, what=speakers[1].log)
    # The winner first: a loser that hears the other one first yields without a word.
    hears_again(speakers[0].node)
    wait_until(lambda: (tmp_path / "test01.heard").exists(), what=speakers[0].log)
    hears_again(speakers[1].node)
    wait_until(lambda: holders(speakers) == ["test01"], what=speakers[1].log)
    wait_until(
        lambda: "Sending gratuitous ARP" in speakers[0].log().partition("still active")[2],
        what=speakers[0].log,
    )
    assert not (tmp_path / "test02.heard").exists()
    assert f"still active: {ADDRESSES['test02']} with priority 50" in speakers[0].log()


def test_an_address_on_one_node_first_makes_a_warning_and_no_second_master(
    network: Network, tmp_path: Path
) -> None:
    first = daemon(network, tmp_path, instance(priority=100), "test01")
    second = daemon(network, tmp_path, instance(priority=50), "test02")
    for speaker in (first, second):
        speaker.start()
    wait_for_active(first)
    first.configuration.write_text(instance(priority=100, addresses=BOTH))
    first.signal("HUP")
    wait_until(lambda: first.node.holds(OTHER), what=first.log)
    wait_until(lambda: second.status()["instances"][0]["neighbours"], what=second.log)
    received = second.counters()["advertisement-rcvd"]
    # As many as would have made it Active, had it dropped them.
    wait_until(
        lambda: second.counters()["advertisement-rcvd"] > received + 5,
        seconds=TAKEOVER_SECONDS,
        what=second.log,
    )
    assert "MASTER STATE" not in second.log()
    second.configuration.write_text(instance(priority=50, addresses=BOTH))
    second.signal("HUP")
    wait_until(lambda: "address added" in second.log(), what=second.log)
    assert "MASTER STATE" not in second.log()
    assert holders([first, second]) == ["test01"]


@pytest.mark.parametrize(
    ("version", "definitions"),
    [(2, ""), (3, ""), (2, "skip_check_adv_addr"), (3, "skip_check_adv_addr")],
)
def test_keepalived_drops_adverts_with_another_list_as_the_warning_says(
    network: Network, tmp_path: Path, version: int, definitions: str
) -> None:
    head = f"global_defs {{\nvrrp_version {version}\n{definitions}\n}}\n"
    ours = daemon(network, tmp_path, instance(f"version {version}"), "test01")
    node = network.add_node("test02", f"{ADDRESSES['test02']}/24")
    theirs = Speaker(node, "keepalived", head + instance(priority=50), tmp_path)
    for speaker in (ours, theirs):
        speaker.start()
    wait_for_active(ours)
    # One master for longer than a down interval, so that it is the reload that makes the second.
    sent = ours.counters()["advertisement-sent"]
    wait_until(lambda: ours.counters()["advertisement-sent"] > sent + 4, what=ours.log)
    assert holders([ours, theirs]) == ["test01"]
    ours.configuration.write_text(instance(f"version {version}", addresses=BOTH))
    ours.signal("HUP")
    wait_until(
        lambda: holders([ours, theirs]) == ["test01", "test02"],
        seconds=TAKEOVER_SECONDS,
        what=lambda: ours.log() + theirs.log(),
    )
    assert "keepalived before 2.3.3 drops adverts" in ours.log()
