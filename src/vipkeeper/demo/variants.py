"""What is seen when one thing is not set up: each on a cloud of its own.

The outcomes are those of a real Neutron with its linuxbridge agent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from vipkeeper.demo import adverts
from vipkeeper.demo.failover import outage_text
from vipkeeper.demo.observation import (
    ADDRESS,
    VIP,
    VIP_OUTSIDE,
    addresses,
    no_web_answer,
    run,
    web_answer,
)
from vipkeeper.demo.scene import Scene, cloud
from vipkeeper.demo.step import Check
from vipkeeper.lab.drops import Reason
from vipkeeper.lab.spec import CloudSpec

_NODES = tuple(ADDRESS)
# Boot, three intervals and the skew time, with five clouds starting at once on a small machine.
_SETTLE_S = 30.0
_TAKEOVER_S = 15.0


@dataclass(frozen=True, slots=True)
class Variant:
    id: str
    title: str
    spec: Callable[[], CloudSpec]
    look: Callable[[Scene], Iterator[Check]]


def without_pairs(spec: CloudSpec, *hosts: str) -> CloudSpec:
    for host in hosts:
        spec = spec.with_port(replace(spec.port(host), allowed_address_pairs=()))
    return spec


def without_vrrp_group() -> CloudSpec:
    """No group of the nodes' ports admits protocol 112."""
    spec = cloud()
    for host in _NODES:
        spec = spec.with_port(replace(spec.port(host), security_groups=("web",)))
    return spec


def without_port_security() -> CloudSpec:
    """As ``openstack network create --disable-port-security``: no filter, no pairs, no groups."""
    spec = cloud()
    networks = tuple(replace(network, port_security_enabled=False) for network in spec.networks)
    ports = tuple(
        replace(port, allowed_address_pairs=(), security_groups=()) for port in spec.ports
    )
    return replace(spec, networks=networks, ports=ports)


def with_virtual_mac() -> CloudSpec:
    """Both nodes send from 00:00:5e:00:01:01, as RFC 9568 7.2 has it."""
    spec = cloud()
    path = "/etc/keepalived/keepalived.conf"

    def use_vmac(files: dict[str, str]) -> dict[str, str]:
        line = "interface eth0\n"
        return files | {path: files[path].replace(line, f"{line}     use_vmac\n", 1)}

    return replace(
        spec,
        instances=tuple(
            replace(machine, files=use_vmac(dict(machine.files)))
            if machine.name in _NODES
            else machine
            for machine in spec.instances
        ),
    )


def nobody_reaches_it(scene: Scene) -> Iterator[Check]:
    scene.until_holds_vip("test01", timeout=_SETTLE_S)
    yield addresses(scene.lab, "test01", holds_vip=True)
    yield addresses(scene.lab, "test02", holds_vip=False)
    yield no_web_answer(scene.lab, "client", VIP_OUTSIDE)
    yield no_web_answer(scene.lab, "test02", VIP)
    yield drops(scene, Reason.ARP_SPOOFING, "test01")


def works_until_the_first_failover(scene: Scene) -> Iterator[Check]:
    scene.until_holds_vip("test01", timeout=_SETTLE_S)
    with scene.failover("pair on one node only") as drill:
        drill.wait_for("test01", timeout=_TAKEOVER_S)
        yield web_answer(scene.lab, "client", VIP_OUTSIDE, "test01")
        run(scene.lab, "test01", "systemctl stop keepalived")
        scene.until_holds_vip("test02", timeout=_TAKEOVER_S)
        after = [
            addresses(scene.lab, "test02", holds_vip=True),
            no_web_answer(scene.lab, "client", VIP_OUTSIDE),
        ]
    outages = drill.measurement.outages
    yield Check(
        expected="once test01 has let go, nobody answers, and that does not end",
        where="test01",
        command="systemctl stop keepalived",
        observed=outage_text(drill.measurement),
        ok=bool(outages) and outages[-1].answered_after is None and outages[-1].duration_ms > 1_000,
    )
    yield from after
    yield drops(scene, Reason.ARP_SPOOFING, "test02")


def both_are_active(scene: Scene) -> Iterator[Check]:
    for host in _NODES:
        scene.until_holds_vip(host, timeout=_SETTLE_S)
    for host in _NODES:
        yield addresses(scene.lab, host, holds_vip=True)
    for host in _NODES:
        seen = run(scene.lab, host, adverts.COMMAND.format(count=2))
        sources = {advert.source for advert in adverts.parse(seen.text)}
        yield seen.check(
            f"{host} sends advertisements and hears none",
            sources == {ADDRESS[host]},
            seen.lines(r"224\.0\.0\.18: "),
        )
    yield somebody_answers(scene)
    yield drops(scene, Reason.NO_INGRESS_RULE, *_NODES)


def somebody_answers(scene: Scene) -> Check:
    seen = run(scene.lab, "client", f"curl -s -m 2 http://{VIP_OUTSIDE}/index.html")
    return seen.check(
        "one of them answers all the same: from outside nothing looks wrong",
        seen.text.strip() in _NODES,
    )


def works_without_pairs(scene: Scene) -> Iterator[Check]:
    scene.until_holds_vip("test01", timeout=_SETTLE_S)
    with scene.failover("port security off") as drill:
        drill.wait_for("test01", timeout=_TAKEOVER_S)
        yield web_answer(scene.lab, "client", VIP_OUTSIDE, "test01")
        run(scene.lab, "test01", "systemctl stop keepalived")
        drill.wait_for("test02", timeout=_TAKEOVER_S)
        yield web_answer(scene.lab, "client", VIP_OUTSIDE, "test02")
    dropped = [f"{row['reason']} at {row['port']}" for row in scene.lab.drops() if row["packets"]]
    yield Check(
        expected="nothing is dropped",
        where="",
        command="vipkeeper lab status --drops",
        observed="\n".join(dropped) or "no drops",
        ok=not dropped,
    )


def nothing_gets_through(scene: Scene) -> Iterator[Check]:
    for host in _NODES:
        scene.until_holds_vip(host, timeout=_SETTLE_S)
    for host in _NODES:
        seen = run(scene.lab, host, "ip -brief a show dev vrrp.1")
        yield seen.check(f"{host} holds {VIP} on its virtual MAC's interface", VIP in seen.text)
    yield no_web_answer(scene.lab, "client", VIP_OUTSIDE)
    yield no_web_answer(scene.lab, "test02", VIP_OUTSIDE)
    yield drops(scene, Reason.MAC_SPOOFING, *_NODES)


def drops(scene: Scene, reason: Reason, *ports: str) -> Check:
    """The switch dropped packets of each of these ports for this reason."""
    packets = {row["port"]: row["packets"] for row in scene.lab.drops() if row["reason"] == reason}
    return Check(
        expected=f"port security drops packets of {' and '.join(ports)}: {reason}",
        where="",
        command="vipkeeper lab status --drops",
        observed="\n".join(f"{reason} at {port}: {packets.get(port, 0)} packets" for port in ports),
        ok=all(packets.get(port, 0) > 0 for port in ports),
    )


VARIANTS = (
    Variant(
        "variant-no-pairs",
        "No allowed address pair: nobody reaches it",
        lambda: without_pairs(cloud(), *_NODES),
        nobody_reaches_it,
    ),
    Variant(
        "variant-pair-on-one",
        "The pair on one node only: until the first failover",
        lambda: without_pairs(cloud(), "test02"),
        works_until_the_first_failover,
    ),
    Variant(
        "variant-no-protocol-112",
        "No rule lets protocol 112 in: both nodes are active",
        without_vrrp_group,
        both_are_active,
    ),
    Variant(
        "variant-no-port-security",
        "No port security on the network: works without pairs",
        without_port_security,
        works_without_pairs,
    ),
    Variant(
        "variant-virtual-mac",
        "A virtual MAC and no pair for it: nothing gets through",
        with_virtual_mac,
        nothing_gets_through,
    ),
)
