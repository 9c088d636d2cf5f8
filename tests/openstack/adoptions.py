"""Adoptions of the walkthrough's virtual IP, and files of its nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.keepalived.memory import loaded
from tests.openstack.clouds import (
    VIP,
    by_hand,
    changed_port,
)
from vipkeeper.keepalived import Configuration
from vipkeeper.lab import spec_file as cloud_files
from vipkeeper.openstack.adopting import adoption as adopting
from vipkeeper.openstack.adopting.adoption import Adoption
from vipkeeper.openstack.declaration.spec import VipSpec
from vipkeeper.openstack.found import Found


def configuration(text: str) -> Configuration:
    return loaded(text).configuration


def of_walkthrough() -> dict[str, Configuration]:
    """The files of the walkthrough's nodes."""
    cloud = cloud_files.walkthrough()
    path = "/etc/keepalived/keepalived.conf"
    return {
        f"{name}.conf": configuration(cloud.instance(name).files[path])
        for name in ("test01", "test02")
    }


def written(name: str = "V", **lines: Any) -> Configuration:
    """A file with one instance that has the VIP."""
    known = {"interface": "eth0", "virtual_router_id": 51, "priority": 100} | lines
    body = "\n".join(f"{key} {value}" for key, value in known.items() if value is not None)
    return configuration(f"vrrp_instance {name} {{\n{body}\nvirtual_ipaddress {{ {VIP}/24 }}\n}}")


def adopted(
    found: Found | None = None, files: Mapping[str, Configuration] | None = None, name: str = "web"
) -> Adoption:
    found = found or by_hand()
    vip = next(one for one in found.ports if one.name == "USER-vip")
    return adopting.adoption(vip, found, name=name, configurations=files or {})


def spec_of(result: Adoption) -> VipSpec:
    assert result.spec is not None, result.remarks
    return result.spec


def codes(result: Adoption) -> list[str]:
    return [one.code for one in result.remarks]


def changed(found: Found, name: str, **attributes: Any) -> Found:
    return changed_port(found, name, lambda one: replace(one, **attributes))
