"""A router of the cloud by itself, in namespaces of the test's own."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from tests.linux.children import in_child
from vipkeeper.lab import spec_file
from vipkeeper.lab.cloud import names
from vipkeeper.lab.cloud.router import Router
from vipkeeper.lab.cloud.switch import Switch
from vipkeeper.lab.cloud_file_plane import plane_of
from vipkeeper.linux import namespaces

PLANE = plane_of(spec_file.walkthrough())
(WANTED,) = PLANE.routers
VIP = IPv4Address("192.168.100.196")
INSIDE = names.router_device(WANTED.interfaces[0].port)


def enter_own_namespaces() -> None:
    user, group = os.geteuid(), os.getegid()
    namespaces.unshare(namespaces.NEW_USER | namespaces.NEW_NETWORK)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def begun() -> Router:
    enter_own_namespaces()
    switch = Switch()
    switch.build()
    switch.add_networks(PLANE.networks)
    router = Router(switch)
    router.become(WANTED)
    return router


def ip(router: Router, *arguments: str) -> str:
    with namespaces.inside_network(router.network):
        ended = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True)
    return ended.stdout


def test_permanent_neighbours_are_kept_by_difference() -> None:
    def scenario() -> None:
        router = begun()
        one, other = IPv4Address("192.168.100.131"), IPv4Address("192.168.100.67")
        nowhere = IPv4Address("203.0.113.1")
        router.set_permanent_neighbours({VIP: "fa:16:3e:00:00:01", one: "fa:16:3e:00:00:01"})
        assert f"{VIP} dev {INSIDE} lladdr fa:16:3e:00:00:01 PERMANENT" in ip(router, "neigh")
        router.set_permanent_neighbours(
            {VIP: "fa:16:3e:00:00:02", other: "fa:16:3e:00:00:02", nowhere: "fa:16:3e:00:00:03"}
        )
        shown = ip(router, "neigh")
        assert f"{VIP} dev {INSIDE} lladdr fa:16:3e:00:00:02 PERMANENT" in shown
        assert str(one) not in shown
        assert str(nowhere) not in shown
        router.set_permanent_neighbours({})
        assert "PERMANENT" not in ip(router, "neigh")

    in_child(scenario)


def test_the_first_address_of_a_network_may_go_and_leave_the_others() -> None:
    def scenario() -> None:
        router = begun()
        (interface,) = WANTED.interfaces
        first, second = interface.addresses[0], IPv4Interface("192.168.100.2/24")
        for addresses in ((first, second), (second,)):
            router.become(replace(WANTED, interfaces=(replace(interface, addresses=addresses),)))
        shown = ip(router, "-br", "-4", "address", "show", "dev", INSIDE)
        assert shown.split()[2:] == [str(second)]

    in_child(scenario)


def test_a_close_takes_all_cables_along() -> None:
    def scenario() -> None:
        router = begun()
        assert INSIDE in ip(router, "link")
        router.close()
        shown = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True)
        assert "tap" not in shown.stdout

    in_child(scenario)
