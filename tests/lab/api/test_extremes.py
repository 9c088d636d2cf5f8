"""What Neutron takes and no kernel does: it is kept, and the data plane goes on without it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.api.callers import NOTHING, Caller
from tests.lab.labs import running
from tests.topology import wait_until
from vipkeeper.lab.client import Lab

NEUTRON = "/network/v2.0"
NOVA = "/compute/v2.1"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with running(NOTHING, what="extreme") as lab:
        yield lab


@pytest.fixture(scope="module")
def admin(lab: Lab) -> Caller:
    admin = Caller(lab, "admin")
    kinds = ("network", "subnet", "port", "router", "floatingip", "security_group")
    quota = {"quota": {**dict.fromkeys(kinds, -1), "security_group_rule": -1}}
    assert admin.ask("PUT", f"{NEUTRON}/quotas/{admin.project_id}", quota).ok
    return admin


@pytest.fixture(autouse=True)
def _nothing_is_told(lab: Lab, admin: Caller) -> Iterator[None]:
    yield
    assert admin.ask("GET", f"{NEUTRON}/networks").ok
    assert lab.status()["api"]["said"] == []


def asked(admin: Caller, method: str, path: str, body: Any = None) -> Any:
    """What is answered, or None if it is refused; never a fault."""
    answer = admin.ask(method, path, body)
    assert answer.status_code < 500, answer.text
    return next(iter(answer.json().values())) if answer.ok and answer.content else None


@pytest.mark.parametrize("mtu", [-1, 0, 67, 68, 1279, 9000, 65535, 65536, 2**31 - 1])
def test_any_mtu(admin: Caller, mtu: int) -> None:
    if network := asked(admin, "POST", f"{NEUTRON}/networks", {"network": {"mtu": mtu}}):
        for cidr, version in (("10.0.0.0/24", 4), ("fd00::/64", 6)):
            body = {"network_id": network["id"], "cidr": cidr, "ip_version": version}
            asked(admin, "POST", f"{NEUTRON}/subnets", {"subnet": body})


CIDRS = (
    "0.0.0.0/0",
    "0.0.0.0/8",
    "127.0.0.0/8",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.0/24",
    "169.254.0.0/16",
    "10.0.0.0/30",
    "10.0.0.0/31",
    "10.0.0.0/32",
    "10.0.0.0/0.0.0.255",
    "::/0",
    "::1/128",
    "::ffff:0:0/96",
    "fe80::/64",
    "fe80::%1/64",
    "ff00::/8",
    "2001:db8::/127",
)


@pytest.mark.parametrize("dhcp", [True, False])
@pytest.mark.parametrize("cidr", CIDRS)
def test_any_subnet_on_a_router(admin: Caller, cidr: str, dhcp: bool) -> None:
    network = asked(admin, "POST", f"{NEUTRON}/networks", {"network": {}})["id"]
    wanted = {"network_id": network, "cidr": cidr, "enable_dhcp": dhcp}
    version = 6 if ":" in cidr else 4
    if subnet := asked(
        admin, "POST", f"{NEUTRON}/subnets", {"subnet": {**wanted, "ip_version": version}}
    ):
        asked(admin, "POST", f"{NEUTRON}/ports", {"port": {"network_id": network}})
        router = asked(admin, "POST", f"{NEUTRON}/routers", {"router": {}})["id"]
        for verb in ("add_router_interface", "remove_router_interface"):
            path = f"{NEUTRON}/routers/{router}/{verb}"
            asked(admin, "PUT", path, {"subnet_id": subnet["id"]})


@pytest.fixture(scope="module")
def outside(admin: Caller) -> str:
    return admin.network("10.9.0.0/24", **{"router:external": True})


@pytest.mark.parametrize(
    "gateway", ["1.1.1.1", "10.8.0.0", "10.8.0.255", "0.0.0.0", "224.0.0.1", "::1", "127.0.0.1"]
)
def test_any_gateway_of_the_outside(admin: Caller, gateway: str) -> None:
    network = {"network": {"router:external": True}}
    id = asked(admin, "POST", f"{NEUTRON}/networks", network)["id"]
    subnet = {"network_id": id, "cidr": "10.8.0.0/24", "ip_version": 4, "gateway_ip": gateway}
    if asked(admin, "POST", f"{NEUTRON}/subnets", {"subnet": subnet}):
        router = {"router": {"external_gateway_info": {"network_id": id}}}
        assert asked(admin, "POST", f"{NEUTRON}/routers", router)


DESTINATIONS = (
    "0.0.0.0/0",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "10.9.0.0/24",
    "10.9.0.7/32",
    "127.0.0.0/8",
    "127.0.0.1/32",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::/0",
    "ff00::/8",
)
HOPS = ("10.9.0.7", "10.9.0.0", "10.9.0.255", "10.9.0.1", "1.2.3.4", "fe80::1", "0.0.0.0")


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_any_route(admin: Caller, outside: str, destination: str) -> None:
    made = {"router": {"external_gateway_info": {"network_id": outside}}}
    router = asked(admin, "POST", f"{NEUTRON}/routers", made)
    own = router["external_gateway_info"]["external_fixed_ips"][0]["ip_address"]
    for hop in (*HOPS, own):
        routes = {"router": {"routes": [{"destination": destination, "nexthop": hop}]}}
        asked(admin, "PUT", f"{NEUTRON}/routers/{router['id']}", routes)
    assert asked(admin, "PUT", f"{NEUTRON}/routers/{router['id']}", {"router": {"routes": []}})


def test_any_rule_on_a_port_in_use(admin: Caller) -> None:
    group = asked(admin, "POST", f"{NEUTRON}/security-groups", {"security_group": {"name": "g"}})
    server = boot(admin, security_groups=[group["id"]])
    assert server["status"] == "ACTIVE", server
    protocols = (None, "tcp", "icmp", "icmpv6", "vrrp", "sctp", "any", 0, 58, 255)
    numbers = (None, 0, 255, 65535)
    prefixes = ("0.0.0.0/0", "::/0", "10.0.0.5/8", "255.255.255.255", "::ffff:1.2.3.4/128")
    rules: list[dict[str, Any]] = [
        {"protocol": protocol, "port_range_min": least, "port_range_max": most}
        for protocol, least, most in itertools.product(protocols, numbers, numbers)
    ]
    rules += [{"remote_ip_prefix": prefix} for prefix in prefixes]
    for rule, ethertype in itertools.product(rules, ("IPv4", "IPv6")):
        where = {"security_group_id": group["id"], "direction": "ingress", "ethertype": ethertype}
        body = {"security_group_rule": {**where, **rule}}
        asked(admin, "POST", f"{NEUTRON}/security-group-rules", body)


@pytest.mark.parametrize(
    ("mac", "status"),
    [
        ("fa:16:3e:00:00:01", "ACTIVE"),
        ("01:00:5e:00:00:01", "ERROR"),
        ("AA-BB-CC-00-11-22", "ACTIVE"),
    ],
)
def test_any_mac_address_of_a_server(admin: Caller, mac: str, status: str) -> None:
    pairs = [{"ip_address": "0.0.0.0/0"}, {"ip_address": "10.1.0.7/8"}, {"ip_address": "::/0"}]
    server = boot(admin, mac_address=mac, allowed_address_pairs=pairs)
    assert server["status"] == status, server
    console: Any = {"os-getConsoleOutput": {}}
    answer = admin.ask("POST", f"{NOVA}/servers/{server['id']}/action", console)
    assert answer.status_code == (200 if status == "ACTIVE" else 409)
    assert admin.ask("DELETE", f"{NOVA}/servers/{server['id']}").status_code == 204


@pytest.mark.parametrize("mac", ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "1:2:3:4:5:6", ""])
def test_no_mac_address(admin: Caller, outside: str, mac: str) -> None:
    body = {"port": {"network_id": outside, "mac_address": mac}}
    assert admin.ask("POST", f"{NEUTRON}/ports", body).status_code == 400


def boot(admin: Caller, **port: Any) -> Any:
    """A server with such a port, when it is no longer being built."""
    network = admin.network("10.1.0.0/24")
    made = {"port": admin.port(network, **port)["id"]}
    image = admin.ask("GET", "/image/v2/images").json()["images"][0]["id"]
    flavor = admin.get(f"{NOVA}/flavors")[0]["id"]
    body = {"name": "s", "imageRef": image, "flavorRef": flavor, "networks": [made]}
    id = asked(admin, "POST", f"{NOVA}/servers", {"server": body})["id"]

    def built() -> Any:
        server = admin.get(f"{NOVA}/servers/{id}")
        return server if server["status"] != "BUILD" else None

    return wait_until(built, seconds=30, what="the server to be built")
