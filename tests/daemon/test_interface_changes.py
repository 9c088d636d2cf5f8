"""The whole daemon on the real kernel, while somebody changes the interface under its address."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.daemon.capturing import TCPDUMP, wait_for_capture
from tests.daemon.test_foreign_hands import because
from tests.daemon.test_protocol import IPV6, VIP6
from tests.daemon.test_protocol import daemon as daemon_on
from tests.daemon.test_protocol import instance as quick
from tests.daemon.test_protocol import node as node_with_ipv6
from tests.daemon.test_virtual_mac import INTERFACE, VIRTUAL_MAC, answering, vmac_instance
from tests.daemon.test_virtual_mac import neighbour as neighbour_of
from tests.programs import TAKEOVER_SECONDS, VIP, Speaker
from tests.topology import Network, wait_until

NEW_MAC = "02:00:00:00:ab:cd"

KINDS = {
    "IPv4": (quick(), VIP, "eth0"),
    "IPv6": (quick(addresses=IPV6, body=""), VIP6, "eth0"),
    "IPv4 with use_vmac": (vmac_instance(), VIP, INTERFACE),
    "IPv6 with use_vmac": (vmac_instance(addresses=IPV6), VIP6, INTERFACE),
}


class Case:
    """A daemon, an address, and the device that it belongs on."""

    def __init__(self, speaker: Speaker, address: str, device: str) -> None:
        self.speaker, self.address, self.device = speaker, address, device
        self.node = speaker.node

    def ip(self, command: str) -> str:
        return self.node.run("ip", *command.split())

    def is_anywhere(self) -> bool:
        return f" {self.address}/" in self.ip("-br address")

    def is_held(self) -> bool:
        shown = self.node.run("ip", "-br", "address", "show", "dev", self.device, check=False)
        is_up = "UP" in shown.split()[1:2] or "UNKNOWN" in shown.split()[1:2]
        return is_up and f" {self.address}/" in shown

    def wait_until_held(self) -> None:
        wait_until(self.is_held, seconds=TAKEOVER_SECONDS, what=self.story)

    def wait_until_gone(self) -> None:
        wait_until(lambda: not self.is_anywhere(), what=self.story)

    def wait_for(self, reason: str) -> None:
        wait_until(lambda: because(self.speaker) == reason, what=self.story)

    def story(self) -> str:
        return self.ip("address") + self.speaker.log()

    def adverts_sent(self) -> int:
        return int(self.speaker.status()["instances"][0]["statistics"]["advertisement-sent"])

    def descriptors(self) -> int:
        pid = self.speaker.pid("_vrrp")
        return len(self.node.run("ls", f"/proc/{pid}/fd").split())

    def cpu_ticks(self) -> int:
        pid = self.speaker.pid("_vrrp")
        fields = self.node.run("cat", f"/proc/{pid}/stat").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def end(self) -> None:
        """Nothing has gone wrong unsaid, and nothing stays."""
        assert self.speaker.stop() == 0
        assert not self.is_anywhere()
        assert "Traceback" not in self.speaker.log()


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, network: Network, tmp_path: Path) -> Case:
    configuration, address, device = KINDS[request.param]
    speaker = daemon_on(node_with_ipv6(network, "test01", 131), tmp_path, configuration)
    speaker.start()
    case = Case(speaker, address, device)
    case.wait_until_held()
    return case


def make_eth0(network: Network, case: Case) -> None:
    """The veth that went with its peer on the switch, with the host's own addresses."""
    made = "link add test01 type veth peer name eth0 netns test01"
    network.run("ip", *made.split())
    network.run("ip", "link", "set", "test01", "master", "switch", "up")
    case.ip("link set eth0 up")
    case.ip("address add 192.168.100.131/24 dev eth0")


def test_it_goes_down_and_up(case: Case) -> None:
    open_before = case.descriptors()
    for _ in range(2):
        case.ip("link set eth0 down")
        case.wait_for("interface down")
        case.wait_until_gone()
        case.ip("link set eth0 up")
        case.wait_until_held()
    assert case.descriptors() == open_before
    case.end()


def test_the_cable_is_pulled(network: Network, case: Case) -> None:
    network.unplug("test01")
    case.wait_for("interface down")
    case.wait_until_gone()
    network.plug("test01")
    case.wait_until_held()
    case.end()


def test_its_switch_lets_it_go(network: Network, case: Case) -> None:
    """``nomaster`` on the other end: nothing is heard, nothing is wrong with the interface."""
    sent = case.adverts_sent()
    network.run("ip", "link", "set", "test01", "nomaster")
    wait_until(lambda: case.adverts_sent() > sent + 3, what=case.story)
    network.run("ip", "link", "set", "test01", "master", "switch")
    assert case.is_held()
    case.end()


def test_it_is_renamed_and_renamed_back(case: Case) -> None:
    open_before = case.descriptors()
    case.ip("link set eth0 name wan0")
    case.wait_for("no such interface")
    case.wait_until_gone()
    case.ip("link set wan0 name eth0")
    case.wait_until_held()
    assert case.descriptors() == open_before
    case.end()


def test_it_is_renamed_and_stays_so(case: Case) -> None:
    case.ip("link set eth0 name wan0")
    case.wait_for("no such interface")
    case.wait_until_gone()
    case.end()


def test_it_is_deleted_and_made_anew(network: Network, case: Case) -> None:
    open_before = case.descriptors()
    for _ in range(2):
        case.ip("link del eth0")
        case.wait_for("no such interface")
        make_eth0(network, case)
        case.wait_until_held()
    assert case.descriptors() == open_before
    case.end()


def test_it_is_moved_to_another_namespace_and_back(network: Network, case: Case) -> None:
    network.run("ip", "netns", "add", "elsewhere")
    case.ip("link set eth0 netns /run/netns/elsewhere")
    case.wait_for("no such interface")
    network.run("ip", *["-n", "elsewhere", "link", "set", "eth0", "netns", "test01"])
    case.ip("link set eth0 up")
    case.ip("address add 192.168.100.131/24 dev eth0")
    case.wait_until_held()
    case.end()


def test_it_changes_its_primary_address(case: Case) -> None:
    """Adverts come from the new one: of another network, or another link-local one."""
    is_ipv6 = ":" in case.address
    shown = case.ip("-br -6 address show dev eth0").split()[2:] if is_ipv6 else []
    old = next((item for item in shown if item.startswith("fe80::") and "51:1" not in item), "")
    old, new = (old, "fe80::9/64") if is_ipv6 else ("192.168.100.131/24", "192.168.101.9/24")
    case.node.run("ip", "address", "add", new, "dev", "eth0", *(["nodad"] if is_ipv6 else []))
    case.ip(f"address del {old} dev eth0")
    wait_until(
        lambda: case.speaker.status()["instances"][0]["primary_address"] == new.partition("/")[0],
        what=case.story,
    )
    case.wait_until_held()
    case.end()


def test_it_changes_its_mac_address(network: Network, case: Case) -> None:
    watcher = node_with_ipv6(network, "watcher", 5)
    neighbour_of(watcher, case.address)  # who asks keeps the answer until it is told another
    sent = case.adverts_sent()
    case.ip(f"link set eth0 address {NEW_MAC}")
    expected = NEW_MAC if case.device == "eth0" else "00:00:5e:00:0"

    def known() -> str:
        return watcher.run("ip", "neigh", "show", case.address).partition("lladdr ")[2]

    wait_until(lambda: known().startswith(expected), what=case.story)
    wait_until(lambda: case.adverts_sent() > sent + 3, what=case.story)
    assert case.is_held()
    case.end()


def test_a_new_mac_address_is_in_the_adverts_and_with_use_vmac_is_not(
    network: Network, case: Case
) -> None:
    watcher = node_with_ipv6(network, "watcher", 5)
    case.ip(f"link set eth0 address {NEW_MAC}")
    family = "ip6" if ":" in case.address else "ip"
    capture = watcher.start(*TCPDUMP, "-nel", "-i", "eth0", "-c", "2", f"{family} proto 112",
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    wait_for_capture(capture)
    shown = capture.communicate(timeout=20)[0].decode()
    (mac,) = set(re.findall(r"([0-9a-f:]{17}) > (?:01:00:5e|33:33)", shown))
    assert (mac == NEW_MAC) is (case.device == "eth0")


def test_it_flaps(case: Case) -> None:
    open_before = case.descriptors()
    flap = "for i in $(seq 20); do ip link set eth0 down; ip link set eth0 up; done"
    case.node.run("sh", "-c", flap)
    case.wait_until_held()
    assert case.descriptors() == open_before
    case.end()


def test_more_addresses_come_than_the_socket_holds(case: Case, tmp_path: Path) -> None:
    batch = tmp_path / "batch"
    for deed in ("add", "del"):
        batch.write_text(
            "".join(f"address {deed} 10.7.{i // 250}.{i % 250}/32 dev eth0\n" for i in range(500))
        )
        case.ip(f"-batch {batch}")
        case.wait_until_held()
    # Nothing turns in circles: in so many adverts it has not used the time of as many wakings.
    before, sent = case.cpu_ticks(), case.adverts_sent()
    wait_until(lambda: case.adverts_sent() >= sent + 10, what=case.story)
    assert case.cpu_ticks() - before < 50
    case.end()


def test_the_virtual_mac_goes_with_the_parent_s_and_answers_alone(
    network: Network, tmp_path: Path
) -> None:
    watcher = node_with_ipv6(network, "watcher", 5)
    speaker = daemon_on(node_with_ipv6(network, "test01", 131), tmp_path, vmac_instance())
    speaker.start()
    case = Case(speaker, VIP, INTERFACE)
    case.wait_until_held()
    case.ip(f"link set eth0 address {NEW_MAC}")
    assert answering(watcher, VIP) == {VIRTUAL_MAC}
    assert answering(watcher, "192.168.100.131") == {NEW_MAC}


DISABLE_IPV6 = "sysctl -qw net.ipv6.conf.eth0.disable_ipv6="


@pytest.mark.parametrize(
    ("off", "on"),
    [
        (f"{DISABLE_IPV6}1", f"{DISABLE_IPV6}0"),
        # Below 1280 (RFC 8200 5) the kernel has no IPv6 there, and forgets the groups joined.
        ("ip link set eth0 mtu 1000", "ip link set eth0 mtu 1500"),
        ("ip link set eth0 down", "ip link set eth0 up"),
    ],
)
def test_a_backup_hears_the_active_router_again_when_ipv6_is_back(
    network: Network, tmp_path: Path, off: str, on: str
) -> None:
    better, other = (
        daemon_on(node_with_ipv6(network, name, host), tmp_path,
                  quick(addresses=IPV6, body="", priority=priority))
        for name, host, priority in (("test01", 131, 200), ("test02", 67, 100))
    )  # fmt: skip
    better.start()
    wait_until(lambda: better.node.holds(VIP6), seconds=TAKEOVER_SECONDS, what=better.log)
    other.start()
    other.node.run(*off.split())
    wait_until(lambda: because(other) in ("no primary address", "interface down"), what=other.log)
    other.node.run(*on.split())

    def heard() -> int:
        (status,) = other.status()["instances"]
        return int(status["statistics"]["advertisement-rcvd"])

    wait_until(lambda: other.status()["instances"][0]["state"] != "Initialize", what=other.log)
    before = heard()
    wait_until(lambda: heard() > before + 20, what=other.log)
    assert not other.node.holds(VIP6)
    assert "MASTER" not in other.log()
