"""What each back end makes of ports; how it filters them is tried in tests/netns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vipkeeper.lab.back_end import BackEnd, delivered_macs, permanent_neighbours
from vipkeeper.lab.drops import Reason
from vipkeeper.lab.port_security import ruleset, transaction
from vipkeeper.lab.ports import AddressPair, Port
from vipkeeper.lab.security_groups import default_group

VIP = "192.168.100.201"
VIRTUAL_MAC = "00:00:5e:00:01:33"
MAC1, MAC2 = "fa:16:3e:00:00:01", "fa:16:3e:00:00:02"
TEST01 = Port(
    "test01", "tap-test01", "int_net", MAC1, ("192.168.100.11",), (AddressPair(VIP),), number=1
)
TEST02 = Port(
    "test02", "tap-test02", "int_net", MAC2, ("192.168.100.12",), (AddressPair(VIP),), number=2
)
ROUTER = Port("router", "tap-router", "int_net", "fa:16:3e:00:00:03", trusted=True, number=3)


class TestPermanentNeighbours:
    """DVR: neutron/db/l3_dvrscheduler_db.py."""

    @pytest.mark.parametrize(("last", "mac"), [("test01", MAC1), ("test02", MAC2)])
    def test_the_last_writer_has_the_vip(self, last: str, mac: str) -> None:
        """LP#1774459."""
        first = "test02" if last == "test01" else "test01"
        assert permanent_neighbours((TEST01, TEST02, ROUTER), (first, last)) == {
            "192.168.100.11": MAC1,
            "192.168.100.12": MAC2,
            VIP: mac,
        }

    def test_who_has_never_been_changed_came_first(self) -> None:
        assert permanent_neighbours((TEST01, TEST02), ("test01",))[VIP] == MAC1

    @pytest.mark.parametrize(
        ("pair", "there"),
        [
            (f"{VIP}/32", VIP),
            ("192.168.100.200/29", None),
            ("0.0.0.0/0", None),
            ("2001:db8::201", "2001:db8::201"),
            ("2001:db8::201/128", None),
            ("2001:db8::/32", None),
        ],
    )
    def test_a_pair_with_one_address(self, pair: str, there: str | None) -> None:
        port = replace(TEST01, allowed_address_pairs=(AddressPair(pair),))
        wanted = {"192.168.100.11": MAC1} | ({there: MAC1} if there else {})
        assert permanent_neighbours((port,), ()) == wanted

    def test_the_pairs_mac(self) -> None:
        """Since Neutron 26: release note use-correct-aap-mac-for-dvr-arp."""
        port = replace(TEST01, allowed_address_pairs=(AddressPair(VIP, VIRTUAL_MAC.upper()),))
        assert permanent_neighbours((port,), ())[VIP] == VIRTUAL_MAC


class TestDeliveredMacs:
    PORTS = tuple(
        replace(port, allowed_address_pairs=(AddressPair(VIP, VIRTUAL_MAC),))
        for port in (TEST02, TEST01)
    )

    @pytest.mark.parametrize("back_end", [BackEnd.OVS, BackEnd.DVR])
    def test_ovs_delivers_a_virtual_mac_to_all_that_have_it(self, back_end: BackEnd) -> None:
        assert delivered_macs(self.PORTS, back_end) == {
            "test01": (MAC1, VIRTUAL_MAC),
            "test02": (MAC2, VIRTUAL_MAC),
        }

    def test_ovn_delivers_it_to_one(self) -> None:
        assert delivered_macs(self.PORTS, BackEnd.OVN) == {
            "test01": (MAC1, VIRTUAL_MAC),
            "test02": (MAC2,),
        }

    def test_another_network_is_another_switch(self) -> None:
        other = replace(self.PORTS[0], bridge="other")
        found = delivered_macs((other, self.PORTS[1]), BackEnd.OVN)
        assert found["test02"] == (MAC2, VIRTUAL_MAC)


@pytest.mark.parametrize("back_end", BackEnd)
def test_each_reason_is_given_by_some_rule_and_has_a_counter(back_end: BackEnd) -> None:
    port = replace(TEST01, fixed_ips=("192.168.100.11", "2001:db8::11"))
    down = replace(TEST02, admin_state_up=False)
    text = transaction(
        None, ruleset((port, down), (default_group(),), {"int_net": 1}, (), back_end)
    )
    for reason in Reason:
        given = f'counter name "{reason}/' in text
        assert given == (reason in back_end.reasons), reason
        assert (f"counter {reason}/test01 {{ }}" in text) == given


def test_dvr_filters_as_ovs_does() -> None:
    ports = (TEST01, TEST02, ROUTER)
    rules = [
        ruleset(ports, (default_group(),), {"int_net": 1}, (), back_end)
        for back_end in (BackEnd.OVS, BackEnd.DVR)
    ]
    assert rules[0] == rules[1]


def test_the_back_end_can_be_changed_while_ports_are_in_force() -> None:
    before, after = (
        ruleset((TEST01, ROUTER), (default_group(),), {"int_net": 1}, (), back_end)
        for back_end in (BackEnd.LINUXBRIDGE, BackEnd.OVN)
    )
    text = transaction(before, after)
    assert "delete counter inet vipkeeper_groups router-advertisement/test01\n" in text
    assert "delete table" not in text
