"""What the client's options declare: the same as a file would."""

from __future__ import annotations

import argparse
from typing import Any

import pytest
from osc_lib.exceptions import CommandError

from vipkeeper.errors import ConfigError
from vipkeeper.openstack.declaration import spec_file
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.osc.v1 import changing, create, looking

LEAST = ("web", "--network", "int_net", "--member", "test01", "--member-port", "p2")


def parsed(command: Any, *words: str) -> argparse.Namespace:
    parser: argparse.ArgumentParser = command(None, None).get_parser("openstack vip")
    return parser.parse_args(words)


def declared(*words: str) -> VipSpec:
    return create.declared(parsed(create.CreateVip, *words))


def file(text: str) -> VipSpec:
    return spec_file.parse(text, "web.yaml")


def test_the_least_that_can_be_said() -> None:
    text = "{name: web, network: int_net, members: [test01, {port: p2}]}"
    assert declared(*LEAST) == file(text)


def test_all_that_can_be_said() -> None:
    words = (
        *("--interface", "ens3", "--address", "192.168.100.9", "--address", "fd00::9"),
        *("--ip-version", "dual", "--floating-network", "ext", "--vrid", "7", "--interval", "0.5"),
        *("--vrrp-version", "3", "--multicast", "--no-preempt", "--service-port", "80"),
        *("--service-port", "53/udp", "--security-group", "vrrp", "--anti-affinity"),
    )
    assert declared(*LEAST, *words) == file(
        """
        name: web
        network: int_net
        members: [{server: test01, interface: ens3}, {port: p2, interface: ens3}]
        address: [192.168.100.9, "fd00::9"]
        ip: dual
        floating_ip: {network: ext}
        vrrp: {vrid: 7, interval: 0.5, version: 3, mode: multicast, preempt: false}
        service_ports: [80, 53/udp]
        security_group: vrrp
        anti_affinity: true
        """
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Missing: <name>, --network, --member or --member-port"),
        (("web", "--spec", "web.yaml", "--network", "n"), "--spec declares all of it"),
        (("--spec", "web.yaml", "--no-preempt"), "--spec declares all of it"),
    ],
)
def test_what_is_missing_or_contradicts_is_said(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        declared(*words)


def test_faults_have_the_paths_of_a_spec() -> None:
    with pytest.raises(ConfigError) as caught:
        declared(*LEAST, "--vrid", "300", "--address", "nowhere")
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["address[0]", "vrrp.vrid"]


@pytest.mark.parametrize(
    "words",
    [
        (*LEAST, "--unicast", "--multicast"),
        (*LEAST, "--floating-network", "n", "--floating-address", "99.88.128.9"),
        (*LEAST, "--vrid", "many"),
        (*LEAST, "--ip-version", "5"),
    ],
)
def test_what_the_parser_refuses_ends_with_2(words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(create.CreateVip, *words)
    assert ended.value.code == 2


def test_a_check_is_of_a_name_or_of_a_file() -> None:
    kind: Any = looking.CheckVip
    command = kind(None, None)
    for words in ((), ("web", "--spec", "web.yaml")):
        with pytest.raises(CommandError, match="Either <name> or --spec <file>"):
            command.take_action(parsed(looking.CheckVip, *words))


def test_set_adds_to_what_is_recorded() -> None:
    there = {"name": "web", "members": ["test01", "test02"], "service_ports": [80]}
    words = ("web", "--member", "test03", "--service-port", "443", "--vrid", "9")
    assert changing.added(parsed(changing.SetVip, *words), there) == {
        "name": "web",
        "members": ["test01", "test02", {"server": "test03"}],
        "service_ports": [80, "443"],
        "vrrp": {"vrid": 9},
    }


def test_unset_takes_from_what_is_recorded() -> None:
    there = {
        "name": "web",
        "members": ["test01", {"port": "p2", "priority": 50}, "test03"],
        "service_ports": [80, "53/udp"],
        "floating_ip": "ext",
    }
    words = ("web", "--member-port", "p2", "--service-port", "80", "--floating-ip")
    assert changing.taken(parsed(changing.UnsetVip, *words), there) == {
        "name": "web",
        "members": ["test01", "test03"],
        "service_ports": ["53/udp"],
    }
    for wrong in (("--member", "p2"), ("--service-port", "22")):
        with pytest.raises(CommandError, match=r"is not (a member|open)"):
            changing.taken(parsed(changing.UnsetVip, "web", *wrong), there)
