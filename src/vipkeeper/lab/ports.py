"""Ports and allowed address pairs, in Neutron's words.

The values are plain and checked when they are made: a :class:`Port` that exists can be
compiled (:mod:`vipkeeper.lab.port_security`) without further questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from vipkeeper.errors import LabError

IPNetwork = IPv4Network | IPv6Network
Source = tuple[IPNetwork, str]
"""Addresses and the MAC address in lower case; a packet has to have both."""

_REMEMBERED = 1 << 16
"""Addresses whose meaning is not worked out again: each change asks for those of all members."""

_MAC_ADDRESS = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
MAX_NUMBER = 0xFFFF
"""Two numbers share a mark of 32 bits: the port a packet comes from, and the one it goes to."""
_DEVICE = re.compile(r"[A-Za-z0-9_.-]{1,15}")  # IFNAMSIZ is 16 with the final NUL


def check_name(name: str, kind: str) -> None:
    """Refuse a name that could not be part of a chain's or a counter's name."""
    if not _NAME.fullmatch(name):
        raise LabError(
            f"{name!r} is not a valid name of a {kind}",
            remedy="use up to 63 letters, digits, '.', '_' and '-', a letter or digit first",
        )


def check_device(device: str, owner: str) -> None:
    """Refuse a name that no link can have."""
    if not _DEVICE.fullmatch(device):
        raise LabError(
            f"{owner}: {device!r} is not a valid name of a link",
            remedy="use up to 15 letters, digits, '.', '_' and '-'",
        )


@lru_cache(_REMEMBERED)
def parse_network(text: str) -> IPNetwork:
    """Address or prefix, bits beyond the prefix cleared: ``10.0.0.5/24`` is 10.0.0.0/24.

    Raises:
        LabError: it is neither, in Neutron's own words.
    """
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise LabError(f"{text!r} is not a valid IP address or prefix") from None


def parse_mac(text: str) -> str:
    """The MAC address in lower case.

    Raises:
        LabError: it is not six pairs of hexadecimal digits with colons.
    """
    if not _MAC_ADDRESS.fullmatch(text):
        raise LabError(
            f"{text!r} is not a valid MAC address", remedy="write it as fa:16:3e:00:00:0b"
        )
    return text.lower()


def apart(networks: Iterable[IPNetwork]) -> list[str]:
    """Without those that are part of another, since an nftables set takes no overlap.

    All of one family. Neighbours are left as they are: one that comes or goes is then one
    element.
    """
    kept = []
    last_kept = -1
    for first, _, last, text in sorted(map(_extent, networks)):
        if first > last_kept:
            kept.append(text)
            last_kept = last
    return kept


@lru_cache(_REMEMBERED)
def _extent(network: IPNetwork) -> tuple[int, int, int, str]:
    """First address, prefix length, last address, text."""
    first, last = int(network.network_address), int(network.broadcast_address)
    return first, network.prefixlen, last, str(network)


@dataclass(frozen=True, slots=True)
class AddressPair:
    """Another address that a port may speak from.

    Attributes:
        ip_address: address or prefix, kept as it was typed (Neutron does too).
        mac_address: None means the port's own, which is how Neutron fills it in.
    """

    ip_address: str
    mac_address: str | None = None

    def __post_init__(self) -> None:
        parse_network(self.ip_address)
        if self.mac_address is not None:
            parse_mac(self.mac_address)

    @property
    def network(self) -> IPNetwork:
        return parse_network(self.ip_address)


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the switch, seen from the switch.

    Attributes:
        name: unique in the lab; counters are reported under it.
        device: the switch's end of the link, at most 15 characters (``tap-test01``).
        bridge: the bridge it is plugged into; one network is one bridge.
        mac_address: of the instance's end.
        fixed_ips: addresses without prefix length, either family.
        allowed_address_pairs: in force only with port security, as the groups are.
        security_groups: names. With port security on, an empty tuple lets nothing pass.
        trusted: the router's and the DHCP server's ports, which are never filtered.
        number: tells the port apart in the packets' marks, 1 to 65535, for as long as it is
            there.
        admin_state_up: a port that is down lets nothing pass in either direction.
    """

    name: str
    device: str
    bridge: str
    mac_address: str
    fixed_ips: tuple[str, ...] = ()
    allowed_address_pairs: tuple[AddressPair, ...] = ()
    port_security_enabled: bool = True
    security_groups: tuple[str, ...] = ()
    trusted: bool = False
    number: int = field(kw_only=True)
    admin_state_up: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        check_name(self.name, "port")
        if not 1 <= self.number <= MAX_NUMBER:
            raise LabError(f"port {self.name}: number {self.number} is not from 1 to {MAX_NUMBER}")
        for device in (self.device, self.bridge):
            check_device(device, f"port {self.name}")
        parse_mac(self.mac_address)
        _check_fixed_ips(self.fixed_ips, f"port {self.name}")

    @property
    def filtered(self) -> bool:
        """Whether anything is checked on this port at all."""
        return self.port_security_enabled and not self.trusted

    @property
    def fixed_addresses(self) -> tuple[IPv4Address | IPv6Address, ...]:
        return tuple(ip_address(text) for text in self.fixed_ips)

    def sources(self) -> tuple[Source, ...]:
        """Where the port's packets may come from, pairs first as the agent has them.

        An IPv6 address or pair brings the EUI-64 link-local address of its MAC address with
        it; a port without fixed IPs may send from any address.
        """
        own = parse_mac(self.mac_address)
        stated = [
            (pair.network, parse_mac(pair.mac_address or own))
            for pair in self.allowed_address_pairs
        ]
        stated += [(parse_network(text), own) for text in self.fixed_ips or ("0.0.0.0/0", "::/0")]
        return tuple(dict.fromkeys(_with_link_local(stated)))


@dataclass(frozen=True, slots=True)
class Member:
    """A port that is plugged in nowhere, and is in groups nevertheless.

    Neutron asks its database who is in a group, not who is bound to a host: the VIP's own
    port makes the VIP a member (neutron/db/securitygroups_rpc_base.py,
    ``_select_ips_for_remote_group``).
    """

    fixed_ips: tuple[str, ...] = ()
    allowed_address_pairs: tuple[AddressPair, ...] = ()
    security_groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_fixed_ips(self.fixed_ips, "a port that is not plugged in")


def _check_fixed_ips(fixed_ips: Iterable[str], where: str) -> None:
    for text in fixed_ips:
        try:
            ip_address(text)
        except ValueError:
            raise LabError(
                f"{where}: {text!r} is not a valid IP address",
                remedy="a fixed IP is written without a prefix length",
            ) from None


def link_local(mac_address: str) -> IPv6Network:
    """The EUI-64 link-local address of a MAC address, as a /128 (RFC 4291 appendix A)."""
    octets = bytes.fromhex(mac_address.replace(":", ""))
    interface_id = bytes((octets[0] ^ 0x02, *octets[1:3], 0xFF, 0xFE, *octets[3:]))
    return IPv6Network((b"\xfe\x80" + bytes(6) + interface_id, 128))


def _with_link_local(stated: Iterable[Source]) -> Iterator[Source]:
    for network, mac in stated:
        yield network, mac
        if network.version == 6 and network.prefixlen > 0:
            yield link_local(mac), mac
