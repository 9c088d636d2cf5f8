"""A plane that changes while the lab runs: whatever is asked for, and nothing in between."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.lab.inside_cloud import in_switch, links, possessions
from tests.lab.labs import curl, wait_for_holders
from tests.lab.relay import Relay, relayed
from tests.topology import wait_until
from vipkeeper.errors import LabError
from vipkeeper.lab import spec_file
from vipkeeper.lab.cloud_file_plane import plane_of
from vipkeeper.lab.plane import FloatingIP, Instance, Plane, Port, identity
from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.spec import CloudSpec

BOUND_S = 30.0
WALKTHROUGH = plane_of(spec_file.walkthrough())
NOTHING = CloudSpec((), (), ())
INSIDE, OUTSIDE = identity("network", "int_net"), identity("network", "ext-private-net1")
TEST01, TEST02, CLIENT = (identity("server", name) for name in ("test01", "test02", "client"))
FLOATING = IPv4Address("99.88.128.203")


@pytest.fixture(scope="module")
def shared() -> Iterator[Relay]:
    with relayed(spec_file.walkthrough()) as relay:
        wait_for_holders(relay.lab, "test01")
        yield relay


@pytest.fixture
def relay(shared: Relay) -> Relay:
    """The walkthrough's lab, its plane as the file says."""
    shared.apply(WALKTHROUGH)
    wait_for_states(shared, *["running"] * 3)
    return shared


def wait_for_states(relay: Relay, *wanted: str) -> None:
    def states() -> list[str]:
        return sorted(one["state"] for one in relay.ask("states").values())

    wait_until(
        lambda: states() == sorted(wanted),
        seconds=BOUND_S,
        what=lambda: f"states {wanted}; they are {relay.ask('states')}",
    )


def router_with(plane: Plane, **changes: object) -> Plane:
    (router,) = plane.routers
    return replace(plane, routers=(replace(router, **changes),))  # type: ignore[arg-type]


def instance_with(plane: Plane, id: str, **changes: object) -> Plane:
    return replace(
        plane,
        instances=tuple(
            replace(one, **changes) if one.id == id else one  # type: ignore[arg-type]
            for one in plane.instances
        ),
    )


def port_with(plane: Plane, name: str, **changes: object) -> Plane:
    return replace(
        plane,
        ports=tuple(
            replace(one, **changes) if one.name == name else one  # type: ignore[arg-type]
            for one in plane.ports
        ),
    )


def test_a_plane_grows_from_nothing_and_back_and_leaves_nothing() -> None:
    with relayed(NOTHING) as relay:
        relay.ask("states")
        before = possessions(relay.lab)
        for _ in range(2):
            relay.apply(WALKTHROUGH)
            wait_for_states(relay, *["running"] * 3)
            relay.lab.wait_for_vip(timeout=BOUND_S)
            assert curl(relay.lab, "client", "99.88.128.171") == "test01"
            assert f"brq{INSIDE[:11]}" in links(relay.lab)
            assert f"tap{identity('port', 'test01')[:11]}" in links(relay.lab)
            relay.apply(Plane())
            assert relay.ask("states") == {}
            wait_until(
                lambda: possessions(relay.lab) == before,
                what=lambda: f"{before}, and it is {possessions(relay.lab)}",
            )


PROBE = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 7007))  # connected: it would be told of an address that nobody serves
s.setblocking(False)
end = time.monotonic() + float(sys.argv[2])
print("ready", flush=True)
while time.monotonic() < end:
    s.send(b"")
    time.sleep(0.001)
    try:
        while True:
            print(time.monotonic(), s.recv(99).decode())
    except BlockingIOError:
        pass
"""


@contextmanager
def probing(relay: Relay, seconds: float) -> Iterator[Callable[[], tuple[list[str], str]]]:
    """The client asks the floating IP each millisecond; the value waits for what it was told."""
    process = relay.lab.popen(
        "client",
        ["python", "-c", PROBE, str(FLOATING), str(seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        told, complaints = process.stdout, process.stderr
        yield lambda: (told.read().splitlines(), complaints.read())


def test_a_floating_ip_moves_between_two_probes(relay: Relay) -> None:
    """One flow all the time: each answer is from the old or the new one, and none is missing long.

    Whatever else an observer could be told (unreachable, refused) ends the probe with an error.
    """
    test01, test02 = IPv4Address("192.168.100.131"), IPv4Address("192.168.100.67")
    relay.apply(router_with(WALKTHROUGH, floating_ips=(FloatingIP(FLOATING, test01),)))
    # The router knows both of them, as it does when they are in use.
    relay.lab.run("test02", ["ping", "-c1", "-W2", "192.168.100.1"], check=True)
    with probing(relay, 3) as told:
        for fixed in (test02, test01, test02):
            relay.apply(router_with(WALKTHROUGH, floating_ips=(FloatingIP(FLOATING, fixed),)))
        answers, errors = told()
    assert errors == ""
    heard = [(float(at), name) for at, name in map(str.split, answers)]
    names = [name for _, name in heard]
    moves = [n for n in range(1, len(names)) if names[n] != names[n - 1]]
    assert [names[0], *(names[n] for n in moves)] == ["test01", "test02", "test01", "test02"]
    gaps = [heard[n][0] - heard[n - 1][0] for n in moves]
    assert max(gaps) < 0.1, gaps


def test_a_floating_ip_that_is_new_or_gone_is_never_the_routers_own(relay: Relay) -> None:
    """With its address on the gateway before there is a rule, the router would answer itself."""
    without = router_with(WALKTHROUGH, floating_ips=())
    with probing(relay, 4) as told:
        for plane in (without, WALKTHROUGH) * 3:
            relay.apply(plane)
        answers, errors = told()
    # Nobody has the address in between (No route to host); refused is who has it without a rule.
    assert "refused" not in errors
    assert {line.split()[1] for line in answers} == {"test01"}


def test_a_link_is_plugged_into_a_running_instance_and_pulled_out(relay: Relay) -> None:
    def shown() -> dict[str, str]:
        text = relay.lab.run("test01", ["ip", "-j", "link"], check=True).stdout
        return {link["ifname"]: link["address"] for link in json.loads(text)}

    second = Port(
        identity("port", "second"), "", OUTSIDE, "fa:16:3e:00:00:02", (IPv4Address("99.88.128.50"),)
    )
    third = replace(
        second,
        id=identity("port", "third"),
        mac_address="fa:16:3e:00:00:03",
        fixed_ips=(IPv4Address("99.88.128.51"),),
    )
    first = identity("port", "test01")

    def plane(*ports: str) -> Plane:
        more = replace(WALKTHROUGH, ports=(*WALKTHROUGH.ports, second, third))
        return instance_with(more, TEST01, ports=(first, *ports))

    relay.apply(plane(second.id, third.id))
    assert shown()["eth1"] == second.mac_address
    assert shown()["eth2"] == third.mac_address
    assert relay.lab.status()["instances"][0]["port_ids"] == [first, second.id, third.id]
    relay.apply(plane(third.id))
    assert "eth1" not in shown()
    assert shown()["eth2"] == third.mac_address
    relay.apply(plane(third.id, second.id))
    assert shown()["eth1"] == second.mac_address
    # In the order of the ports, as on a machine that finds its links anew.
    relay.ask("reboot", TEST01, True)
    assert shown()["eth1"] == third.mac_address
    relay.apply(WALKTHROUGH)
    assert set(shown()) == {"lo", "eth0"}


def test_an_address_that_changes_is_what_dhcp_gives_from_then_on(relay: Relay) -> None:
    """And the old one is another's at once, although it had been leased."""
    lab = relay.lab
    old, new = IPv4Address("192.168.100.67"), IPv4Address("192.168.100.77")
    moved = replace(
        WALKTHROUGH,
        ports=tuple(
            replace(port, fixed_ips=(new,)) if port.name == "test02" else port
            for port in WALKTHROUGH.ports
        ),
    )
    successor = Port(
        identity("port", "successor"), "successor", INSIDE, "fa:16:3e:00:00:07", (old,)
    )
    instance = Instance(identity("server", "successor"), "successor", (successor.id,))
    relay.apply(
        replace(moved, ports=(*moved.ports, successor), instances=(*moved.instances, instance))
    )
    wait_for_states(relay, *["running"] * 4)
    assert str(old) in lab.run("successor", ["ip", "-4", "address"]).stdout
    lab.run("test02", ["pkill", "-USR1", "-f", "udhcpc --foreground"], check=True)
    wait_until(
        lambda: str(new) in lab.run("test02", ["ip", "-4", "address"]).stdout,
        seconds=BOUND_S,
        what="the new address",
    )
    relay.apply(WALKTHROUGH)
    lab.reboot("test02", hard=True)
    assert str(old) in lab.run("test02", ["ip", "-4", "address"]).stdout


def test_a_router_without_a_gateway_and_one_that_is_down(relay: Relay) -> None:
    lab = relay.lab

    def reached(instance: str, address: str) -> bool:
        return lab.run(instance, ["ping", "-c1", "-W1", address]).returncode == 0

    assert reached("client", "99.88.128.2")
    relay.apply(router_with(WALKTHROUGH, gateway=None, next_hop=None, floating_ips=()))
    assert reached("test01", "192.168.100.1")
    assert not reached("client", "99.88.128.2")
    relay.apply(router_with(WALKTHROUGH, admin_state_up=False))
    assert not reached("test01", "192.168.100.1")
    relay.apply(WALKTHROUGH)
    wait_until(lambda: curl(lab, "client", "99.88.128.203") == "test01", what="test01's answer")


def test_without_snat_an_instance_without_floating_ip_is_seen_under_its_own_address(
    relay: Relay,
) -> None:
    relay.apply(router_with(WALKTHROUGH, floating_ips=(), enable_snat=False))
    seen = relay.lab.popen(
        "client",
        ["timeout", "10", "tcpdump", "-c1", "-nn", "-l", "icmp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert seen.stderr is not None
    assert any("listening" in line for line in seen.stderr)
    relay.lab.run("test02", ["ping", "-c1", "-W1", "99.88.128.10"])
    said, _ = seen.communicate(timeout=BOUND_S)
    assert "192.168.100.67 > 99.88.128.10" in said


def test_routes_and_networks_of_a_router_come_and_go(relay: Relay) -> None:
    beyond = (AddressPair("192.168.100.196"), AddressPair("10.9.0.1"))
    plane = port_with(WALKTHROUGH, "test01", allowed_address_pairs=beyond)
    with_route = router_with(plane, routes=(("10.9.0.0/16", "192.168.100.131"),))
    relay.apply(with_route)
    lab = relay.lab
    lab.run("test01", ["ip", "address", "add", "10.9.0.1/32", "dev", "lo"], check=True)
    assert lab.run("test02", ["ping", "-c1", "-W2", "10.9.0.1"]).returncode == 0
    relay.apply(router_with(with_route, routes=(), interfaces=()))
    relay.apply(with_route)
    wait_until(
        lambda: lab.run("test02", ["ping", "-c1", "-W1", "10.9.0.1"]).returncode == 0,
        what="the route to be back",
    )
    relay.apply(WALKTHROUGH)
    assert lab.run("test02", ["ping", "-c1", "-W1", "10.9.0.1"]).returncode != 0


def test_a_port_or_a_network_that_is_down_carries_nothing(relay: Relay) -> None:
    def reached() -> bool:
        return relay.lab.run("test01", ["ping", "-c1", "-W1", "192.168.100.1"]).returncode == 0

    assert reached()
    relay.apply(
        replace(
            WALKTHROUGH,
            ports=tuple(replace(port, admin_state_up=False) for port in WALKTHROUGH.ports),
        )
    )
    assert not reached()
    relay.apply(WALKTHROUGH)
    wait_until(reached, what="the port to be up")
    relay.apply(
        replace(
            WALKTHROUGH,
            networks=tuple(
                replace(network, admin_state_up=False) for network in WALKTHROUGH.networks
            ),
        )
    )
    assert not reached()
    relay.apply(WALKTHROUGH)
    wait_until(reached, what="the network to be up")


def test_a_network_gets_another_mtu(relay: Relay) -> None:
    relay.apply(
        replace(
            WALKTHROUGH,
            networks=tuple(replace(network, mtu=1400) for network in WALKTHROUGH.networks),
        )
    )
    assert "mtu 1400" in in_switch(relay.lab, ["ip", "link", "show", f"brq{INSIDE[:11]}"])
    relay.lab.reboot("test02")
    assert "mtu 1400" in relay.lab.run("test02", ["ip", "link", "show", "eth0"]).stdout


def held(relay: Relay) -> dict[str, object]:
    """What the cloud holds on to; how many processes there are is the instances' affair."""
    return {what: it for what, it in possessions(relay.lab).items() if what != "processes"}


def test_what_cannot_be_leaves_everything_as_it_was(relay: Relay) -> None:
    impossible = router_with(WALKTHROUGH, routes=(("10.9.0.0/16", "203.0.113.1"),))
    another = Instance(identity("server", "another"), "another", ())
    impossible = replace(impossible, instances=(*WALKTHROUGH.instances[1:], another))
    before = held(relay)
    with pytest.raises(LabError, match="cannot configure links"):
        relay.apply(impossible)
    assert relay.plane() == WALKTHROUGH
    assert set(relay.ask("states")) == {TEST01, TEST02, CLIENT}
    wait_until(lambda: held(relay) == before, what=lambda: f"{before}, and it is {held(relay)}")
    wait_until(lambda: curl(relay.lab, "client", "99.88.128.33") == "test02", what="an answer")
    with pytest.raises(LabError, match="there is no network 'nowhere'"):
        relay.apply(
            replace(
                WALKTHROUGH,
                ports=tuple(replace(port, network="nowhere") for port in WALKTHROUGH.ports),
            )
        )
    assert relay.plane() == WALKTHROUGH


def test_an_instance_that_does_not_boot_says_why_and_the_others_run(relay: Relay) -> None:
    files = {"/etc/a": "x", "/etc/a/b": "y"}  # a file where a directory is needed
    broken = Instance(identity("server", "broken"), "broken", (), files)
    relay.apply(replace(WALKTHROUGH, instances=(*WALKTHROUGH.instances, broken)))
    wait_for_states(relay, "running", "running", "running", "failed")
    assert "broken: cannot write /etc/a/b" in relay.ask("states")[broken.id]["failure"]
    with pytest.raises(LabError, match="broken is failed"):
        relay.lab.run("broken", ["true"])


def test_instances_are_found_by_id_and_by_a_name_that_is_one_instances_only(relay: Relay) -> None:
    twins = [Instance(identity("server", f"twin{n}"), "twin", ()) for n in range(2)]
    relay.apply(replace(WALKTHROUGH, instances=(*WALKTHROUGH.instances, *twins)))
    wait_for_states(relay, *["running"] * 5)
    assert relay.lab.run(twins[1].id, ["hostname"]).stdout == "twin\n"
    with pytest.raises(LabError, match="2 instances are named 'twin'") as error:
        relay.lab.run("twin", ["true"])
    assert error.value.remedy == f"say which: {twins[0].id}, {twins[1].id}"
    with pytest.raises(LabError, match="there is no instance 'nobody'"):
        relay.lab.stop("nobody")


def test_power_is_switched_by_the_channel(relay: Relay) -> None:
    relay.ask("stop", TEST02, 20.0)
    assert relay.ask("states")[TEST02] == {"state": "stopped", "failure": "", "addresses": []}
    relay.apply(router_with(WALKTHROUGH, floating_ips=()))  # a change meanwhile does not start it
    relay.ask("start", TEST02)
    assert "192.168.100.67" in relay.ask("states")[TEST02]["addresses"]
    relay.ask("poweroff", TEST02)
    relay.ask("reboot", TEST02, False)
    relay.ask("reboot", TEST02, False)
    assert relay.lab.instances()[TEST02] == "running"
    assert relay.ask("console", TEST02, 1) == "test02 login: "
    with pytest.raises(LabError, match="there is no instance"):
        relay.ask("start", "nobody")
    with pytest.raises(LabError, match="a cloud cannot 'nonsense'"):
        relay.ask("nonsense")


def test_what_is_dropped_is_told_by_port_id(relay: Relay) -> None:
    counted = {(count["port"], count["reason"]) for count in relay.ask("drops")}
    assert (identity("port", "test01"), "no-ingress-rule") in counted
