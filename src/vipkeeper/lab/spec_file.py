"""Cloud files: YAML in, :class:`~vipkeeper.lab.spec.CloudSpec` out.

Everything that is wrong is said as ``FILE: PATH.TO.THE.PLACE: what`` and what is allowed there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml

from vipkeeper.errors import ConfigError, LabError
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
    try:
        document = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 -- a SafeLoader, stricter
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        raise ConfigError(f"{where}: {error.problem or error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: not YAML: {error}") from error
    return _cloud(_Place(file, "", document))


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that is there twice; YAML itself would let the last one win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} is there twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


class _Place:
    """A value with the way to it, so that every complaint can say where."""

    def __init__(self, file: str, path: str, value: object) -> None:
        self.file = file
        self.path = path
        self.value = value

    def wrong(self, what: str, *, remedy: str = "") -> ConfigError:
        path = f"{self.path}: " if self.path else ""
        return ConfigError(f"{self.file}: {path}{what}", remedy=remedy)

    @contextmanager
    def located(self) -> Iterator[None]:
        """Complaints of the values themselves, which know no file, get the place put before."""
        try:
            yield
        except LabError as error:
            raise self.wrong(error.message, remedy=error.remedy) from error

    def _below(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def keys(self, *allowed: str, required: tuple[str, ...] = ()) -> dict[str, _Place]:
        """The entries of a mapping whose keys are known."""
        entries = self.entries()
        for key, place in entries.items():
            if key not in allowed:
                raise place.wrong("is not known here", remedy=f"allowed: {', '.join(allowed)}")
        for key in required:
            if key not in entries:
                raise self.wrong(f"{key!r} is missing")
        return entries

    def entries(self) -> dict[str, _Place]:
        """The entries of a mapping whose keys are names."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.wrong(f"is {_kind(self.value)}, a mapping is wanted")
        for key in self.value:
            if not isinstance(key, str):
                raise self.wrong(f"the key {key!r} is {_kind(key)}", remedy="put it in quotes")
        return {
            key: _Place(self.file, self._below(key), value) for key, value in self.value.items()
        }

    def items(self) -> list[_Place]:
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.wrong(f"is {_kind(self.value)}, a list is wanted")
        return [
            _Place(self.file, f"{self.path}[{index}]", value)
            for index, value in enumerate(self.value)
        ]

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong(f"is {_kind(self.value)}, text is wanted", remedy="put it in quotes")
        return self.value

    def text_or_number(self) -> str:
        """For protocols, where ``112`` and ``vrrp`` are the same."""
        return str(self.value) if type(self.value) is int else self.text()

    def integer(self) -> int:
        if type(self.value) is not int:
            raise self.wrong(f"is {_kind(self.value)}, a whole number is wanted")
        return self.value

    def boolean(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.wrong(f"is {_kind(self.value)}, true or false is wanted")
        return self.value

    def choice(self, allowed: tuple[str, ...]) -> Any:
        if self.value not in allowed:
            raise self.wrong(f"is {self.value!r}", remedy=f"allowed: {', '.join(allowed)}")
        return self.value

    def address(self) -> IPv4Address:
        return self._made_from_text(IPv4Address, "an IPv4 address as 192.168.100.1")

    def network(self) -> IPv4Network:
        return self._made_from_text(IPv4Network, "an IPv4 network as 192.168.100.0/24")

    def _made_from_text(self, make: Callable[[str], _Value], wanted: str) -> _Value:
        try:
            return make(self.text())
        except ValueError as error:
            raise self.wrong(f"is {self.value!r}, {wanted} is wanted") from error


def _kind(value: object) -> str:
    if value is None:
        return "empty"
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "a mapping" if isinstance(value, dict) else str(type(value)))


def _cloud(place: _Place) -> CloudSpec:
    keys = place.keys(
        "networks",
        "routers",
        "security_groups",
        "ports",
        "floating_ips",
        "instances",
        required=("networks", "ports", "instances"),
    )

    def each(key: str, make: Callable[[str, _Place], _Value]) -> tuple[_Value, ...]:
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


def _network(name: str, place: _Place) -> Network:
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


def _boolean(keys: dict[str, _Place], key: str, *, default: bool) -> bool:
    return keys[key].boolean() if key in keys else default


def _router(name: str, place: _Place) -> Router:
    required = ("external_network", "external_ip", "networks")
    keys = place.keys(*required, required=required)
    return Router(
        name,
        keys["external_network"].text(),
        keys["external_ip"].address(),
        tuple(item.text() for item in keys["networks"].items()),
    )


def _security_group(name: str, place: _Place) -> SecurityGroup:
    """A group; the rules that let everything out are there unless one is given."""
    rules = tuple(_security_group_rule(item) for item in place.items())
    if all(rule.direction == "ingress" for rule in rules):
        rules = (*egress_to_anywhere(), *rules)
    with place.located():
        return SecurityGroup(name, rules)


def _security_group_rule(place: _Place) -> SecurityGroupRule:
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


def _port(name: str, place: _Place) -> Port:
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


def _address_pair(place: _Place) -> AddressPair:
    """``192.0.2.1`` for short, or a mapping with ``ip_address`` and ``mac_address``."""
    with place.located():
        if isinstance(place.value, str):
            return AddressPair(place.value)
        keys = place.keys("ip_address", "mac_address", required=("ip_address",))
        mac = keys["mac_address"].text() if "mac_address" in keys else None
        return AddressPair(keys["ip_address"].text(), mac)


def _floating_ip(name: str, place: _Place) -> tuple[IPv4Address, str]:
    address = _Place(place.file, place.path, name).address()
    return address, place.text()


def _instance(name: str, place: _Place) -> Instance:
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


def _service(name: str, place: _Place) -> Service:
    keys = place.keys("argv", "autostart", "restart", "aliases", required=("argv",))
    with place.located():
        return Service(
            name,
            tuple(item.text_or_number() for item in keys["argv"].items()),
            _boolean(keys, "autostart", default=True),
            keys["restart"].choice(get_args(Restart)) if "restart" in keys else "no",
            tuple(item.text() for item in keys["aliases"].items()) if "aliases" in keys else (),
        )
