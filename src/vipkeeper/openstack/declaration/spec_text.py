"""A spec as the text that a person would have written: YAML that reads back to an equal spec.

The password is in it: what is written to a file belongs to mode 0600.
"""

from __future__ import annotations

from typing import Any

import yaml

from vipkeeper.openstack.declaration import shorthands
from vipkeeper.openstack.declaration.spec import FloatingIp, Member, ServicePort, VipSpec, Vrrp

_WIDTH = 100
_ODD_BREAKS = frozenset("\x85\u2028\u2029")


def text(spec: VipSpec) -> str:
    """Without what is as it would be anyway."""
    plain = document(spec)
    dumped = _dumped(plain, allow_unicode=True)
    # YAML has line breaks besides the usual ones, which do not come back from between quotes.
    return _dumped(plain, allow_unicode=False) if _ODD_BREAKS & set(dumped) else dumped


def _dumped(plain: dict[str, Any], *, allow_unicode: bool) -> str:
    dumped: str = yaml.safe_dump(
        plain,
        default_flow_style=None,  # innermost lists and mappings on one line
        sort_keys=False,
        allow_unicode=allow_unicode,
        width=_WIDTH,
    )
    return dumped


def document(spec: VipSpec) -> dict[str, Any]:
    """The same as plain data, in the order of the documentation."""
    addresses = [str(one) for one in spec.addresses]
    followed = shorthands.families_of(addresses) or (4,)
    known = {
        "name": spec.name,
        "network": spec.network,
        "address": addresses[0] if len(addresses) == 1 else addresses,
        "ip": None if spec.families == followed else _ip(spec),
        "members": [_member(one) for one in spec.members],
        "floating_ip": _floating_ip(spec.floating_ip) if spec.floating_ip else None,
        "vrrp": _vrrp(spec.vrrp),
        "service_ports": [_service_port(one) for one in spec.service_ports],
        "security_group": spec.security_group,
        "anti_affinity": spec.anti_affinity or None,
    }
    return {key: value for key, value in known.items() if value not in (None, [], {})}


def _ip(spec: VipSpec) -> int | str:
    return "dual" if len(spec.families) == 2 else spec.families[0]


def _member(member: Member) -> str | dict[str, Any]:
    if member == Member(server=member.server or "?"):
        return member.label
    return member.model_dump(exclude_defaults=True)


def _floating_ip(floating_ip: FloatingIp) -> Any:
    if floating_ip == FloatingIp():
        return True
    network = floating_ip.network
    if floating_ip.address is None and shorthands.floating_ip(network) == {"network": network}:
        return network
    return floating_ip.model_dump(mode="json", exclude_defaults=True)


def _vrrp(vrrp: Vrrp) -> dict[str, Any]:
    known = vrrp.model_dump(mode="json", exclude_defaults=True)
    if vrrp.interval == int(vrrp.interval) and "interval" in known:
        known["interval"] = int(vrrp.interval)
    if vrrp.authentication:
        known["authentication"] = {
            "type": str(vrrp.authentication.type),
            "password": vrrp.authentication.password.get_secret_value(),
        }
    return known


def _service_port(port: ServicePort) -> Any:
    written: int | str
    if port.first is None:
        written = port.protocol
    else:
        ports = str(port.first) if port.first == port.last else f"{port.first}-{port.last}"
        suffix = "" if port.protocol == "tcp" else f"/{port.protocol}"
        written = int(ports) if not suffix and ports.isdigit() else f"{ports}{suffix}"
    return {"port": written, "from": str(port.source)} if port.source else written
