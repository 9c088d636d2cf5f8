from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Address, ip_interface

from tests.daemon.recording import SETTINGS
from vipkeeper.daemon.settings import InstanceSettings, TrackedInterface, VirtualAddress
from vipkeeper.vrrp.announcement import AnnouncementSettings


def test_settings_come_through_json_unchanged() -> None:
    settings = replace(
        SETTINGS,
        addresses=(
            VirtualAddress(
                ip_interface("192.0.2.1/32"), "eth1", IPv4Address("192.0.2.255"), 253, "eth1:v"
            ),
            VirtualAddress(ip_interface("2001:db8::1/64"), "eth0", advertised=False),
        ),
        password="p\xe4ss",
        announcements=AnnouncementSettings(repeat=2, refresh_ns=7),
        tracked=(TrackedInterface("eth1", -20, reverse=True),),
    )
    assert InstanceSettings.from_plain(json.loads(json.dumps(settings.to_plain()))) == settings


def test_only_what_is_advertised_is_in_the_advert() -> None:
    excluded = VirtualAddress(ip_interface("192.0.2.1/32"), "eth0", advertised=False)
    router = replace(SETTINGS, addresses=(*SETTINGS.addresses, excluded)).virtual_router()
    assert [str(address) for address in router.addresses] == ["192.168.100.196"]
    assert router.password == b"password"
