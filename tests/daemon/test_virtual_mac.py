"""use_vmac on the real kernel: who answers with which MAC address, and what is left of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.daemon.capturing import TCPDUMP
from tests.daemon.test_protocol import IPV6, VIP, VIP6, daemon, instance, node, wait_for_holder
from tests.programs import Speaker
from tests.topology import Network, Node, program, wait_until

VIRTUAL_MAC = "00:00:5e:00:01:33"
VIRTUAL_MAC6 = "00:00:5e:00:02:33"
INTERFACE = "vrrp.51"


def vmac_instance(priority: int = 100, addresses: str = f"{VIP}/24", more: str = "") -> str:
    return instance(priority=priority, addresses=addresses, body=f"version 3\n use_vmac\n {more}")


@pytest.fixture
def watcher(network: Network) -> Node:
    return node(network, "watcher", 5)


def pair(network: Network, directory: Path, **changes: str) -> tuple[Speaker, Speaker]:
    """The better one and the other one, both running; the better one holds the addresses."""
    one = daemon(node(network, "test01", 131), directory, vmac_instance(150, **changes))
    other = daemon(node(network, "test02", 67), directory, vmac_instance(100, **changes))
    one.start()
    other.start()
    wait_for_active(one, other)
    return one, other


def alone(network: Network, directory: Path, configuration: str) -> Speaker:
    speaker = daemon(node(network, "test01", 131), directory, configuration)
    speaker.start()
    return speaker


def wait_for_active(active: Speaker, *others: Speaker) -> None:
    speakers = (active, *others)
    wait_until(
        lambda: [item for item in speakers if is_up(item.node)] == [active],
        what=lambda: f"{active.node.name} is active\n" + "\n".join(map(Speaker.log, speakers)),
    )


def is_up(host: Node, name: str = INTERFACE) -> bool:
    links = json.loads(host.run("ip", "-json", "link", "show", "type", "macvlan") or "[]")
    return any(link.get("ifname") == name and "UP" in link["flags"] for link in links)


def has_interface(host: Node, name: str = INTERFACE) -> bool:
    return bool(host.run("ip", "link", "show", "dev", name, check=False))


def answering(watcher: Node, address: str) -> set[str]:
    """The MAC addresses that answer an ARP request."""
    said = watcher.run(program("arping"), "-c", "3", "-i", "eth0", address, check=False)
    return set(re.findall(r"from ([0-9a-f:]{17})", said))


def neighbour(watcher: Node, address: str) -> str:
    """Who has the address, asked anew."""
    watcher.run("ip", "neigh", "flush", "dev", "eth0")
    watcher.run("ping", "-c", "1", "-W", "5", address)
    (entry,) = json.loads(watcher.run("ip", "-json", "neigh", "show", address.partition("%")[0]))
    return str(entry["lladdr"])


def port_of(network: Network, mac: str) -> str:
    """Behind which port the switch has a MAC address."""
    entries = json.loads(network.run("bridge", "-json", "fdb", "show", "br", "switch"))
    return next((entry["ifname"] for entry in entries if entry["mac"] == mac), "")


def captured(watcher: Node, expression: str, count: int) -> str:
    """What tcpdump shows of so many frames, with their Ethernet addresses."""
    command = [*TCPDUMP, "-nelv", "-i", "eth0", "-c", str(count)]
    return watcher.run("timeout", "10", *command, expression)


def test_the_virtual_mac_alone_answers_and_moves_in_the_switch(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    """RFC 9568 8.1.2; ARP flux would have the physical one answer too."""
    one, other = pair(network, tmp_path)
    for active, backup in ((one, other), (other, one)):
        assert answering(watcher, VIP) == {VIRTUAL_MAC}
        for host, own in ((one.node, "192.168.100.131"), (other.node, "192.168.100.67")):
            assert answering(watcher, own) == {host.mac()}
        assert neighbour(watcher, VIP) == VIRTUAL_MAC
        assert port_of(network, VIRTUAL_MAC) == active.node.name
        assert not is_up(backup.node)
        if active is one:
            # Whose own interface, down as it is, has the very address that it sends to.
            backup.node.run("ping", "-c", "1", "-W", "5", VIP)
            one.stop()
            wait_for_active(other)
            wait_until(
                lambda: port_of(network, VIRTUAL_MAC) == "test02",
                what="the switch follows without being asked for it",
            )
    assert neighbour(watcher, VIP) == VIRTUAL_MAC


def test_ipv6_addresses_go_without_a_word_from_the_virtual_mac(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    """The kernel's "I have left its group" would come last, and turn the switch back to us."""
    one, other = pair(network, tmp_path, addresses=IPV6)

    def members(speaker: Speaker) -> dict[str, int]:
        lines = [line.split() for line in speaker.node.run("cat", "/proc/net/igmp6").splitlines()]
        return {group: int(users) for _, name, group, users, *_ in lines if name == INTERFACE}

    groups = {"ff0200000000000000000001ff510001", "ff0200000000000000000001ff000196"}
    for speaker, users in ((one, 2), (other, 1)):
        found = members(speaker)
        assert {group: found.get(group) for group in groups} == dict.fromkeys(groups, users)
    other.configuration.write_text(vmac_instance(100, f"{VIP6}/64"))
    other.signal("HUP")
    wait_until(
        lambda: members(other).keys() & groups == {"ff0200000000000000000001ff000196"},
        what=other.log,
    )


def test_adverts_come_from_the_virtual_mac_and_the_hosts_own_address(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    """RFC 9568 7.2."""
    alone(network, tmp_path, vmac_instance())
    shown = captured(watcher, "ip proto 112", 2)
    frames = re.findall(r"([0-9a-f:]{17}) > ([0-9a-f:]{17}), ethertype IPv4", shown)
    assert set(frames) == {(VIRTUAL_MAC, "01:00:5e:00:00:12")}
    assert "192.168.100.131 > 224.0.0.18: VRRPv3" in shown
    assert "tos 0xc0, ttl 255" in shown


def test_with_vmac_xmit_base_adverts_come_from_the_physical_mac(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    one, _other = pair(network, tmp_path, more="vmac_xmit_base")
    (instance_status,) = one.status()["instances"]
    assert instance_status["virtual_mac"] == {
        "interface": INTERFACE,
        "mac": VIRTUAL_MAC,
        "transmits": False,
    }
    shown = captured(watcher, "ip proto 112", 2)
    assert set(re.findall(r"([0-9a-f:]{17}) > 01:00:5e:00:00:12", shown)) == {one.node.mac()}
    assert answering(watcher, VIP) == {VIRTUAL_MAC}


def test_over_ipv6_the_virtual_mac_answers_solicitations(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    """RFC 9568 8.2.2, and 7.4: no address of the kernel's own making on that MAC address."""
    one, other = pair(network, tmp_path, addresses=IPV6)
    link_local = one.status()["instances"][0]["primary_address"]
    assert neighbour(watcher, VIP6) == VIRTUAL_MAC6
    assert neighbour(watcher, "2001:db8::131") == one.node.mac()
    assert neighbour(watcher, f"{link_local}%eth0") == one.node.mac()
    on_it = one.node.run("ip", "-br", "-6", "address", "show", "dev", INTERFACE).split()[2:]
    assert on_it == [f"{VIP6}/64", "fe80::51:1/64"]
    shown = captured(watcher, "ip6 proto 112", 2)
    assert set(re.findall(r"([0-9a-f:]{17}) > 33:33:00:00:00:12", shown)) == {VIRTUAL_MAC6}
    assert f"{link_local} > ff02::12" in shown
    one.stop()
    wait_for_active(other)
    wait_until(lambda: port_of(network, VIRTUAL_MAC6) == "test02", what="the switch follows")
    assert neighbour(watcher, VIP6) == VIRTUAL_MAC6


def test_frames_to_the_virtual_mac_are_taken_while_active_only(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    """RFC 9568 6.4.2 and 6.4.3: the host's own address, asked for at the virtual MAC."""
    one, other = pair(network, tmp_path)
    for host, address in ((one.node, "192.168.100.131"), (other.node, "192.168.100.67")):
        watcher.run("ip", "neigh", "replace", address, "lladdr", VIRTUAL_MAC, "dev", "eth0")
        # Behind the port of the Backup too, so that the switch does not keep it from it.
        said = watcher.run("ping", "-c", "1", "-W", "1", address, check=False)
        assert ("1 received" in said) is (host is one.node)
    network.run("bridge", "fdb", "replace", VIRTUAL_MAC, "dev", "test02", "master", "static")
    said = watcher.run("ping", "-c", "1", "-W", "1", "192.168.100.67", check=False)
    assert "0 received" in said


def test_what_is_sent_to_the_virtual_mac_for_somebody_else_is_forwarded(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    """RFC 9568 6.4.3: the virtual IP is the default gateway of the watcher's network."""
    one, _other = pair(network, tmp_path)
    one.node.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
    one.node.run("ip", "address", "add", "10.9.9.1/24", "dev", "eth0")
    inside = network.add_node("inside", "10.9.9.2/24")
    inside.run("ip", "route", "add", "default", "via", "10.9.9.1")
    watcher.run("ip", "route", "add", "10.9.9.0/24", "via", VIP)
    watcher.run("ping", "-c", "1", "-W", "5", "10.9.9.2")
    (entry,) = json.loads(watcher.run("ip", "-json", "neigh", "show", VIP))
    assert entry["lladdr"] == VIRTUAL_MAC


def test_the_active_router_asks_for_nobody_in_the_name_of_the_address_with_another_mac(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    """Who hears an ARP request learns its sender: the virtual IP would be at the physical MAC."""
    one, _other = pair(network, tmp_path)
    assert neighbour(watcher, VIP) == VIRTUAL_MAC
    one.node.run("ip", "neigh", "flush", "dev", "eth0")
    one.node.run("ping", "-c", "1", "-W", "5", "-I", VIP, "192.168.100.5")
    (entry,) = json.loads(watcher.run("ip", "-json", "neigh", "show", VIP))
    assert entry["lladdr"] == VIRTUAL_MAC


SETTINGS = ("net.ipv4.conf.eth0.arp_ignore", "net.ipv4.conf.eth0.arp_announce")


def test_at_the_end_nothing_is_left(network: Network, tmp_path: Path) -> None:
    speaker = daemon(node(network, "test01", 131), tmp_path, vmac_instance(more="no_accept"))
    speaker.node.run("sysctl", "-qw", f"{SETTINGS[1]}=1")
    before = speaker.node.run("sysctl", *SETTINGS)
    speaker.start()
    wait_for_active(speaker)
    assert speaker.node.run("sysctl", *SETTINGS) != before
    assert "accept_mode" in speaker.node.run(program("nft"), "list", "tables")
    assert state_file(speaker).exists()
    speaker.stop()
    assert not has_interface(speaker.node)
    assert speaker.node.run("sysctl", *SETTINGS) == before
    assert speaker.node.run(program("nft"), "list", "tables") == ""
    assert not state_file(speaker).exists()


def state_file(speaker: Speaker) -> Path:
    return speaker.configuration.with_suffix(".state")


def test_what_a_killed_daemon_has_left_is_undone_by_the_next(
    network: Network, tmp_path: Path
) -> None:
    """Also where the next one does not use a virtual MAC any more."""
    speaker = daemon(node(network, "test01", 131), tmp_path, vmac_instance(more="no_accept"))
    before = speaker.node.run("sysctl", *SETTINGS)
    speaker.start()
    wait_for_active(speaker)
    # Stopped first, so that the one does not see the other's end.
    for name in ("STOP", "KILL"):
        for which in ("_vrrp", ""):
            speaker.signal(name, which)
    assert has_interface(speaker.node)
    speaker.configuration.write_text(instance())
    speaker.start()
    wait_for_holder(VIP, speaker)
    assert not has_interface(speaker.node)
    assert speaker.node.run("sysctl", *SETTINGS) == before
    assert "accept_mode" not in speaker.node.run(program("nft"), "list", "tables")
    assert "removed interface vrrp.51, left by a daemon that was killed" in speaker.log()
    assert speaker.stop() == 0
    assert speaker.node.run(program("nft"), "list", "tables") == ""
    assert not state_file(speaker).exists()


def test_a_speaker_that_is_killed_leaves_nobody_at_the_virtual_mac(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    one, other = pair(network, tmp_path)
    one.signal("STOP", "_vrrp")
    wait_until(lambda: is_up(other.node), what=other.log)
    one.signal("KILL", "_vrrp")
    wait_until(lambda: not is_up(one.node), what=one.log)
    wait_until(lambda: is_up(one.node) and not is_up(other.node), what="it is active again")
    assert answering(watcher, VIP) == {VIRTUAL_MAC}


def test_an_interface_that_somebody_deletes_or_takes_down_comes_back(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    speaker = alone(network, tmp_path, vmac_instance())
    wait_for_active(speaker)
    for deed in (("set", INTERFACE, "down"), ("delete", INTERFACE)):
        speaker.node.run("ip", "link", *deed)
        wait_for_active(speaker)
        wait_until(
            lambda: (
                f" {VIP}/" in speaker.node.run("ip", "-br", "address", "show", "dev", INTERFACE)
            ),
            what=speaker.log,
        )
        assert answering(watcher, VIP) == {VIRTUAL_MAC}


def test_the_interface_below_goes_and_comes_back(network: Network, tmp_path: Path) -> None:
    speaker = daemon(
        node(network, "test01", 131), tmp_path, vmac_instance().replace("eth0", "eth1")
    )

    def make_eth1() -> None:
        for command in (
            "link add eth1 type veth peer name eth2",
            "address add 192.168.100.9/24 dev eth1",
            "link set eth1 up",
            "link set eth2 up",
        ):
            speaker.node.run("ip", *command.split())

    make_eth1()
    speaker.start()
    wait_for_active(speaker)
    speaker.node.run("ip", "link", "delete", "eth1")
    wait_until(lambda: "FAULT" in speaker.log(), what=speaker.log)
    make_eth1()
    wait_for_active(speaker)
    assert speaker.node.run("sysctl", "-n", "net.ipv4.conf.eth1.arp_ignore") == "1\n"


def test_a_name_that_is_taken_is_waited_for(network: Network, tmp_path: Path) -> None:
    speaker = daemon(node(network, "test01", 131), tmp_path, vmac_instance())
    host = speaker.node
    # Another daemon's, with the very same virtual MAC.
    host.run("ip", "link", "add", "eth7", "type", "veth", "peer", "name", "other")
    host.run("ip", "link", "add", INTERFACE, "link", "eth7", "address", VIRTUAL_MAC,
             "type", "macvlan", "mode", "bridge")  # fmt: skip
    speaker.start()
    assert "there is one of that name that is not ours" in speaker.log()
    assert speaker.status()["instances"][0]["state"] == "Initialize"
    host.run("ip", "link", "delete", INTERFACE)
    wait_for_active(speaker)


def test_a_reload_puts_the_address_on_a_virtual_mac_and_back(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    speaker = alone(network, tmp_path, instance())
    wait_for_holder(VIP, speaker)
    transitions = speaker.counters()["master-transitions"]
    speaker.configuration.write_text(vmac_instance())
    speaker.signal("HUP")
    wait_for_active(speaker)
    wait_until(lambda: answering(watcher, VIP) == {VIRTUAL_MAC}, what=speaker.log)
    speaker.configuration.write_text(instance())
    speaker.signal("HUP")
    wait_for_holder(VIP, speaker)
    wait_until(lambda: not has_interface(speaker.node), what=speaker.log)
    wait_until(lambda: answering(watcher, VIP) == {speaker.node.mac()}, what=speaker.log)
    assert speaker.counters()["master-transitions"] == transitions


def test_several_virtual_macs_on_one_interface(
    network: Network, watcher: Node, tmp_path: Path
) -> None:
    """One VRID in both families, and one more with names and a MAC address of their own."""
    more = "version 3\n use_vmac gateway 02:00:5e:10:00:01\n"
    text = vmac_instance() + vmac_instance(addresses=IPV6).replace("VI", "SIX")
    third = instance("OTHER", addresses="192.168.100.197/24", body=more)
    speaker = alone(network, tmp_path, text + third.replace("router_id 51", "router_id 52"))
    for name in (INTERFACE, "vrrp6.51", "gateway"):
        wait_until(lambda name=name: is_up(speaker.node, name), what=speaker.log)  # type: ignore[misc]
    assert answering(watcher, VIP) == {VIRTUAL_MAC}
    assert answering(watcher, "192.168.100.197") == {"02:00:5e:10:00:01"}
    assert neighbour(watcher, VIP6) == VIRTUAL_MAC6
