"""The session, step by step: from an empty cloud to the answering virtual IP, and back.

Each step yields what it saw (:class:`~vipkeeper.demo.step.Check`), as those of the walkthrough do.
Commands that do not need each other are run together: a client takes a second to start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from vipkeeper.demo.observation import ADDRESS, VIP, web_answer
from vipkeeper.demo.openstack.client import OpenStackClient
from vipkeeper.demo.openstack.nodes import user_data
from vipkeeper.demo.scene import Scene
from vipkeeper.demo.step import Check

TAKEOVER_S = 15.0
BOOT_S = 60.0

OUTSIDE = "ext-private-net1"
_CIDR_OUTSIDE = "99.88.128.0/24"
_CIDR = "192.168.100.0/24"


MEMBER, ADMIN = "lab", "lab-admin"
"""The two clouds of the clouds.yaml."""


class Order(NamedTuple):
    """What is made or done, as a sentence, and the command for it, in whose cloud."""

    expected: str
    words: str
    cloud: str = MEMBER


@dataclass(slots=True)
class Session:
    """A step's two hands: the client, and the lab that it acts on.

    Attributes:
        address: the virtual IP's floating IP, once it has been seen.
    """

    client: OpenStackClient
    scene: Scene
    address: str = "(none)"

    def make(
        self, *orders: tuple[str, str] | tuple[str, str, str], show: str = ""
    ) -> Iterator[Check]:
        """Commands that must succeed, run together.

        Args:
            show: the columns of what the client prints, with a space between.
        """
        wanted = [Order(*one) for one in orders]
        self.scene.watcher.doing(wanted[0].expected)
        columns = "".join(f" -c {column}" for column in show.split())
        outputs = self.client.run_together([(one.words + columns, one.cloud) for one in wanted])
        for one, seen in zip(wanted, outputs, strict=True):
            yield Check(one.expected, "", seen.command, seen.text.strip(), seen.code == 0)


@dataclass(frozen=True, slots=True)
class Step:
    id: str
    title: str
    go: Callable[[Session], Iterator[Check]]


def outside(session: Session) -> Iterator[Check]:
    """The operator's part: the external network, and a machine on it to look from."""
    yield from session.make(
        (
            "an external network, where floating IPs come from",
            "network create --external --provider-network-type flat"
            f" --provider-physical-network physnet1 {OUTSIDE}",
            ADMIN,
        ),
        show="name router:external status",
    )
    yield from session.make(
        (
            f"its addresses, {_CIDR_OUTSIDE}",
            f"subnet create --network {OUTSIDE} --subnet-range {_CIDR_OUTSIDE} --gateway none"
            f" --no-dhcp {OUTSIDE}-subnet",
            ADMIN,
        ),
        show="allocation_pools cidr",
    )
    yield from session.make(
        (
            "a port for a machine outside of the cloud: nothing filters it",
            f"port create --network {OUTSIDE} --fixed-ip ip-address=99.88.128.10"
            " --no-security-group --disable-port-security client",
            ADMIN,
        ),
        show="fixed_ips port_security_enabled",
    )
    yield from session.make(
        (
            "the machine",
            "server create --image debian-12 --flavor m1.tiny --port client client",
            ADMIN,
        ),
        show="name status",
    )


def network(session: Session) -> Iterator[Check]:
    """A network behind a router, and two security groups: nothing of it needs the other."""
    yield from session.make(
        ("a network of our own", "network create --mtu 1450 int_net"),
        ("a router with a gateway outside", f"router create --external-gateway {OUTSIDE} router1"),
        ("a group for what the world may ask", "security group create web"),
        ("a group for what the nodes say to each other", "security group create vrrp"),
        show="name",
    )
    rule = "security group rule create"
    yield from session.make(
        (
            f"the network's addresses, {_CIDR}",
            f"subnet create --network int_net --subnet-range {_CIDR} int_net-subnet"
            " -c allocation_pools -c gateway_ip",
        ),
        ("ping", f"{rule} --protocol icmp web -c direction -c protocol"),
        (
            "HTTP",
            f"{rule} --protocol tcp --dst-port 80 web -c direction -c protocol -c port_range_min",
        ),
        (
            "VRRP, protocol 112, from members of the group",
            f"{rule} --protocol 112 --remote-group vrrp vrrp -c direction -c protocol",
        ),
    )
    yield from session.make(
        ("the router is the network's gateway", "router add subnet router1 int_net-subnet")
    )


def ports(session: Session) -> Iterator[Check]:
    """The virtual IP's own port, and the allowed address pair on each node's."""
    yield from session.make(
        (
            f"a port that holds {VIP}, and that no instance will have",
            f"port create --network int_net --fixed-ip ip-address={VIP} USER-vip",
        ),
        *(
            (
                f"{name}'s port, which may also speak as {VIP}",
                f"port create --network int_net --fixed-ip ip-address={address}"
                " --security-group web --security-group vrrp"
                f" --allowed-address ip-address={VIP} {name}",
            )
            for name, address in ADDRESS.items()
        ),
        show="allowed_address_pairs fixed_ips name status",
    )


def servers(session: Session) -> Iterator[Check]:
    for name in ADDRESS:
        (session.client.directory / f"{name}.yaml").write_text(user_data(name))
    yield from session.make(
        *(
            (
                f"{name}, with its web server and its keepalived.conf from {name}.yaml",
                "server create --image debian-12 --flavor m1.tiny"
                f" --port {name} --user-data {name}.yaml --wait {name}",
            )
            for name in ADDRESS
        ),
        show="addresses name status",
    )
    yield from session.make(
        *(
            (f"a floating IP that leads to {port}", f"floating ip create --port {port} {OUTSIDE}")
            for port in (*ADDRESS, "USER-vip")
        ),
        show="fixed_ip_address floating_ip_address",
    )


def what_there_is(session: Session) -> Iterator[Check]:
    seen, floating, shown = session.client.run_together(
        [
            ("port list -c Name -c 'Fixed IP Addresses' -c Status", MEMBER),
            ("floating ip list -c 'Floating IP Address' -c 'Fixed IP Address'", MEMBER),
            (
                "port show test01 -c allowed_address_pairs -c fixed_ips -c mac_address"
                " -c port_security_enabled -c status",
                MEMBER,
            ),
        ]
    )
    rows = dict(re.findall(r"^\| (\S+) +\|.*\| (\w+) +\|$", seen.text, re.M))
    wanted = {"test01": "ACTIVE", "test02": "ACTIVE", "USER-vip": "DOWN"}
    yield seen.check(
        "the nodes' ports are ACTIVE, USER-vip is DOWN: no instance has it",
        seen.code == 0 and wanted.items() <= rows.items(),
    )
    leads = re.search(rf"^\| (\S+) +\| {re.escape(VIP)} +\|$", floating.text, re.M)
    session.address = leads[1] if leads else session.address
    yield floating.check(f"a floating IP leads to {VIP}", leads is not None)
    yield shown.check(
        f"{VIP} may speak at test01's port, from that port's own MAC address",
        shown.code == 0 and f"ip_address='{VIP}', mac_address=" in shown.text,
    )


def _answers(session: Session, address: str, host: str) -> Check:
    """The web server behind an address is that host's, before long."""
    scene = session.scene
    answer = web_answer(scene.lab, "client", address, host)

    def answered() -> bool:
        nonlocal answer
        answer = web_answer(scene.lab, "client", address, host)
        return answer.ok

    scene.until(f"{host} answers for {address}", answered, timeout=BOOT_S)
    return answer


def it_answers(session: Session) -> Iterator[Check]:
    yield _answers(session, session.address, "test01")


def failover(session: Session) -> Iterator[Check]:
    yield from session.make(("a clean shutdown of test01", "server stop test01"))
    yield _answers(session, session.address, "test02")
    shown = session.client.run("server show test01 -c name -c status")
    yield shown.check("test01 is SHUTOFF", "SHUTOFF" in shown.text)
    yield from session.make(("and its return", "server start test01"))
    yield _answers(session, session.address, "test01")


def back_to_nothing(session: Session) -> Iterator[Check]:
    make = session.make
    rows = session.client.values("floating ip list") or ()
    addresses = " ".join(str(row["Floating IP Address"]) for row in rows)
    yield from make(
        ("the nodes go", "server delete --wait test01 test02"),
        ("the floating IPs go", f"floating ip delete {addresses}"),
        ("the machine outside goes", "server delete --wait client", ADMIN),
    )
    yield from make(
        ("the ports go", "port delete test01 test02 USER-vip"),
        ("the router lets go of the network", "router remove subnet router1 int_net-subnet"),
        ("the port outside goes", "port delete client", ADMIN),
    )
    yield from make(
        ("the router goes", "router delete router1"),
        ("the groups go", "security group delete web vrrp"),
        ("the network goes, its subnet with it", "network delete int_net"),
    )
    yield from make(("the external network goes", f"network delete {OUTSIDE}", ADMIN))
    lists = ("network list", "port list", "router list", "server list --all-projects")
    for seen in session.client.run_together([(words, ADMIN) for words in lists]):
        yield seen.check("nothing is left", seen.code == 0 and not seen.text.strip(), "(nothing)")


STEPS = (
    Step("step-1", "The operator's part: an external network, a machine on it", outside),
    Step("step-2", "A network behind a router, and security groups", network),
    Step("step-3", "The virtual IP's own port, and allowed address pairs", ports),
    Step("step-4", "Two nodes, set up by their user data; floating IPs", servers),
    Step("step-5", "What there is now", what_there_is),
    Step("step-6", "The virtual IP answers", it_answers),
    Step("step-7", "test01 is stopped: test02 takes over, and gives it back", failover),
    Step("step-8", "Back to nothing", back_to_nothing),
)
