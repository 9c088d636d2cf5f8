"""Cloud files: YAML in, :class:`~vipkeeper.lab.spec.CloudSpec` out.

Everything that is wrong is said as ``FILE: PATH.TO.THE.PLACE: what`` and what is allowed there.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from ipaddress import IPv4Address
from pathlib import Path
from typing import TypeVar, get_args

from vipkeeper import strict_yaml
from vipkeeper.errors import ConfigError
from vipkeeper.lab.places import Place
from vipkeeper.lab.ports import AddressPair
from vipkeeper.lab.security_groups import (
    DEFAULT,
    SecurityGroup,
    SecurityGroupRule,
    egress_to_anywhere,
)
from vipkeeper.lab.spec import (
    CloudSpec,
    Instance,
    Network,
    Port,
    Restart,
    Router,
    Service,
    VrrpProgram,
)

WALKTHROUGH = "walkthrough.yaml"
_Value = TypeVar("_Value")


def read(path: Path) -> CloudSpec:
    """The cloud that a file describes.

    Raises:
        ConfigError: it cannot be read, or something in it is wrong.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"{path}: cannot read the cloud file: {reason}") from error
    return parse(text, str(path))


def walkthrough() -> CloudSpec:
    """The default cloud: two nodes, a virtual IP, a router and a client outside."""
    return parse((files("vipkeeper.lab") / WALKTHROUGH).read_text(), WALKTHROUGH)


def parse(text: str, file: str) -> CloudSpec:
    return _cloud(Place(file, "", strict_yaml.load(text, file)))


def _cloud(place: Place) -> CloudSpec:
    keys = place.keys(
        "networks",
        "routers",
        "security_groups",
        "ports",
        "floating_ips",
        "instances",
        required=("networks", "ports", "instances"),
    )

    def each(key: str, make: Callable[[str, Place], _Value]) -> tuple[_Value, ...]:
        return tuple(
            make(name, entry)
            for name, entry in (keys[key].entries() if key in keys else {}).items()
        )

    parts = {
        "networks": each("networks", _network),
        "routers": each("routers", _router),
        "security_groups": each("security_groups", _security_group),
        "ports": each("ports", _port),
        "floating_ips": each("floating_ips", _floating_ip),
        "instances": each("instances", _instance),
    }
    with place.located():
        return CloudSpec(**parts)  # type: ignore[arg-type]


def _network(name: str, place: Place) -> Network:
    keys = place.keys(
        "cidr",
        "gateway",
        "mtu",
        "port_security_enabled",
        "enable_dhcp",
        "external",
        required=("cidr",),
    )
    external = keys["external"].boolean() if "external" in keys else False
    with place.located():
        return Network(
            name,
            keys["cidr"].network(),
            keys["gateway"].address() if "gateway" in keys else None,
            keys["mtu"].integer() if "mtu" in keys else 1500,
            _boolean(keys, "port_security_enabled", default=True),
            # Neutron's operators switch it off on external networks
            _boolean(keys, "enable_dhcp", default=not external),
            external,
        )


def _boolean(keys: dict[str, Place], key: str, *, default: bool) -> bool:
    return keys[key].boolean() if key in keys else default


def _router(name: str, place: Place) -> Router:
    required = ("external_network", "external_ip", "networks")
    keys = place.keys(*required, required=required)
    return Router(
        name,
        keys["external_network"].text(),
        keys["external_ip"].address(),
        tuple(item.text() for item in keys["networks"].items()),
    )


def _security_group(name: str, place: Place) -> SecurityGroup:
    """A group; the rules that let everything out are there unless one is given."""
    rules = tuple(_security_group_rule(item) for item in place.items())
    if all(rule.direction == "ingress" for rule in rules):
        rules = (*egress_to_anywhere(), *rules)
    with place.located():
        return SecurityGroup(name, rules)


def _security_group_rule(place: Place) -> SecurityGroupRule:
    keys = place.keys(
        "direction",
        "ethertype",
        "protocol",
        "port",
        "port_range_min",
        "port_range_max",
        "remote_ip_prefix",
        "remote_group",
    )
    low = keys.get("port", keys.get("port_range_min"))
    high = keys.get("port", keys.get("port_range_max"))
    with place.located():
        return SecurityGroupRule(
            direction=keys["direction"].text() if "direction" in keys else "ingress",  # type: ignore[arg-type]
            ethertype=keys["ethertype"].text() if "ethertype" in keys else "IPv4",  # type: ignore[arg-type]
            protocol=keys["protocol"].text_or_number() if "protocol" in keys else None,
            port_range_min=low.integer() if low else None,
            port_range_max=high.integer() if high else None,
            remote_ip_prefix=keys["remote_ip_prefix"].text()
            if "remote_ip_prefix" in keys
            else None,
            remote_group=keys["remote_group"].text() if "remote_group" in keys else None,
        )


def _port(name: str, place: Place) -> Port:
    keys = place.keys(
        "network",
        "fixed_ip",
        "mac_address",
        "allowed_address_pairs",
        "port_security_enabled",
        "security_groups",
        required=("network", "fixed_ip"),
    )
    pairs = keys["allowed_address_pairs"].items() if "allowed_address_pairs" in keys else []
    groups = keys["security_groups"].items() if "security_groups" in keys else None
    with place.located():
        return Port(
            name,
            keys["network"].text(),
            keys["fixed_ip"].address(),
            keys["mac_address"].text() if "mac_address" in keys else "",
            tuple(_address_pair(item) for item in pairs),
            keys["port_security_enabled"].boolean() if "port_security_enabled" in keys else None,
            (DEFAULT,) if groups is None else tuple(item.text() for item in groups),
        )


def _address_pair(place: Place) -> AddressPair:
    """``192.0.2.1`` for short, or a mapping with ``ip_address`` and ``mac_address``."""
    with place.located():
        if isinstance(place.value, str):
            return AddressPair(place.value)
        keys = place.keys("ip_address", "mac_address", required=("ip_address",))
        mac = keys["mac_address"].text() if "mac_address" in keys else None
        return AddressPair(keys["ip_address"].text(), mac)


def _floating_ip(name: str, place: Place) -> tuple[IPv4Address, str]:
    address = Place(place.file, place.path, name).address()
    return address, place.text()


def _instance(name: str, place: Place) -> Instance:
    keys = place.keys("ports", "files", "services", "vrrp", required=("ports",))
    contents = keys["files"].entries() if "files" in keys else {}
    for path, content in contents.items():
        if not path.startswith(("/etc/", "/var/")) or ".." in Path(path).parts:
            raise content.wrong(
                "cannot be written", remedy="an instance keeps files below /etc and /var"
            )
    services = keys["services"].entries() if "services" in keys else {}
    with place.located():
        return Instance(
            name,
            tuple(item.text() for item in keys["ports"].items()),
            {path: content.text() for path, content in contents.items()},
            tuple(_service(service, entry) for service, entry in services.items()),
            keys["vrrp"].choice(get_args(VrrpProgram)) if "vrrp" in keys else "none",
        )


def _service(name: str, place: Place) -> Service:
    keys = place.keys("argv", "autostart", "restart", "aliases", required=("argv",))
    with place.located():
        return Service(
            name,
            tuple(item.text_or_number() for item in keys["argv"].items()),
            _boolean(keys, "autostart", default=True),
            keys["restart"].choice(get_args(Restart)) if "restart" in keys else "no",
            tuple(item.text() for item in keys["aliases"].items()) if "aliases" in keys else (),
        )
