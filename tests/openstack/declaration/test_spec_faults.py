"""What is said of each fault in a virtual IP's declaration."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from vipkeeper.errors import ConfigError
from vipkeeper.openstack.declaration import spec_file
from vipkeeper.openstack.declaration.spec import VipSpec

SMALL: dict[str, Any] = {"name": "web", "network": "int_net", "members": ["a", "b"]}


def faults(**keys: Any) -> list[str]:
    """All that is wrong, without the file's name."""
    with pytest.raises(ConfigError) as caught:
        spec_file.checked({**SMALL, **keys}, "f")
    lines = str(caught.value).splitlines()
    assert all(line.startswith("f: ") for line in lines)
    return [line.removeprefix("f: ") for line in lines]


class TestFaults:
    @pytest.mark.parametrize(
        ("keys", "said"),
        [
            (
                {"name": "my vip"},
                "name: is 'my vip', a name of at most 30 letters, digits, '.', '_' and '-'"
                " is wanted",
            ),
            ({"network": ["a"]}, "network: is a list of 1, a network's name or ID is wanted"),
            ({"network": 7}, "network: is 7, a network's name or ID is wanted"),
            ({"ip": 5}, "ip: is 5, 4, 6 or dual is wanted"),
            ({"ip": True}, "ip: is true, 4, 6 or dual is wanted"),
            (
                {"address": "10.0.0.0/24"},
                "address: is '10.0.0.0/24', an address without a prefix is wanted: 10.0.0.0",
            ),
            (
                {"address": "somewhere"},
                "address: is 'somewhere', an address as 192.168.100.196 or fd00::196 is wanted",
            ),
            ({"address": 196}, "address: is 196, an address in quotes is wanted"),
            (
                {"address": ["224.0.0.18"]},
                "address[0]: is 224.0.0.18, a multicast address: no port can have it",
            ),
            (
                {"address": "fe80::1%eth0"},
                "address: is 'fe80::1%eth0': an address without '%' is wanted",
            ),
            (
                {"address": "fd00::1", "ip": 4},
                "address: is fd00::1 (IPv6), and ip is 4",
            ),
            (
                {"address": ["10.0.0.1", "10.0.0.2"]},
                "address[1]: is 10.0.0.2, of the same family as address[0]: one of each is wanted",
            ),
            (
                {"members": ["a"]},
                "members: is a list of 1, a list of at least two servers or ports is wanted",
            ),
            (
                {"members": "a"},
                "members: is 'a', a list of at least two servers or ports is wanted",
            ),
            (
                {"members": ["a", 12]},
                "members[1]: is 12, a server's name or ID, or a mapping with server or port,"
                " is wanted",
            ),
            (
                {"members": ["a", {"server": "b", "priority": 300}]},
                "members[1].priority: is 300, a whole number from 1 to 254 is wanted",
            ),
            (
                {"members": ["a", {"server": "b", "interface": "eth 0"}]},
                "members[1].interface: is 'eth 0', an interface's name as eth0 is wanted",
            ),
            (
                {"members": ["a", {"server": "b", "port": "c"}]},
                "members[1].port: has both server and port: a member is one of the two",
            ),
            (
                {"members": ["a", {"priority": 3}]},
                "members[1].port: has neither server nor port: a member is one of the two",
            ),
            (
                {"members": ["a", "a"]},
                "members[1]: is 'a', as members[0] is: name each member once",
            ),
            (
                {"members": ["a", {"server": "b", "priority": 80}, "c"]},
                "members[2]: is 80, as that of members[1] is: who wins would depend on addresses",
            ),
            (
                {"floating_ip": 3},
                "floating_ip: is 3, an external network's name or ID, true, none, or a mapping"
                " with network and address, is wanted",
            ),
            (
                {"floating_ip": {"address": "fd00::1"}},
                "floating_ip.address: is 'fd00::1', an IPv4 address is wanted",
            ),
            ({"floating_ip": True, "ip": 6}, "floating_ip: is for IPv4 only, and ip is 6"),
            ({"vrrp": {"version": 4}}, "vrrp.version: is 4, 2 or 3 is wanted"),
            ({"vrrp": {"version": True}}, "vrrp.version: is true, 2 or 3 is wanted"),
            ({"vrrp": {"vrid": 256}}, "vrrp.vrid: is 256, a whole number from 1 to 255 is wanted"),
            (
                {"vrrp": {"interval": 0}},
                "vrrp.interval: is 0, a number of seconds from 0.01 to 40.95 (VRRPv2: 1 to 255)"
                " is wanted",
            ),
            (
                {"vrrp": {"interval": 41}},
                "vrrp.interval: is 41: VRRPv3 says at most 40.95 seconds",
            ),
            (
                {"vrrp": {"interval": 0.015}},
                "vrrp.interval: is 0.015: VRRPv3 counts in steps of 0.01 seconds",
            ),
            (
                {"vrrp": {"version": 2, "interval": 1.5}},
                "vrrp.interval: is 1.5: VRRPv2 counts whole seconds; a fraction needs version 3",
            ),
            ({"vrrp": {"mode": "x"}}, "vrrp.mode: is 'x', unicast or multicast is wanted"),
            ({"vrrp": {"preempt": "no"}}, "vrrp.preempt: is 'no', true or false is wanted"),
            (
                {"vrrp": {"version": 2}, "ip": 6},
                "vrrp.version: is 2, which is for IPv4 only: IPv6 needs 3",
            ),
            (
                {"vrrp": {"authentication": {"password": "s"}}, "ip": "dual"},
                "vrrp.authentication: is VRRPv2's, and IPv6 needs VRRPv3, which has none",
            ),
            (
                {"vrrp": {"authentication": {"password": "s"}, "version": 3}},
                "vrrp.authentication: VRRPv3 has no authentication (RFC 9568 9): leave it out,"
                " or write version: 2",
            ),
            (
                {"vrrp": {"authentication": {"type": "md5", "password": "s"}}},
                "vrrp.authentication.type: is not right here, pass or ah is wanted",
            ),
            (
                {"vrrp": {"authentication": {}}},
                "vrrp.authentication.password: is missing, text in quotes is wanted",
            ),
            (
                {"vrrp": {"authentication": {"password": 12345}}},
                "vrrp.authentication.password: is not right here, text in quotes is wanted",
            ),
            (
                {"vrrp": {"authentication": "12345"}},
                "vrrp.authentication: is not right here, a mapping with type and password"
                " is wanted",
            ),
            (
                {"vrrp": {"authentication": {"password": "password1"}}},
                "vrrp.authentication.password: has 9 bytes, and keepalived cuts it to 8; write 8,"
                " so that nobody is misled",
            ),
            (
                {"vrrp": {"authentication": {"password": ""}}},
                "vrrp.authentication.password: is empty: no password, no authentication",
            ),
            (
                {"vrrp": {"authentication": {"password": "a\tb"}}},
                "vrrp.authentication.password: has characters that are not printable ASCII:"
                " keepalived.conf cannot say them",
            ),
            (
                {"vrrp": {"authentication": {"password": 'a"b'}}},
                "vrrp.authentication.password: has '\"', which keepalived.conf cannot say",
            ),
            (
                {"service_ports": 80},
                "service_ports: is 80, a list of ports as 80, 443/tcp or icmp is wanted",
            ),
            (
                {"service_ports": ["https"]},
                "service_ports[0]: is 'https', a port as 80, 443/tcp, 53/udp or 8000-8010, or icmp,"
                " is wanted",
            ),
            (
                {"service_ports": ["80/tpc"]},
                "service_ports[0]: is '80/tpc', the protocol is one of tcp, udp and sctp",
            ),
            ({"service_ports": ["80/icmp"]}, "service_ports[0]: is '80/icmp': icmp has no ports"),
            (
                {"service_ports": [{"port": 80, "protocol": "icmp"}]},
                "service_ports[0].port: is given, and icmp has no ports",
            ),
            (
                {"service_ports": ["8010-8000"]},
                "service_ports[0]: is '8010-8000', which goes backwards; write 8000-8010",
            ),
            (
                {"service_ports": [{"port": 70000}]},
                "service_ports[0].port: is '70000', ports go from 1 to 65535",
            ),
            ({"service_ports": [0]}, "service_ports[0]: is '0', ports go from 1 to 65535"),
            (
                {"service_ports": [{"port": True}]},
                "service_ports[0].port: is true, a port as 80 is wanted",
            ),
            (
                {"service_ports": [{"from": "10.0.0.0/8"}]},
                "service_ports[0].port: is missing, a port as 80 or 8000-8010 is wanted",
            ),
            (
                {"service_ports": [{"port": "53/udp", "protocol": "tcp"}]},
                "service_ports[0].protocol: is 'tcp', and the port says udp",
            ),
            (
                {"service_ports": [{"port": 53, "protocol": "tpc"}]},
                "service_ports[0].protocol: is 'tpc', tcp, udp, sctp or icmp is wanted",
            ),
            (
                {"service_ports": [{"port": 22, "from": "10.0.0.1/8"}]},
                "service_ports[0].from: is '10.0.0.1/8', which is an address in a network; write"
                " 10.0.0.0/8",
            ),
            (
                {"service_ports": [{"port": 22, "from": "home"}]},
                "service_ports[0].from: is 'home', a network as 10.0.0.0/8 is wanted",
            ),
            (
                {"service_ports": [{"port": 22, "from": "fd00::/8"}]},
                "service_ports[0].from: is fd00::/8 (IPv6), and ip is 4",
            ),
            ({"service_ports": [80, "80/tcp"]}, "service_ports[1]: is service_ports[0] again"),
            (
                {"security_group": ""},
                "security_group: is '', a security group's name or ID is wanted",
            ),
            ({"anti_affinity": "x"}, "anti_affinity: is 'x', true or false is wanted"),
        ],
        ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
    )
    def test_each(self, keys: dict[str, Any], said: str) -> None:
        assert faults(**keys) == [said]

    @pytest.mark.parametrize(
        ("keys", "said"),
        [
            ({"nework": "x"}, "nework: is not known here; did you mean 'network'?"),
            ({"addresses": []}, "addresses: is not known here; write address"),
            (
                {"colour": "x"},
                "colour: is not known here; known: address, anti_affinity, floating_ip, ip,"
                " members, name, network, security_group, service_ports, vrrp",
            ),
            (
                {"vrrp": {"advert_int": 1, "nopreempt": True, "virtual_router_id": 3}},
                "vrrp.advert_int: is not known here; write interval\n"
                "vrrp.nopreempt: is not known here; write preempt: false\n"
                "vrrp.virtual_router_id: is not known here; write vrid",
            ),
            (
                {"members": ["a", {"server": "b", "interfce": "c"}]},
                "members[1].interfce: is not known here; did you mean 'interface'?",
            ),
            (
                {"floating_ip": {"nework": "x"}},
                "floating_ip.nework: is not known here; did you mean 'network'?",
            ),
            (
                {"service_ports": [{"prt": 1, "frm": "x"}]},
                "service_ports[0].prt: is not known here; did you mean 'port'?\n"
                "service_ports[0].frm: is not known here; did you mean 'from'?",
            ),
            (
                {"vrrp": {"authentication": {"password": "s", "passwort": "t"}}},
                "vrrp.authentication.passwort: is not known here; did you mean 'password'?",
            ),
        ],
    )
    def test_what_is_not_known(self, keys: dict[str, Any], said: str) -> None:
        assert "\n".join(faults(**keys)) == said

    @pytest.mark.parametrize("document", [None, [], "web", 7])
    def test_a_document_that_is_no_mapping(self, document: object) -> None:
        with pytest.raises(ConfigError) as caught:
            spec_file.checked(document, "f")
        assert str(caught.value).endswith("a mapping with name, network and members is wanted")

    def test_what_is_missing(self) -> None:
        with pytest.raises(ConfigError) as caught:
            spec_file.checked({"name": None, 80: "x"}, "f")
        assert str(caught.value).splitlines() == [
            "f: name: is empty, a name of at most 30 letters, digits, '.', '_' and '-' is wanted",
            "f: network: is missing, a network's name or ID is wanted",
            "f: members: is missing, a list of at least two servers or ports is wanted",
            "f: [80]: is not known here: keys are words",
        ]

    def test_one_fault_does_not_hide_another(self) -> None:
        assert faults(
            ip=6,
            address=["10.0.0.1", "x"],
            members=[
                "a",
                {"server": "a", "priority": 0},
                {"port": "p", "priority": 7},
                {"port": "q", "server": "r", "priority": 7},
            ],
            floating_ip={"nework": "x"},
            vrrp={"version": 2, "vrid": 0, "interval": 0.5},
            service_ports=[80, "x", 80, {"port": 1, "from": "10.0.0.0/8"}],
        ) == [
            "address[1]: is 'x', an address as 192.168.100.196 or fd00::196 is wanted",
            "address[0]: is 10.0.0.1 (IPv4), and ip is 6",
            "members[1].priority: is 0, a whole number from 1 to 254 is wanted",
            "members[3].port: has both server and port: a member is one of the two",
            "members[1].server: is 'a', as members[0] is: name each member once",
            "members[3].priority: is 7, as that of members[2] is: who wins would depend on"
            " addresses",
            "floating_ip.nework: is not known here; did you mean 'network'?",
            "floating_ip: is for IPv4 only, and ip is 6",
            "vrrp.vrid: is 0, a whole number from 1 to 255 is wanted",
            "vrrp.interval: is 0.5: VRRPv2 counts whole seconds; a fraction needs version 3",
            "vrrp.version: is 2, which is for IPv4 only: IPv6 needs 3",
            "service_ports[1]: is 'x', a port as 80, 443/tcp, 53/udp or 8000-8010, or icmp,"
            " is wanted",
            "service_ports[3].from: is 10.0.0.0/8 (IPv4), and ip is 6",
            "service_ports[2]: is service_ports[0] again",
        ]

    @pytest.mark.parametrize(
        "authentication",
        ["hunter2!", {"password": "hunter2\\"}, {"password": ["hunter2"]}, ["hunter2"]],
    )
    def test_a_fault_does_not_tell_a_password(self, authentication: Any) -> None:
        assert "hunter2" not in "\n".join(faults(vrrp={"authentication": authentication}))
        with pytest.raises(ValidationError) as caught:
            VipSpec(**{**SMALL, "vrrp": {"authentication": authentication}})
        assert "hunter2" not in str(caught.value)

    def test_a_list_that_holds_itself(self) -> None:
        endless: list[object] = []
        endless.append(endless)
        assert faults(members=endless)
