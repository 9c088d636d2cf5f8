"""Who may do what, and which rule Neutron names when somebody may not.

What is refused is named as oslo.policy prints the rule that was checked: the action, and each
attribute of the request that has a rule of its own, one "and" after the other. Sources:
neutron/policy.py ``_build_match_rule``, neutron/conf/policies/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from vipkeeper.lab.api.context import Context
from vipkeeper.lab.api.network import refusals
from vipkeeper.lab.api.network.fields import Body

Judge = Callable[[Any], bool]
"""Whether who asks may give an attribute this value."""

# The attributes with a rule of their own (enforce_policy), in the order of Neutron's attribute
# maps; for those that are made of parts, what each part is called in the request.
ENFORCED: Mapping[str, tuple[str, ...]] = {
    "network": (
        "shared",
        "router:external",
        "is_default",
        "port_security_enabled",
        "provider:network_type",
        "provider:physical_network",
        "provider:segmentation_id",
    ),
    "port": (
        "mac_address",
        "fixed_ips",
        "device_owner",
        "binding:vnic_type",
        "binding:host_id",
        "binding:profile",
        "port_security_enabled",
        "allowed_address_pairs",
    ),
    "router": ("external_gateway_info", "distributed", "ha"),
    "floatingip": ("floating_ip_address",),
}

_PARTS: Mapping[str, tuple[str, ...]] = {
    "fixed_ips": ("subnet_id", "ip_address"),
    "allowed_address_pairs": ("mac_address", "ip_address"),
    "external_gateway_info": ("network_id", "enable_snat", "external_fixed_ips"),
}
_PRIVILEGED_OWNERS = "network:"


def check_network(action: str, body: Body, context: Context) -> None:
    admin = context.is_admin
    _check(
        action,
        "network",
        body,
        {
            **dict.fromkeys(("shared", "router:external", "is_default"), lambda _: admin),
            **dict.fromkeys(
                (
                    "provider:network_type",
                    "provider:physical_network",
                    "provider:segmentation_id",
                ),
                lambda _: admin,
            ),
        },
    )


def check_port(action: str, body: Body, context: Context, *, network_owner: bool) -> None:
    """A port's rights are those of the owner of its network, for everything that spoofs."""
    admin = context.is_admin
    on_own_network = admin or network_owner

    def fixed_ips(value: Any) -> bool:
        return on_own_network or not any(fixed.has("ip_address") for fixed in value)

    _check(
        action,
        "port",
        body,
        {
            # create_port:mac_address is the network owner's, update_port:mac_address the admin's
            "mac_address": lambda _: on_own_network if action == "create_port" else admin,
            "fixed_ips": fixed_ips,
            "device_owner": lambda value: (
                on_own_network or not str(value).startswith(_PRIVILEGED_OWNERS)
            ),
            "binding:host_id": lambda _: admin,
            "binding:profile": lambda _: admin,
            "port_security_enabled": lambda _: on_own_network,
            "allowed_address_pairs": lambda _: on_own_network,
        },
    )


def check_router(action: str, body: Body, context: Context) -> None:
    admin = context.is_admin

    def gateway(value: Any) -> bool:
        return (
            admin
            or value is None
            or not (value.has("enable_snat") or value.has("external_fixed_ips"))
        )

    _check(
        action,
        "router",
        body,
        {
            "external_gateway_info": gateway,
            "distributed": lambda _: admin,
            "ha": lambda _: admin,
        },
    )


def check_floating_ip(action: str, body: Body, context: Context) -> None:
    _check(
        action,
        "floatingip",
        body,
        {"floating_ip_address": lambda value: context.is_admin or value is None},
    )


def names_of(body: Body) -> dict[str, Any]:
    """What the request says, by the names that it uses (``binding:host_id``)."""
    fields = type(body).model_fields
    return {fields[name].alias or name: value for name, value in body.given().items()}


def _check(action: str, resource: str, body: Body, judges: Mapping[str, Judge]) -> None:
    said = names_of(body)
    allowed = (
        judges[name](said[name]) for name in ENFORCED[resource] if name in said and name in judges
    )
    if not all(allowed):
        raise refusals.not_authorized(_rule(action, resource, said))


def _rule(action: str, resource: str, said: Mapping[str, Any]) -> str:
    rule = f"rule:{action}"
    for name in ENFORCED[resource]:
        if name in said:
            rule = f"({rule} and {_attribute_rule(f'{action}:{name}', name, said[name])})"
    return rule


def _attribute_rule(rule: str, name: str, value: Any) -> str:
    parts = _PARTS.get(name, ())
    entries: Iterable[Any] = value if isinstance(value, tuple) else [value] if value else []
    given = [part for part in parts if any(entry.has(part) for entry in entries)]
    if not given:
        return f"rule:{rule}"
    return f"(rule:{rule} and ({' and '.join(f'rule:{rule}:{part}' for part in given)}))"
