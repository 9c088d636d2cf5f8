"""What an API user sees of the back end, as a tenant and as admin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openstack.exceptions import BadRequestException

from tests.lab.back_ends.scene import BOUND_S, FLOATING, NODES, VIP, announce, connect, scene
from tests.topology import wait_until
from vipkeeper.lab.back_end import BackEnd
from vipkeeper.lab.client import Lab

# openstacksdk warns of itself, and of libraries that it would like.
pytestmark = pytest.mark.filterwarnings("ignore::openstack.warnings._RemovedInSDKWarning")

DHCP = {
    BackEnd.LINUXBRIDGE: ("network:dhcp", "dhcp"),
    BackEnd.OVS: ("network:dhcp", "dhcp"),
    BackEnd.OVN: ("network:distributed", "ovnmeta-"),
    BackEnd.DVR: ("network:dhcp", "dhcp"),
}


@pytest.fixture(scope="module", params=list(BackEnd))
def back_end(request: pytest.FixtureRequest) -> BackEnd:
    return BackEnd(request.param)


@pytest.fixture(scope="module")
def lab(back_end: BackEnd) -> Iterator[Lab]:
    with scene(back_end) as lab:
        yield lab


@pytest.fixture(scope="module")
def tenant(lab: Lab) -> Any:
    return connect(lab, "lab")


@pytest.fixture(scope="module")
def admin(lab: Lab) -> Any:
    return connect(lab, "admin")


def owners(cloud: Any, **query: Any) -> list[str]:
    return sorted(port.device_owner for port in cloud.network.ports(**query) if port.device_owner)


def test_a_tenant_tells_it_by_who_owns_the_dhcp_port(tenant: Any, back_end: BackEnd) -> None:
    """neutron_lib/constants.py; ovn_client.py makes a metadata port, ovnmeta-NETWORK."""
    network = tenant.network.find_network("int_net")
    owner, device = DHCP[back_end]
    (port,) = tenant.network.ports(network_id=network.id, device_owner=owner)
    assert port.device_id.startswith(device)
    if back_end is BackEnd.OVN:
        assert port.device_id == f"ovnmeta-{network.id}"


def test_a_tenant_tells_dvr_by_the_routers_interfaces(tenant: Any, back_end: BackEnd) -> None:
    """neutron_lib/constants.py, DEVICE_OWNER_DVR_INTERFACE and DEVICE_OWNER_ROUTER_SNAT.

    The second ones are nobody's, but on the tenant's networks; there are none with the others.
    """
    router = tenant.network.find_router("router")
    wanted = ["network:router_interface"] * 2
    if back_end is BackEnd.DVR:
        wanted = ["network:router_centralized_snat"] * 2
        wanted += ["network:router_interface_distributed"] * 2
    assert owners(tenant, device_id=router.id) == wanted


def test_an_admin_sees_distributed(admin: Any, back_end: BackEnd) -> None:
    router = admin.network.find_router("router")
    assert bool(router.is_distributed) == (back_end is BackEnd.DVR)


def test_a_router_made_by_the_api_is_like_that_of_the_file(
    tenant: Any, admin: Any, back_end: BackEnd
) -> None:
    outside = admin.network.find_network("public")
    subnet = admin.network.find_subnet("far_net-subnet")
    made = tenant.network.create_router(
        name="made", external_gateway_info={"network_id": outside.id}
    )
    port = tenant.network.create_port(network_id=subnet.network_id)
    tenant.network.add_interface_to_router(made, port_id=port.id)
    ours = owners(admin, device_id=made.id)
    theirs = owners(admin, device_id=tenant.network.find_router("router").id)
    assert set(ours) == set(theirs)
    tenant.network.remove_interface_from_router(made, port_id=port.id)
    assert owners(admin, device_id=made.id) == ["network:router_gateway"]
    tenant.network.delete_router(made)


def test_the_extension_dvr_is_there_with_dvr_only(tenant: Any, back_end: BackEnd) -> None:
    aliases = {one.alias for one in tenant.network.extensions()}
    assert ("dvr" in aliases) == (back_end is BackEnd.DVR)
    assert {"allowed-address-pairs", "revision-if-match", "stateful-security-group"} <= aliases


def test_a_tenant_sees_neither_the_binding_nor_distributed(tenant: Any) -> None:
    port = tenant.network.find_port("test01")
    assert port.binding_host_id is None
    assert tenant.network.find_router("router").is_distributed is None


def test_the_floating_ip_says_active_whether_it_works_or_not(tenant: Any) -> None:
    """l3_db.py: it is ACTIVE when it is associated; OVN's is dead here, nobody has claimed it."""
    (floating,) = tenant.network.ips(floating_ip_address=FLOATING)
    assert floating.status == "ACTIVE"


def test_the_metadata_ports_address_is_refused_as_a_pair_by_ovn(
    tenant: Any, back_end: BackEnd
) -> None:
    """LP#2116249, since Neutron 27."""
    network = tenant.network.find_network("int_net")
    owner, _ = DHCP[back_end]
    (service,) = tenant.network.ports(network_id=network.id, device_owner=owner)
    port = tenant.network.find_port("client03")
    pairs = [{"ip_address": service.fixed_ips[0]["ip_address"]}]
    if back_end is BackEnd.OVN:
        with pytest.raises(BadRequestException, match="metadata port"):
            tenant.network.update_port(port, allowed_address_pairs=pairs)
    else:
        tenant.network.update_port(port, allowed_address_pairs=pairs)
        tenant.network.update_port(port, allowed_address_pairs=[])


def test_a_virtual_port_cannot_be_bound_to_a_host(admin: Any, back_end: BackEnd) -> None:
    """neutron/common/ovn/utils.py, validate_port_binding_and_virtual_port, since Neutron 23.

    With the others whoever binds the VIP's port is its holder for good, and nobody says so.
    """
    port = admin.network.find_port("USER-vip")
    binding = {"device_id": "another", "binding_host_id": "lab"}
    if back_end is BackEnd.OVN:
        with pytest.raises(BadRequestException, match="cannot be bound to a host"):
            admin.network.update_port(port, **binding)
    else:
        admin.network.update_port(port, **binding)
        admin.network.update_port(port, device_id="", binding_host_id="")


def test_a_server_on_a_virtual_port_is_in_error(tenant: Any, back_end: BackEnd) -> None:
    """Nova binds the port when it has accepted the request: the user sees a failed build."""
    port = tenant.network.find_port("USER-vip")
    made = tenant.compute.create_server(
        name="on-the-vip",
        image_id=next(tenant.image.images()).id,
        flavor_id=next(tenant.compute.flavors()).id,
        networks=[{"port": port.id}],
    )
    wanted = "ERROR" if back_end is BackEnd.OVN else "ACTIVE"
    wait_until(
        lambda: tenant.compute.get_server(made.id).status == wanted,
        seconds=BOUND_S,
        what=lambda: f"{wanted}; it is {tenant.compute.get_server(made.id).status}",
    )
    if back_end is BackEnd.OVN:
        assert (
            "Failed to allocate the network" in tenant.compute.get_server(made.id).fault["message"]
        )
    tenant.compute.delete_server(made.id)
    wait_until(
        lambda: not tenant.network.get_port(port.id).device_id, seconds=BOUND_S, what="a free port"
    )


def test_an_admin_sees_the_host_of_the_parent_that_claimed_the_vips_port(
    admin: Any, tenant: Any, lab: Lab, back_end: BackEnd
) -> None:
    """ovsdb_monitor.py, PortBindingUpdateVirtualPortsEvent; from Neutron 29 in vif_details."""
    vip = admin.network.find_port("USER-vip").id
    assert not admin.network.get_port(vip).binding_host_id
    announce(lab, "test01", VIP)
    if back_end is BackEnd.OVN:
        wait_until(
            lambda: admin.network.get_port(vip).binding_host_id == "lab",
            seconds=BOUND_S,
            what="a claimed port",
        )
    else:
        assert not admin.network.get_port(vip).binding_host_id
    assert tenant.network.get_port(vip).binding_host_id is None


def test_the_pairs_of_both_nodes_are_seen_as_they_were_written(tenant: Any) -> None:
    for node in NODES:
        (pair,) = tenant.network.find_port(node).allowed_address_pairs
        assert pair["ip_address"] == VIP
