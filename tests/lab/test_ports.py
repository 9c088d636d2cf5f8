from __future__ import annotations

from dataclasses import replace

import pytest

from vipkeeper.errors import LabError
from vipkeeper.lab.ports import AddressPair, Port, link_local

PORT = Port("test01", "tap-test01", "int_net", "fa:16:3e:d4:11:db", ("192.168.100.11",), number=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "test 01"}, "'test 01' is not a valid name of a port"),
        ({"name": 'x" drop; #'}, "is not a valid name of a port"),
        ({"device": "tap-with-a-long-name"}, "port test01: 'tap-with-a-long-name' is not a valid"),
        ({"bridge": ""}, "port test01: '' is not a valid name of a link"),
        ({"mac_address": "zz:00"}, "'zz:00' is not a valid MAC address"),
        ({"fixed_ips": ("10.77.0.300",)}, "port test01: '10.77.0.300' is not a valid IP address"),
        ({"fixed_ips": ("10.77.0.1/24",)}, "port test01: '10.77.0.1/24' is not a valid IP address"),
    ],
)
def test_a_port_that_cannot_be_is_refused(changes: dict[str, str], message: str) -> None:
    with pytest.raises(LabError, match=message):
        replace(PORT, **changes)  # type: ignore[arg-type]  # one attribute at a time, any of them


@pytest.mark.parametrize(
    ("address", "mac", "message"),
    [
        ("10.77.0.999", None, "'10.77.0.999' is not a valid IP address"),
        ("", None, "'' is not a valid IP address"),
        ("10.77.0.0/33", None, "'10.77.0.0/33' is not a valid IP address"),
        ("10.77.0.9", "zz:00", "'zz:00' is not a valid MAC address"),
    ],
)
def test_a_pair_that_cannot_be_is_refused(address: str, mac: str | None, message: str) -> None:
    with pytest.raises(LabError, match=message):
        AddressPair(address, mac)


def test_a_pair_is_kept_as_it_was_typed() -> None:
    pair = AddressPair("10.77.0.5/24", "00:00:5E:00:01:33")
    assert (pair.ip_address, pair.mac_address) == ("10.77.0.5/24", "00:00:5E:00:01:33")


def test_link_local_address_inverts_the_universal_bit() -> None:
    assert str(link_local("fa:16:3e:d4:11:db")) == "fe80::f816:3eff:fed4:11db/128"
