"""What routers are told of floating IPs and neighbours."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, ip_address

import pytest

from tests.lab.back_ends.scene import FLOATING, VIP, cloud
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.cloud_file_plane import plane_of
from vipkeeper.lab.delivery import neighbours, realised, written
from vipkeeper.lab.plane import Plane, identity
from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.spec import mac_address_of
from vipkeeper.lab.virtual_ports import VirtualPort

VIP_PORT, TEST01, TEST02 = (identity("port", name) for name in ("USER-vip", "test01", "test02"))
VIRTUAL = {VIP_PORT: VirtualPort(VIP, (TEST01, TEST02))}


def with_pairs(plane: Plane, id: str, *pairs: str) -> Plane:
    wanted = tuple(AddressPair(pair) for pair in pairs)
    return replace(
        plane,
        ports=tuple(
            replace(one, allowed_address_pairs=wanted) if one.id == id else one
            for one in plane.ports
        ),
    )


class TestRealised:
    @pytest.mark.parametrize("back_end", [BackEnd.LINUXBRIDGE, BackEnd.OVS, BackEnd.DVR])
    def test_the_l3_agent_asks_nobody(self, back_end: BackEnd) -> None:
        plane = plane_of(cloud(), back_end)
        assert realised(plane.routers[0], plane, {}) is plane.routers[0]

    def test_ovn_wants_the_port_on_a_host(self) -> None:
        plane = plane_of(cloud(), BackEnd.OVN)
        (router,) = plane.routers
        assert realised(router, plane, {}).floating_ips == ()
        (floating,) = realised(router, plane, {VIP_PORT: TEST01}).floating_ips
        assert str(floating.address) == FLOATING

    def test_ovn_has_that_of_an_instances_port(self) -> None:
        plane = plane_of(cloud(), BackEnd.OVN)
        (router,) = plane.routers
        (floating,) = router.floating_ips
        own = IPv4Address(str(plane.port(TEST01).fixed_ips[0]))
        to_test01 = replace(router, floating_ips=(replace(floating, fixed_ip=own),))
        assert realised(to_test01, plane, {}) == to_test01


class TestNeighbours:
    @pytest.mark.parametrize("back_end", [BackEnd.LINUXBRIDGE, BackEnd.OVS])
    def test_others_leave_it_to_arp(self, back_end: BackEnd) -> None:
        plane = plane_of(cloud(), back_end)
        assert neighbours(plane.routers[0], plane, (), {}, {}) == {}

    def test_ovn_binds_all_addresses_of_ports(self) -> None:
        """ovn-northd(8), "Static MAC bindings"."""
        plane = plane_of(cloud(), BackEnd.OVN)
        found = neighbours(plane.routers[0], plane, (), {}, {})
        assert found == {
            ip_address(address): mac_address_of(name)
            for address, name in {
                "192.168.100.11": "test01",
                "192.168.100.12": "test02",
                "192.168.100.13": "client03",
                VIP: "USER-vip",
                "10.20.0.10": "far",
            }.items()
        }

    def test_ovn_binds_a_virtual_port_to_who_has_claimed_it(self) -> None:
        plane = plane_of(cloud(), BackEnd.OVN)
        (router,) = plane.routers
        vip = ip_address(VIP)
        assert vip not in neighbours(router, plane, (), VIRTUAL, {})
        found = neighbours(router, plane, (), VIRTUAL, {VIP_PORT: TEST02})
        assert found[vip] == mac_address_of("test02")

    def test_dvr_has_the_last_writer_for_the_vip(self) -> None:
        plane = plane_of(cloud(), BackEnd.DVR)
        (router,) = plane.routers
        for order, holder in (((TEST01, TEST02), "test02"), ((TEST02, TEST01), "test01")):
            found = neighbours(router, plane, order, {}, {})
            assert found[ip_address(VIP)] == mac_address_of(holder)
        assert ip_address("172.24.4.10") not in found  # on no network inside


class TestWritten:
    def test_who_changed_comes_last(self) -> None:
        plane = plane_of(cloud(), BackEnd.DVR)
        order = written((), Plane(), plane)
        assert order.index(TEST01) < order.index(TEST02)
        changed = with_pairs(plane, TEST01, VIP, "192.168.100.202")
        assert written(order, plane, changed)[-1] == TEST01
        assert written(order, plane, plane) == order

    def test_a_port_without_instance_is_not_written(self) -> None:
        """LP#1869887."""
        plane = plane_of(cloud(), BackEnd.DVR)
        assert VIP_PORT not in written((), Plane(), plane)
        without = replace(plane, instances=())
        assert written(written((), Plane(), plane), plane, without) == ()


class TestDistributedRouters:
    def test_the_file_of_a_cloud_makes_them_with_dvr(self) -> None:
        """One more port on each network, on an address that nobody has."""
        (router,) = plane_of(cloud(), BackEnd.DVR).routers
        assert router.distributed
        assert [str(one.addresses[0]) for one in router.snat_ports] == [
            "192.168.100.3/24",
            "10.20.0.3/24",
        ]
        assert plane_of(cloud(), BackEnd.OVS).routers[0].snat_ports == ()
