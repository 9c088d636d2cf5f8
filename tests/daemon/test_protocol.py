"""VRRPv3, IPv6 and unicast: whole daemons on the real kernel."""

from __future__ import annotations

import json
from pathlib import Path

from tests.programs import ADDRESSES, TAKEOVER_SECONDS, Speaker
from tests.topology import Network, Node, wait_until

VIP = "192.168.100.196"
VIP6 = "2001:db8::196"
LINK_LOCAL_VIP = "fe80::51:1"


def instance(
    name: str = "VI",
    *,
    priority: int = 100,
    addresses: str = f"{VIP}/24",
    interface: str = "eth0",
    body: str = "version 3",
) -> str:
    return f"""
vrrp_instance {name} {{
    interface {interface}
    virtual_router_id 51
    priority {priority}
    advert_int {"1" if "version 2" in body else "0.1"}
    virtual_ipaddress {{
        {addresses}
    }}
    {body}
}}
"""


IPV6 = f"{LINK_LOCAL_VIP}/64\n        {VIP6}/64"


def node(network: Network, name: str, host: int) -> Node:
    """With an IPv6 address that can be used at once."""
    made = network.nodes.get(name) or network.add_node(name, f"192.168.100.{host}/24")
    made.run("ip", "address", "add", f"2001:db8::{host}/64", "dev", "eth0", "nodad")
    return made


def daemon(node: Node, directory: Path, configuration: str) -> Speaker:
    return Speaker(node, "vipkeeperd", configuration, directory)


def wait_for_holder(address: str, holder: Speaker, *others: Speaker) -> None:
    speakers = (holder, *others)
    wait_until(
        lambda: [item for item in speakers if item.node.holds(address)] == [holder],
        seconds=TAKEOVER_SECONDS,
        what=lambda: (
            f"{holder.node.name} holds {address}\n" + "\n".join(item.log() for item in speakers)
        ),
    )


def link_layer_address(watcher: Node, address: str) -> str:
    """What the watcher's cache says, without asking."""
    entry = json.loads(watcher.run("ip", "-json", "neigh", "show", address) or "[]")
    return entry[0].get("lladdr", "") if entry else ""


def test_ipv6_addresses_are_there_at_once_and_move_with_their_neighbours(
    network: Network, tmp_path: Path
) -> None:
    watcher = node(network, "watcher", 5)
    one, other = (
        daemon(
            node(network, name, host),
            tmp_path,
            instance(priority=priority, addresses=IPV6, body=""),
        )
        for name, host, priority in (("test01", 131, 150), ("test02", 67, 100))
    )
    one.start()
    other.start()
    wait_for_holder(VIP6, one, other)
    shown = one.node.run("ip", "-6", "address", "show", "dev", "eth0", "to", VIP6)
    assert "nodad" in shown
    assert "tentative" not in shown
    groups = one.node.run("cat", "/proc/net/igmp6")
    assert "ff0200000000000000000001ff000196" in groups  # the VIP's solicited-node group
    assert "ff020000000000000000000000000012" in groups
    assert LINK_LOCAL_VIP not in other.node.addresses()

    watcher.run("ping", "-6", "-c", "1", "-W", "5", VIP6)
    assert link_layer_address(watcher, VIP6) == one.node.mac()
    one.stop()
    wait_for_holder(VIP6, other, one)
    wait_until(
        lambda: link_layer_address(watcher, VIP6) == other.node.mac(),
        what="the watcher's cache follows the Neighbor Advertisement",
    )
    (status,) = other.status()["instances"]
    assert (status["version"], status["family"], status["state"]) == (3, 6, "Active")
    assert status["primary_address"].startswith("fe80::")


def test_one_vrid_on_two_interfaces_and_in_two_families(network: Network, tmp_path: Path) -> None:
    """The better router on eth0 over IPv4 leaves the other two of the same VRID alone."""
    both, better = node(network, "both", 131), node(network, "better", 67)
    both.run("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "eth2")
    both.run("ip", "address", "add", "10.1.1.1/24", "dev", "eth1")
    for link in ("eth1", "eth2"):
        both.run("ip", "link", "set", link, "up")
    here = daemon(
        both,
        tmp_path,
        instance("four")
        + instance("six", addresses=IPV6, body="")
        + instance("elsewhere", interface="eth1", addresses="10.1.1.100/24"),
    )
    there = daemon(better, tmp_path, instance(priority=200))
    here.start()
    wait_for_holder(VIP, here, there)
    there.start()
    wait_for_holder(VIP, there, here)
    wait_until(lambda: both.holds(VIP6), seconds=TAKEOVER_SECONDS, what=here.log)
    wait_until(
        lambda: "10.1.1.100/24" in both.run("ip", "-br", "address", "show", "dev", "eth1"),
        seconds=TAKEOVER_SECONDS,
        what=here.log,
    )
    states = {item["name"]: item["state"] for item in here.status()["instances"]}
    assert states == {"four": "Backup", "six": "Active", "elsewhere": "Active"}


def test_three_unicast_peers_each_get_an_advert_with_its_own_checksum(
    network: Network, tmp_path: Path
) -> None:
    """Each of them hears the others; a wrong checksum would be counted and leave it Active."""
    hosts = {"test01": 131, "test02": 67, "test03": 68}
    speakers = []
    for number, (name, host) in enumerate(hosts.items()):
        peers = "\n".join(f"192.168.100.{other}" for other in hosts.values() if other != host)
        own = f"192.168.100.{host}"
        body = f"version 3\n unicast_src_ip {own}\n unicast_peer {{\n{peers}\n}}\ncheck_unicast_src"
        configuration = instance(priority=150 - number, body=body)
        speakers.append(daemon(node(network, name, host), tmp_path, configuration))
    for speaker in speakers:
        speaker.start()
    wait_for_holder(VIP, *speakers)
    speakers[0].stop()
    wait_for_holder(VIP, *speakers[1:])
    for speaker in speakers[1:]:
        status = speaker.status()
        assert not any(
            status["statistics"].get(name) for name in ("checksum-errors", "vrid-errors")
        )
        (counters,) = (item["statistics"] for item in status["instances"])
        assert counters["checksum-pseudo-header-rcvd"] == counters["advertisement-rcvd"] > 0


def test_both_checksums_of_version_3_are_heard_and_the_one_that_is_asked_for_is_sent(
    network: Network, tmp_path: Path
) -> None:
    as_v2 = daemon(
        node(network, "test01", 131),
        tmp_path,
        instance(priority=150, body="version 3\n v3_checksum_as_v2"),
    )
    usual = daemon(node(network, "test02", 67), tmp_path, instance())
    as_v2.start()
    usual.start()
    wait_for_holder(VIP, as_v2, usual)
    wait_until(
        lambda: usual.counters()["checksum-message-rcvd"] > 3, what="adverts with the short sum"
    )
    assert usual.counters()["checksum-errors"] == 0
    as_v2.stop()
    wait_for_holder(VIP, usual, as_v2)
    as_v2.start()
    wait_for_holder(VIP, as_v2, usual)
    assert as_v2.counters()["checksum-pseudo-header-rcvd"] > 0


def test_another_version_after_a_reload_is_a_new_start(network: Network, tmp_path: Path) -> None:
    """RFC 9568 6.1: the version is part of what a virtual router is; it resigns in the old one."""
    speaker = daemon(node(network, "test01", 131), tmp_path, instance(body="version 2"))
    speaker.start()
    wait_for_holder(VIP, speaker)
    speaker.configuration.write_text(instance())
    speaker.signal("HUP")
    wait_until(
        lambda: (
            speaker.status()["instances"][0]["version"] == 3
            and speaker.status()["instances"][0]["state"] == "Active"
        ),
        seconds=TAKEOVER_SECONDS,
        what=speaker.log,
    )
    assert "sent 0 priority" in speaker.log()
    assert speaker.node.holds(VIP)


def test_a_source_that_is_tracked_is_waited_for(network: Network, tmp_path: Path) -> None:
    source = "192.168.100.132"
    body = f"version 3\n mcast_src_ip {source}\n track_src_ip"
    speaker = daemon(node(network, "test01", 131), tmp_path, instance(body=body))
    speaker.start()
    assert "entering FAULT state (src address not configured)" in speaker.log()
    assert not speaker.node.holds(VIP)

    speaker.node.run("ip", "address", "add", f"{source}/32", "dev", "eth0")
    wait_for_holder(VIP, speaker)
    assert speaker.status()["instances"][0]["primary_address"] == source
    speaker.node.run("ip", "address", "del", f"{source}/32", "dev", "eth0")
    wait_until(lambda: not speaker.node.holds(VIP), what=speaker.log)


def test_the_shortest_interval_keeps_one_holder(network: Network, tmp_path: Path) -> None:
    """advert_int 0.01: an Active_Down_Interval of 34 ms, and a machine that is shared."""
    one, other = (
        daemon(
            node(network, name, int(ADDRESSES[name].rpartition(".")[2])),
            tmp_path,
            instance(priority=priority).replace("advert_int 0.1", "advert_int 0.01"),
        )
        for name, priority in (("test01", 150), ("test02", 100))
    )
    one.start()
    other.start()
    wait_for_holder(VIP, one, other)
    one.stop()
    wait_for_holder(VIP, other, one)
