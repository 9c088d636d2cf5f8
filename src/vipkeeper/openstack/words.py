"""A virtual IP in a few words: what both command lines say of it."""

from __future__ import annotations

from collections.abc import Iterable

from vipkeeper.openstack.back_end import BackEnd, Kind
from vipkeeper.openstack.declaration.spec import ServicePort, Vrrp
from vipkeeper.openstack.deployment import Deployment

_KINDS = {
    Kind.OVN: "OVN",
    Kind.AGENTS: "agents (Open vSwitch or Linux bridge)",
    Kind.UNKNOWN: "not recognised: the network has neither DHCP nor a router",
}


def counted(number: int, thing: str, things: str = "") -> str:
    return f"{number} {thing if number == 1 else things or thing + 's'}"


def listed(words: Iterable[str]) -> str:
    """Words, as a person lists them: ``a, b and c``."""
    *first, last = sorted(words)
    return f"{', '.join(first)} and {last}" if first else last


def addresses(deployment: Deployment) -> tuple[str, ...]:
    """With their prefix lengths, those that are known."""
    return tuple(str(one.interface) for one in deployment.addresses if one.interface)


def vrrp(vrrp: Vrrp, vrid: int | None) -> str:
    words = [
        f"version {vrrp.protocol_version}",
        f"VRID {vrid}" if vrid else "VRID still to be chosen",
        f"every {vrrp.interval:g} s",
        vrrp.mode.value,
        "preempting" if vrrp.preempt else "not preempting",
    ]
    if vrrp.virtual_mac:
        words.append("with a virtual MAC address")
    if vrrp.authentication:
        words.append(f"authentication {vrrp.authentication.type.value}")
    return ", ".join(words)


def service_port(port: ServicePort) -> str:
    """As a spec has it: ``80/tcp``, ``8000-8010/tcp from 10.0.0.0/8``, ``icmp``."""
    text: str = port.protocol
    if port.first is not None:
        last = "" if port.last in (None, port.first) else f"-{port.last}"
        text = f"{port.first}{last}/{port.protocol}"
    return f"{text} from {port.source}" if port.source else text


def back_end(back_end: BackEnd) -> str:
    more = ", distributed router (DVR)" if back_end.distributed else ""
    if not back_end.routed and back_end.kind is not Kind.UNKNOWN:
        more = ", no router"
    return f"{_KINDS[back_end.kind]}{more}"
