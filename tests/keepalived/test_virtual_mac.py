"""use_vmac: the interface's name, its MAC address, and what the addresses lie on."""

from __future__ import annotations

import pytest

from tests.keepalived.memory import codes, instance, instance_text, loaded
from vipkeeper.keepalived.configuration import VirtualMac
from vipkeeper.keepalived.virtual_mac import VirtualInterfaceNames


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("use_vmac", VirtualMac("vrrp.1")),
        ("use_vmac gateway", VirtualMac("gateway")),
        ("use_vmac 2:0:5E:10:0:1", VirtualMac("vrrp.1", "02:00:5e:10:00:01")),
        ("use_vmac 02:00:5e:10:00:01 gateway", VirtualMac("gateway", "02:00:5e:10:00:01")),
        ("use_vmac\nvmac_xmit_base", VirtualMac("vrrp.1", transmit_on_base=True)),
        ("use_vmac\nunicast_peer { 192.0.2.9 }", VirtualMac("vrrp.1", transmit_on_base=True)),
        ("vmac_xmit_base", None),
    ],
)
def test_what_is_written_and_what_is_in_force(lines: str, expected: VirtualMac | None) -> None:
    assert instance(lines).virtual_mac == expected


@pytest.mark.parametrize(
    "mac",
    ["00:00:5e:00:01:99", "00:00:5E:0:2:1", "01:00:00:00:00:01", "0:0:0:0:0:0", "1:2:3", "g:"],
)
def test_a_mac_address_that_cannot_be_is_ignored_and_told(mac: str) -> None:
    text = instance_text(f"use_vmac {mac}")
    assert codes(loaded(text)) == ["bad-value"]
    assert instance(f"use_vmac {mac}").virtual_mac == VirtualMac("vrrp.1")


@pytest.mark.parametrize("name", ["sixteen_letters_", "a/b", "..", "."])
def test_a_name_that_cannot_be_is_ignored_and_told(name: str) -> None:
    assert codes(loaded(instance_text(f"use_vmac {name}"))) == ["bad-value"]
    assert instance(f"use_vmac {name}").virtual_mac == VirtualMac("vrrp.1")


def test_addresses_lie_on_the_interface_with_the_virtual_mac_unless_they_name_another() -> None:
    vips = "\n192.0.2.1/24\n192.0.2.2/24 dev eth0\n192.0.2.3/24 dev eth1\n"
    found = instance("use_vmac", vips=vips)
    assert [item.device for item in found.virtual_ipaddress] == ["vrrp.1", "vrrp.1", "eth1"]
    assert [item.device for item in instance(vips=vips).virtual_ipaddress] == [
        "eth0",
        "eth0",
        "eth1",
    ]


@pytest.mark.parametrize("prefix", ["gw", "ninechars"])
def test_the_prefix_of_the_names_can_be_chosen(prefix: str) -> None:
    found = instance("use_vmac", before=f"global_defs {{\nvmac_prefix {prefix}\n}}")
    assert found.virtual_mac == VirtualMac(f"{prefix}.1")


@pytest.mark.parametrize("prefix", ["tencharact", "a/b", "a:b"])
def test_a_prefix_that_cannot_be_is_ignored_and_told(prefix: str) -> None:
    before = f"global_defs {{\nvmac_prefix {prefix}\n}}"
    assert instance("use_vmac", before=before).virtual_mac == VirtualMac("vrrp.1")
    assert codes(loaded(f"{before}\n{instance_text('use_vmac')}")) == ["bad-value"]


def test_names_are_those_of_keepalived() -> None:
    names = VirtualInterfaceNames({"vrrp1.7"})
    assert names.default(4, 51) == "vrrp.51"
    assert names.default(6, 51) == "vrrp6.51"
    assert names.default(6, 51) == "vrrp1.51"
    assert names.default(4, 51) == "vrrp2.51"
    assert names.default(6, 52) == "vrrp.52"
    assert [names.default(4, 7) for _ in range(2)] == ["vrrp.7", "vrrp2.7"]


def test_a_name_is_given_once() -> None:
    text = instance_text("use_vmac gateway")
    second = text.replace("V {", "W {").replace("192.0.2.1", "192.0.2.2").replace("id 1", "id 2")
    both = loaded(f"{text}\n{second}")
    assert codes(both) == ["duplicate-interface"]
    assert [item.virtual_mac for item in both.configuration.instances] == [
        VirtualMac("gateway"),
        VirtualMac("vrrp.2"),
    ]


def test_the_interface_that_is_made_need_not_be_there() -> None:
    result = loaded(instance_text("use_vmac", vips="192.0.2.1/24 dev vrrp.1"))
    assert {use.name for use in result.interface_uses} == {"eth0"}
