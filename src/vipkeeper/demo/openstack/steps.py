"""The steps: from an empty cloud to the answering virtual IP by one command, and back."""

from __future__ import annotations

import json
from collections.abc import Iterator

from vipkeeper.demo.observation import ADDRESS, VIP
from vipkeeper.demo.openstack.nodes import NAME, SPEC, USER_DATA
from vipkeeper.demo.openstack.session import ADMIN, MEMBER, Session, Step
from vipkeeper.demo.step import Check

OUTSIDE = "ext-private-net1"
_CIDR_OUTSIDE = "99.88.128.0/24"
_CIDR = "192.168.100.0/24"

_VIP = "vipkeeper vip"
_SPEC_FILE = f"{NAME}.yaml"
_SOMETHING_TO_DO = 3
"""Exit code of ``vip plan``."""


def outside(session: Session) -> Iterator[Check]:
    """The operator's part: the external network, and a machine on it to look from."""
    yield from session.make(
        (
            "an external network, where floating IPs come from",
            f"{ADMIN} network create --external --provider-network-type flat"
            f" --provider-physical-network physnet1 {OUTSIDE}",
        ),
        show="name router:external status",
    )
    yield from session.make(
        (
            f"its addresses, {_CIDR_OUTSIDE}",
            f"{ADMIN} subnet create --network {OUTSIDE} --subnet-range {_CIDR_OUTSIDE}"
            f" --gateway none --no-dhcp {OUTSIDE}-subnet",
        ),
        show="allocation_pools cidr",
    )
    yield from session.make(
        (
            "a port for a machine outside of the cloud: nothing filters it",
            f"{ADMIN} port create --network {OUTSIDE} --fixed-ip ip-address=99.88.128.10"
            " --no-security-group --disable-port-security client",
        ),
        show="fixed_ips port_security_enabled",
    )
    yield from session.make(
        (
            "the machine",
            f"{ADMIN} server create --image debian-12 --flavor m1.tiny --port client client",
        ),
        show="name status",
    )


def network(session: Session) -> Iterator[Check]:
    """A network behind a router, and a port for each node: nothing of the virtual IP yet."""
    yield from session.make(
        ("a network of our own", f"{MEMBER} network create --mtu 1450 int_net"),
        (
            "a router with a gateway outside",
            f"{MEMBER} router create --external-gateway {OUTSIDE} router1",
        ),
        show="name",
    )
    yield from session.make(
        (
            f"the network's addresses, {_CIDR}",
            f"{MEMBER} subnet create --network int_net --subnet-range {_CIDR} int_net-subnet",
        ),
        show="allocation_pools gateway_ip",
    )
    yield from session.make(
        (
            "the router is the network's gateway",
            f"{MEMBER} router add subnet router1 int_net-subnet",
        )
    )
    yield from session.make(
        *(
            (
                f"a port for {name}",
                f"{MEMBER} port create --network int_net --fixed-ip ip-address={address} {name}",
            )
            for name, address in ADDRESS.items()
        ),
        show="allowed_address_pairs fixed_ips name",
    )


def declared(session: Session) -> Iterator[Check]:
    """The virtual IP is a file: what would be done is said first, then done."""
    (session.terminal.directory / _SPEC_FILE).write_text(SPEC)
    yield session.does(
        f"{_SPEC_FILE} says what is wanted; the plan what would be done for it",
        f"{_VIP} plan --cloud lab {_SPEC_FILE}",
        code=_SOMETHING_TO_DO,
        says=VIP,
    )
    yield session.does(
        "port, group, rules, pairs and floating IP by one command",
        f"{_VIP} apply --cloud lab {_SPEC_FILE}",
    )
    yield session.does("now there is nothing left to do", f"{_VIP} plan --cloud lab {_SPEC_FILE}")


def servers(session: Session) -> Iterator[Check]:
    """What the nodes have to know is rendered for their first boot."""
    (session.terminal.directory / "extra.yaml").write_text(USER_DATA)
    yield session.does(
        "user data for each node: its keepalived.conf, and what extra.yaml says",
        f"{_VIP} render --cloud lab {_SPEC_FILE} --to cloud-init --program vipkeeperd"
        " --user-data extra.yaml -o nodes",
    )
    yield from session.make(
        *(
            (
                f"{name}, with its user data",
                f"{MEMBER} server create --image debian-12 --flavor m1.tiny --port {name}"
                f" --user-data nodes/{name}/user-data.yaml --wait {name}",
            )
            for name in ADDRESS
        ),
        show="addresses name status",
    )
    yield session.does(
        "everything is as declared, and in force",
        f"{_VIP} apply --cloud lab --wait {_SPEC_FILE}",
    )


def what_there_is(session: Session) -> Iterator[Check]:
    shown, listed, port = session.terminal.run_together(
        (
            f"{MEMBER} vip show {NAME}",
            f"{_VIP} list --cloud lab",
            f"{MEMBER} port show test01 -c allowed_address_pairs -c mac_address -c tags",
        )
    )
    told = session.terminal.run(f"{_VIP} show --cloud lab --json {NAME}")
    floating = json.loads(told.text)["floating_ip"] if told.code == 0 else None
    session.address = floating or session.address
    yield shown.check(
        f"a floating IP leads to {VIP}",
        shown.code == 0 and VIP in shown.text and session.address in shown.text,
    )
    yield listed.check("it is in the list", listed.code == 0 and VIP in listed.text)
    yield port.check(
        f"{VIP} may speak at test01's port, from that port's own MAC address",
        port.code == 0 and f"ip_address='{VIP}', mac_address=" in port.text,
    )


def it_answers(session: Session) -> Iterator[Check]:
    yield session.answers("test01")


def failover(session: Session) -> Iterator[Check]:
    yield from session.make(
        ("a clean shutdown of test01", f"{MEMBER} server stop test01"),
    )
    yield session.answers("test02")
    yield session.does(
        "test01 is SHUTOFF", f"{MEMBER} server show test01 -c name -c status", says="SHUTOFF"
    )
    yield from session.make(("and its return", f"{MEMBER} server start test01"))
    yield session.answers("test01")


def destroyed(session: Session) -> Iterator[Check]:
    yield session.does(
        "what was made for the virtual IP goes, and nothing else",
        f"{_VIP} destroy --cloud lab {NAME}",
    )
    commands = (
        f"{MEMBER} floating ip list",
        f"{MEMBER} security group list -f value -c Name",
        f"{MEMBER} port show test01 -f value -c allowed_address_pairs -c tags",
        f"{MEMBER} port list --any-tags vipkeeper-vip",
    )
    floating, groups, port, ports = session.terminal.run_together(commands)
    for seen in (floating, ports):
        yield seen.check("nothing is left of it", _is_silent(seen.code, seen.text), "(nothing)")
    yield groups.check(
        "the project has its default group", groups.code == 0 and groups.text.split() == ["default"]
    )
    yield port.check(
        "test01's port is as it was", port.code == 0 and port.text.split() == ["[]", "[]"]
    )


def back_to_nothing(session: Session) -> Iterator[Check]:
    make = session.make
    yield from make(
        ("the nodes go", f"{MEMBER} server delete --wait test01 test02"),
        ("the machine outside goes", f"{ADMIN} server delete --wait client"),
    )
    yield from make(
        ("their ports go", f"{MEMBER} port delete test01 test02"),
        (
            "the router lets go of the network",
            f"{MEMBER} router remove subnet router1 int_net-subnet",
        ),
        ("the port outside goes", f"{ADMIN} port delete client"),
    )
    yield from make(
        ("the router goes", f"{MEMBER} router delete router1"),
        ("the network goes, its subnet with it", f"{MEMBER} network delete int_net"),
    )
    yield from make(("the external network goes", f"{ADMIN} network delete {OUTSIDE}"))
    lists = ("network list", "port list", "router list", "server list --all-projects")
    for seen in session.terminal.run_together([f"{ADMIN} {words}" for words in lists]):
        yield seen.check("nothing is left", _is_silent(seen.code, seen.text), "(nothing)")


def _is_silent(code: int, text: str) -> bool:
    return code == 0 and not text.strip()


STEPS = (
    Step("step-1", "The operator's part: an external network, a machine on it", outside),
    Step("step-2", "A network behind a router, and a port for each node", network),
    Step("step-3", "The virtual IP, declared in a file and applied by one command", declared),
    Step("step-4", "Two nodes, set up by the user data that was rendered for them", servers),
    Step("step-5", "What there is now", what_there_is),
    Step("step-6", "The virtual IP answers", it_answers),
    Step("step-7", "test01 is stopped: test02 takes over, and gives it back", failover),
    Step("step-8", "The virtual IP is destroyed: what was there before stays", destroyed),
    Step("step-9", "Back to nothing", back_to_nothing),
)
