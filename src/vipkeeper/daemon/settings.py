"""What the keeper tells the speaker to do: plain data, with every default resolved."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv6Address,
    IPv6Interface,
    ip_address,
    ip_interface,
)
from typing import Any

from vipkeeper.vrrp.advertisement import MULTICAST_TTL, PRIORITY_OWNER, ChecksumForm
from vipkeeper.vrrp.announcement import AnnouncementSettings
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.router import Peer, VirtualRouter
from vipkeeper.vrrp.version import VERSIONS, Family

Plain = dict[str, Any]
"""What :mod:`json` can write and read back."""

Identity = tuple[str, int, int]
"""Interface, address family and VRID: what tells virtual routers apart. A name may change."""


@dataclass(frozen=True, slots=True)
class VirtualAddress:
    """An address to hold while Active, as ``ip address add`` takes it.

    Attributes:
        device: the interface that gets it.
        scope: by number (rtnetlink(7)).
        advertised: it is listed in the adverts (``virtual_ipaddress``), or not
            (``virtual_ipaddress_excluded``).
        preferred_seconds: how long it is chosen as a source (0: never, None: for ever).
    """

    interface: IPv4Interface | IPv6Interface
    device: str
    broadcast: IPv4Address | None = None
    scope: int = 0
    label: str | None = None
    advertised: bool = True
    preferred_seconds: int | None = None

    @property
    def address(self) -> IPv4Address | IPv6Address:
        return self.interface.ip

    def __str__(self) -> str:
        return f"{self.interface} dev {self.device}"


@dataclass(frozen=True, slots=True)
class VirtualMac:
    """An interface with a virtual MAC address, for the virtual addresses.

    Attributes:
        interface: its name.
        mac: as 00:00:5e:00:01:33.
        transmits: multicast adverts leave from it; otherwise from the instance's own interface.
    """

    interface: str
    mac: str
    transmits: bool = True

    @property
    def packed(self) -> bytes:
        return bytes.fromhex(self.mac.replace(":", ""))


@dataclass(frozen=True, slots=True)
class TrackedInterface:
    """An interface that this router depends on.

    Attributes:
        weight: added to the priority while it is up if positive, taken off while it is down if
            negative; 0: without it the router takes no part (keepalived's FAULT).
        reverse: the weight counts with the other sign; without a weight, up and down change places.
    """

    name: str
    weight: int = 0
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """One VRRP instance. Durations in ns; see :class:`~vipkeeper.vrrp.router.VirtualRouter`.

    Attributes:
        source: what adverts are sent from; None for the interface's primary address.
        track_source: it takes no part while the host does not have ``source``.
        accept: packets to the virtual addresses are let in (RFC 9568 6.1 Accept_Mode).
    """

    name: str
    interface: str
    vrid: int
    version: int
    family: int
    priority: int
    advertisement_interval_ns: int
    addresses: tuple[VirtualAddress, ...]
    preempt: bool = True
    preempt_delay_ns: int = 0
    password: str | None = None
    down_interval_adverts: int = 3
    answer_losing_adverts: bool = True
    advertise_before_yielding: bool = False
    owner_starts_active: bool = True
    announcements: AnnouncementSettings = field(default_factory=AnnouncementSettings)
    tracked: tuple[TrackedInterface, ...] = ()
    ignore_own_interface: bool = False
    owner_ignores_adverts: bool = False
    discard_address_list_mismatch: bool = False
    source: Address | None = None
    track_source: bool = False
    group: Address | None = None
    peers: tuple[Peer, ...] = ()
    peers_only: bool = False
    ttl: int = MULTICAST_TTL
    checksum_form: ChecksumForm | None = None
    accept: bool = True
    virtual_mac: VirtualMac | None = None

    @property
    def identity(self) -> Identity:
        return self.interface, self.family, self.vrid

    @property
    def match_key(self) -> dict[str, Any]:
        """What an instance goes on with at a reload, beside its identity, by keepalived's words.

        keepalived matches by these too (vrrp_exist in its vrrp.c); a version it does not match by,
        but the packets and the state machine's intervals are others.
        """
        virtual_mac = self.virtual_mac
        return {
            "version": self.version,
            "unicast_peer": bool(self.peers),
            "unicast_src_ip": self.source if self.peers else None,
            "use_vmac": virtual_mac is not None,
            "vmac_xmit_base": virtual_mac is not None and not virtual_mac.transmits,
            "multicast group": self.group,
        }

    @property
    def is_owner(self) -> bool:
        return self.priority == PRIORITY_OWNER

    @property
    def advertised(self) -> tuple[Address, ...]:
        return tuple(item.address for item in self.addresses if item.advertised)

    @property
    def handover_ns(self) -> int:
        """How long it answers for its addresses at most after it has resigned."""
        return self.virtual_router().active_down_interval_ns(self.advertisement_interval_ns)

    def announced_on(self, address: VirtualAddress) -> str:
        """Where another host's announcement of it is heard.

        With a virtual MAC that is below its interface: the sender's address is our own there, and
        such a frame does not come up to it (measured, Linux 6.18).
        """
        if self.virtual_mac is not None and address.device == self.virtual_mac.interface:
            return self.interface
        return address.device

    @property
    def _transmit_interface(self) -> str | None:
        if self.virtual_mac is None or not self.virtual_mac.transmits:
            return None
        return self.virtual_mac.interface

    def virtual_router(self) -> VirtualRouter:
        return VirtualRouter(
            name=self.name,
            interface=self.interface,
            vrid=self.vrid,
            version=VERSIONS[self.version],
            family=Family(self.family),
            priority=self.priority,
            advertisement_interval_ns=self.advertisement_interval_ns,
            addresses=self.advertised,
            preempt=self.preempt,
            preempt_delay_ns=self.preempt_delay_ns,
            # Latin-1 maps each byte of the file to one character and back.
            password=None if self.password is None else self.password.encode("latin-1"),
            down_interval_adverts=self.down_interval_adverts,
            answer_losing_adverts=self.answer_losing_adverts,
            advertise_before_yielding=self.advertise_before_yielding,
            owner_starts_active=self.owner_starts_active,
            owner_ignores_adverts=self.owner_ignores_adverts,
            discard_address_list_mismatch=self.discard_address_list_mismatch,
            group=self.group,
            peers=self.peers,
            peers_only=self.peers_only,
            ttl=self.ttl,
            checksum_form=self.checksum_form,
            transmit_interface=self._transmit_interface,
            shares_mac=self.virtual_mac is not None,
        )

    def to_plain(self) -> Plain:
        plain = asdict(self)
        for address in plain["addresses"]:
            address["interface"] = str(address["interface"])
            address["broadcast"] = _text(address["broadcast"])
        for peer in plain["peers"]:
            peer["address"] = str(peer["address"])
        plain["source"], plain["group"] = _text(self.source), _text(self.group)
        plain["checksum_form"] = None if self.checksum_form is None else self.checksum_form.value
        return plain

    @classmethod
    def from_plain(cls, plain: Plain) -> InstanceSettings:
        form, virtual_mac = plain["checksum_form"], plain["virtual_mac"]
        return cls(
            **{
                **plain,
                "addresses": tuple(_address_from_plain(item) for item in plain["addresses"]),
                "announcements": AnnouncementSettings(**plain["announcements"]),
                "tracked": tuple(TrackedInterface(**item) for item in plain["tracked"]),
                "peers": tuple(
                    Peer(**{**item, "address": ip_address(item["address"])})
                    for item in plain["peers"]
                ),
                "source": _address(plain["source"]),
                "group": _address(plain["group"]),
                "virtual_mac": None if virtual_mac is None else VirtualMac(**virtual_mac),
                "checksum_form": None if form is None else ChecksumForm(form),
            }
        )


def _text(address: Address | None) -> str | None:
    return None if address is None else str(address)


def _address(text: str | None) -> Address | None:
    return None if text is None else ip_address(text)


def _address_from_plain(plain: Plain) -> VirtualAddress:
    broadcast = _address(plain["broadcast"])
    assert not isinstance(broadcast, IPv6Address)
    return VirtualAddress(
        **{**plain, "interface": ip_interface(plain["interface"]), "broadcast": broadcast}
    )
