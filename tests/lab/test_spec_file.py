"""What a cloud file may say, and what is said where it is wrong."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from vipkeeper.errors import ConfigError
from vipkeeper.lab import spec_file
from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.security_groups import SecurityGroupRule, egress_to_anywhere

SMALL = """\
networks:
  n: {cidr: 10.0.0.0/24, gateway: 10.0.0.1}
  out: {cidr: 10.9.0.0/24, external: true}
routers:
  r: {external_network: out, external_ip: 10.9.0.2, networks: [n]}
security_groups:
  g: [{protocol: 112, remote_group: g}]
ports:
  p: {network: n, fixed_ip: 10.0.0.9, security_groups: [g]}
  vip: {network: n, fixed_ip: 10.0.0.20}
floating_ips: {10.9.0.20: vip}
instances:
  i: {ports: [p]}
"""


def test_the_walkthrough_is_what_its_page_says() -> None:
    spec = spec_file.walkthrough()
    network = spec.network("int_net")
    assert (str(network.cidr), str(network.gateway), network.mtu) == (
        "192.168.100.0/24",
        "192.168.100.1",
        1450,
    )
    floating = {name: str(address) for address, name in spec.floating_ips}
    assert floating == {
        "test01": "99.88.128.203",
        "test02": "99.88.128.33",
        "USER-vip": "99.88.128.171",
    }
    assert spec.virtual_ips() == (IPv4Address("192.168.100.196"),)
    for name, address, state, priority in (
        ("test01", "192.168.100.131", "MASTER", 100),
        ("test02", "192.168.100.67", "BACKUP", 50),
    ):
        port = spec.port(name)
        assert str(port.fixed_ip) == address
        assert port.allowed_address_pairs == (AddressPair("192.168.100.196"),)
        text = spec.instance(name).files["/etc/keepalived/keepalived.conf"]
        assert text == (
            "vrrp_instance vrrp_group_1 {\n"
            f"     state {state}\n"
            "     interface eth0\n"
            "     virtual_router_id 1\n"
            f"     priority {priority}\n"
            "     authentication {\n"
            "         auth_type PASS\n"
            "         auth_pass password\n"
            "     }\n"
            "     virtual_ipaddress {\n"
            "         192.168.100.196/24 brd 192.168.100.255 dev eth0\n"
            "     }\n"
            "}\n"
        )


def test_a_group_lets_everything_out_unless_it_says_otherwise() -> None:
    groups = {one.name: one for one in spec_file.parse(SMALL, "f").security_groups}
    assert groups["g"].rules == (
        *egress_to_anywhere(),
        SecurityGroupRule("ingress", protocol="112", remote_group="g"),
    )
    assert "default" in groups


def test_mac_addresses_are_the_same_every_time() -> None:
    first, second = (spec_file.parse(SMALL, "f").port("p").mac_address for _ in range(2))
    assert first == second
    assert first.startswith("fa:16:3e:")


def test_an_external_network_has_no_dhcp_unless_told() -> None:
    spec = spec_file.parse(SMALL, "f")
    assert spec.network("n").enable_dhcp
    assert not spec.network("out").enable_dhcp


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("networks:", "nets:", "cloud.yaml: nets: is not known here"),
        ("{ports: [p]}", "{}", "cloud.yaml: instances.i: 'ports' is missing"),
        ("{ports: [p]}", "{ports: p}", "cloud.yaml: instances.i.ports: is text, a list is wanted"),
        ("{ports: [p]}", "{ports: [q]}", "cloud.yaml: there is no port 'q'\n  there are: p, vip"),
        ("{ports: [p]}", "{ports: [7]}", "cloud.yaml: instances.i.ports[0]: is a number, text"),
        (
            "{ports: [p]}",
            "{ports: [p], vrrp: frr}",
            "cloud.yaml: instances.i.vrrp: is 'frr'\n  allowed: vipkeeperd, keepalived, none",
        ),
        (
            "{ports: [p]}",
            "{ports: [p], files: {/root/x: y}}",
            "cloud.yaml: instances.i.files./root/x: cannot be written\n"
            "  an instance keeps files below /etc and /var",
        ),
        (
            "{ports: [p]}",
            "{ports: [p], files: {/etc/../../x: y}}",
            "cloud.yaml: instances.i.files./etc/../../x: cannot be written",
        ),
        (
            "{ports: [p]}",
            "{ports: [p], services: {s: {argv: []}}}",
            "cloud.yaml: instances.i.services.s: service s has no command",
        ),
        (
            "fixed_ip: 10.0.0.9",
            "fixed_ip: 10.0.0.300",
            "ports.p.fixed_ip: is '10.0.0.300', an IPv4",
        ),
        (
            "fixed_ip: 10.0.0.9",
            "fixed_ip: 10.1.0.9",
            "fixed_ip 10.1.0.9 is not a host address of n",
        ),
        ("fixed_ip: 10.0.0.9", "fixed_ip: 10.0.0.1", "10.0.0.1 on n is already its gateway's"),
        ("fixed_ip: 10.0.0.9", "fixed_ip: 10.0.0.20", "10.0.0.20 on n is already port p's"),
        ("gateway: 10.0.0.1", "gateway: 10.0.0.0", "gateway 10.0.0.0 is not a host address"),
        ("gateway: 10.0.0.1", "mtu: big", "networks.n.mtu: is text, a whole number is wanted"),
        ("gateway: 10.0.0.1", "mtu: 60", "network n: mtu 60 is not possible"),
        ("10.0.0.0/24", "10.0.0.1/24", "networks.n.cidr: is '10.0.0.1/24', an IPv4 network as"),
        ("security_groups: [g]", "security_groups: [h]", "port p: there is no security group 'h'"),
        ("external: true", "external: maybe", "external: is text, true or false is wanted"),
        ("external: true", "external: false", "router r: network out is not external"),
        ("10.9.0.20: vip", "10.8.0.20: vip", "floating IP 10.8.0.20 is not a host address of out"),
        ("10.9.0.20: vip", "10.9.0.20: vup", "there is no port 'vup'"),
        ("protocol: 112", "protocol: vrpp", "security_groups.g[0]: Security group rule protocol"),
        ("protocol: 112", "protcol: 112", "security_groups.g[0].protcol: is not known here"),
        ("  vip: {", "  p: {", "cloud.yaml:10:3: 'p' is there twice"),
        ("networks:", "networks: {", "cloud.yaml:"),
        ("  p: {", "  a b: {", "cloud.yaml: ports.a b: 'a b' is not a valid name of a port"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(old: str, new: str, complaint: str) -> None:
    assert old in SMALL
    with pytest.raises(ConfigError) as error:
        spec_file.parse(SMALL.replace(old, new, 1), "cloud.yaml")
    assert str(error.value).startswith("cloud.yaml:")
    assert complaint in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "x", "1", "\t", "networks: [", "a: &a [*a]"])
def test_no_text_is_worse_than_a_complaint(text: str) -> None:
    with pytest.raises(ConfigError):
        spec_file.parse(text, "cloud.yaml")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the cloud file: No such file"):
        spec_file.read(tmp_path / "missing.yaml")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="it is not text"):
        spec_file.read(path)
