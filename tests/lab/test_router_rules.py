from __future__ import annotations

from dataclasses import replace

import pytest

from vipkeeper.errors import LabError
from vipkeeper.lab.router_rules import FloatingIP, Router, ruleset

ROUTER = Router("router", "qg-router", "99.88.128.1/24")
VIP = FloatingIP("99.88.128.171", "192.168.100.196")
TEST01 = FloatingIP("99.88.128.203", "192.168.100.131")


def test_the_rules_of_a_router_with_two_floating_ips() -> None:
    assert (
        ruleset(replace(ROUTER, floating_ips=(VIP, TEST01)))
        == """\
table ip vipkeeper_router
flush table ip vipkeeper_router
table ip vipkeeper_router {
    chain mark-from-outside {
        type filter hook prerouting priority mangle; policy accept;
        iifname "qg-router" meta mark set meta mark & 0xffff0000 | 0x2
    }
    chain prerouting {
        type nat hook prerouting priority dstnat; policy accept;
        dnat to ip daddr map { 99.88.128.171 : 192.168.100.196, 99.88.128.203 : 192.168.100.131 }
    }
    chain output {
        type nat hook output priority -100; policy accept;
        dnat to ip daddr map { 99.88.128.171 : 192.168.100.196, 99.88.128.203 : 192.168.100.131 }
    }
    chain postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        oifname != "qg-router" ct status ! dnat accept
        snat to ip saddr map { 192.168.100.196 : 99.88.128.171, 192.168.100.131 : 99.88.128.203 } \
fully-random
        oifname "qg-router" snat to 99.88.128.1 fully-random
        meta mark & 0x0000ffff != 0x2 ct status dnat snat to 99.88.128.1 fully-random
    }
}
"""
    )


def test_no_floating_ips_leave_the_gateways_own_address() -> None:
    text = ruleset(ROUTER)
    assert "map" not in text
    assert 'oifname "qg-router" snat to 99.88.128.1 fully-random' in text


def test_snat_can_be_off() -> None:
    text = ruleset(replace(ROUTER, enable_snat=False, floating_ips=(VIP,)))
    assert 'oifname "qg-router" snat' not in text
    assert "snat to ip saddr map" in text


def test_the_gateway_device_holds_the_floating_ips() -> None:
    router = replace(ROUTER, floating_ips=(VIP, TEST01))
    assert router.gateway_addresses == ("99.88.128.1/24", "99.88.128.171/32", "99.88.128.203/32")


@pytest.mark.parametrize(
    ("floating", "fixed", "message"),
    [
        ("99.88.128", "10.0.0.1", "'99.88.128' is not a valid IPv4"),
        ("99.88.128.1", "x", "'x' is not"),
        ("2001:db8::1", "10.0.0.1", "'2001:db8::1' is not a valid IPv4 address"),
    ],
)
def test_a_floating_ip_that_cannot_be_is_refused(floating: str, fixed: str, message: str) -> None:
    with pytest.raises(LabError, match=message):
        FloatingIP(floating, fixed)


def test_two_floating_ips_for_one_address_are_refused() -> None:
    twice = (VIP, FloatingIP("99.88.128.33", VIP.fixed_ip_address))
    with pytest.raises(LabError, match=r"router: fixed_ip_address 192\.168\.100\.196 is in two"):
        replace(ROUTER, floating_ips=twice)


@pytest.mark.parametrize("address", ["99.88.128.300/24", "gateway", ""])
def test_a_gateway_without_an_address_is_refused(address: str) -> None:
    with pytest.raises(LabError, match=r"router router: .* is not a valid IPv4 address"):
        replace(ROUTER, gateway_address=address)


def test_a_router_without_a_gateway_translates_nothing() -> None:
    table = "table ip vipkeeper_router"
    assert ruleset(Router("router")) == f"{table}\nflush {table}\n{table} {{ }}\n"
    with pytest.raises(LabError, match="has floating IPs, and no gateway"):
        Router("router", floating_ips=(VIP,))
