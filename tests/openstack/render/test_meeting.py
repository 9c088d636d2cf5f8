"""Two nodes with what was rendered for them: one is Active for each address, whatever they run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.openstack import deployments
from tests.programs import Speaker, discards
from tests.topology import Network, Node, wait_until
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.render import keepalived_conf

# Daemons that meet on a busy machine.
pytestmark = pytest.mark.timeout(400)

ELECTION_SECONDS = 40.0
"""A bound for waiting, not a measurement: 1.2 s by the timers, more on a busy machine."""

TWICE, MIXED = ("vipkeeperd", "vipkeeperd"), ("vipkeeperd", "keepalived")
KEEPALIVED = ("keepalived", "keepalived")
DEPLOYMENTS = {
    "unicast": deployments.deployment(families=(4, 6), interval=0.3),
    "multicast": deployments.deployment(families=(4, 6), interval=0.3, mode="multicast"),
    "virtual-mac": deployments.deployment(families=(4, 6), interval=0.3, virtual_mac=True),
    # Signs that begin a comment elsewhere: one who reads it otherwise discards the other's adverts.
    "password": deployments.deployment(authentication={"password": "a#b !c}d"}),
}


def _addresses_usable(host: Node) -> bool:
    return not host.run("ip", "-6", "address", "show", "tentative")


class Pair:
    def __init__(
        self, network: Network, deployment: Deployment, kinds: tuple[str, str], directory: Path
    ) -> None:
        self._vips = [str(one.interface.ip) for one in deployment.addresses if one.interface]
        self.speakers = []
        for node, kind in zip(deployment.nodes, kinds, strict=True):
            host = network.add_node(node.name, f"{deployments.address(4, node.name)}/24")
            address = f"{deployments.address(6, node.name)}/64"
            host.run("ip", "address", "add", address, "dev", "eth0", "nodad")
            wait_until(partial(_addresses_usable, host), what="its link-local address is usable")
            text = keepalived_conf.text(deployment, node)
            self.speakers.append(Speaker(host, kind, text, directory))

    def wait_for_holder(self, name: str) -> None:
        def held() -> dict[str, list[str]]:
            shown = {one.node.name: self._addresses(one) for one in self.speakers}
            return {name: [vip for vip in self._vips if f" {vip}/" in shown[name]]
                    for name in shown}  # fmt: skip

        wanted = {one.node.name: self._vips if one.node.name == name else []
                  for one in self.speakers}  # fmt: skip
        wait_until(
            lambda: held() == wanted,
            seconds=ELECTION_SECONDS,
            what=lambda: f"{name} holds {self._vips}: {held()}\n{self.logs()}",
        )

    def _addresses(self, speaker: Speaker) -> str:
        """On all interfaces: one with a virtual MAC address may have it."""
        return speaker.node.run("ip", "-br", "address", "show")

    def logs(self) -> str:
        return "\n".join(f"--- {one.node.name}\n{one.log()}" for one in self.speakers)


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("unicast", TWICE),
        ("unicast", KEEPALIVED),
        ("unicast", MIXED),
        ("multicast", TWICE),
        ("multicast", KEEPALIVED),
        ("multicast", MIXED),
        ("virtual-mac", MIXED),
        ("password", MIXED),
    ],
)
def test_one_is_active_for_each_address_and_the_other_follows(
    network: Network, name: str, kinds: tuple[str, str], tmp_path: Path
) -> None:
    pair = Pair(network, DEPLOYMENTS[name], kinds, tmp_path)
    better, lesser = pair.speakers
    better.start()
    lesser.start()
    pair.wait_for_holder("test01")
    for speaker in pair.speakers:
        assert discards(speaker) == {}, pair.logs()
    better.stop()
    pair.wait_for_holder("test02")
