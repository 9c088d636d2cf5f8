"""A router's address translation, as Neutron's L3 agent has it, compiled for nftables.

Nothing here asks who holds an address: a floating IP on the VIP's own port is translated
as one on an instance's port is, and ARP finds whoever speaks for the VIP. The router must
answer ARP for its floating IPs, so they are addresses of the gateway device
(:meth:`Router.gateway_addresses`), and it learns its neighbours by ARP as any router does.

Source: neutron/agent/l3/router_info.py, dvr-less router, and a listing of a running one.
The agent's filter chains drop nothing as long as all networks are in one address scope, so
there are none here: packets are forwarded between all networks of the router.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from vipkeeper.errors import LabError
from vipkeeper.lab.nft import chain, mapping, transaction
from vipkeeper.lab.ports import check_device, check_name

ROUTER_TABLE = "ip vipkeeper_router"

SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.ipv6.conf.all.forwarding": "1",
    # The first address of a network may go, and leave the others.
    "net.ipv4.conf.all.promote_secondaries": "1",
    # Nobody else has its addresses; none is held back until that was asked.
    "net.ipv6.conf.default.accept_dad": "0",
    "net.ipv6.conf.default.accept_ra": "0",
}
"""What the router's network namespace needs to be one."""

_FROM_OUTSIDE = "0x2"  # the agent's external_ingress_mark, in the low half of the mark


@dataclass(frozen=True, slots=True)
class FloatingIP:
    """An external address that stands for a fixed IP; IPv4 only, as in Neutron."""

    floating_ip_address: str
    fixed_ip_address: str

    def __post_init__(self) -> None:
        for text in (self.floating_ip_address, self.fixed_ip_address):
            try:
                IPv4Address(text)
            except ValueError:
                raise LabError(
                    f"floating IP {self.floating_ip_address} for {self.fixed_ip_address}:"
                    f" {text!r} is not a valid IPv4 address"
                ) from None


@dataclass(frozen=True, slots=True)
class Router:
    """A router, with a gateway to the external network or without.

    Attributes:
        gateway_device: the router's end of the link to the external network (``qg-router``),
            empty where there is none.
        gateway_address: its first IPv4 address there with the prefix length, "99.88.128.1/24".
            An external network of IPv6 only has none, and nothing is translated.
        enable_snat: whether what has no floating IP goes out under the gateway's address.
    """

    name: str
    gateway_device: str = ""
    gateway_address: str = ""
    floating_ips: tuple[FloatingIP, ...] = ()
    enable_snat: bool = True

    def __post_init__(self) -> None:
        check_name(self.name, "router")
        if self.gateway_device:
            self._check_gateway()
        elif self.floating_ips:
            raise LabError(f"router {self.name} has floating IPs, and no gateway for them")
        self._check_floating_ips()

    def _check_gateway(self) -> None:
        check_device(self.gateway_device, f"router {self.name}")
        try:
            IPv4Interface(self.gateway_address)
        except ValueError:
            raise LabError(
                f"router {self.name}: {self.gateway_address!r} is not a valid IPv4 address",
                remedy="write the gateway's address with its prefix length: 99.88.128.1/24",
            ) from None

    def _check_floating_ips(self) -> None:
        for attribute in ("floating_ip_address", "fixed_ip_address"):
            values = [getattr(floating, attribute) for floating in self.floating_ips]
            for value in values:
                if values.count(value) > 1:
                    raise LabError(
                        f"router {self.name}: {attribute} {value} is in two floating IPs"
                    )

    @property
    def gateway_addresses(self) -> tuple[str, ...]:
        """What the gateway device holds: its own address, and each floating IP as a /32."""
        return (
            *([self.gateway_address] if self.gateway_address else []),
            *(f"{floating.floating_ip_address}/32" for floating in self.floating_ips),
        )


def ruleset(router: Router) -> str:
    """The transaction that puts the router's translations in force in its namespace.

    Connections that are already translated stay so: a floating IP that has moved needs
    ``conntrack -D -d FLOATING_IP`` besides, which the agent does too.
    """
    if not router.gateway_device:
        # The chains of a gateway that went stay, empty.
        return transaction(ROUTER_TABLE, [])
    own = str(IPv4Interface(router.gateway_address).ip)
    inward = {f.floating_ip_address: f.fixed_ip_address for f in router.floating_ips}
    outward = {fixed: floating for floating, fixed in inward.items()}
    to_fixed = [f"dnat to ip daddr map {mapping(inward)}"] if inward else []
    to_floating = [f"snat to ip saddr map {mapping(outward)} fully-random"] if outward else []
    gateway = f'oifname "{router.gateway_device}"'
    return transaction(
        ROUTER_TABLE,
        [
            chain(
                "mark-from-outside",
                f'iifname "{router.gateway_device}" '
                f"meta mark set meta mark & 0xffff0000 | {_FROM_OUTSIDE}",
                hook="filter hook prerouting priority mangle",
            ),
            chain("prerouting", *to_fixed, hook="nat hook prerouting priority dstnat"),
            # The router's own calls to a floating IP.
            chain("output", *to_fixed, hook="nat hook output priority -100"),
            chain(
                "postrouting",
                f'oifname != "{router.gateway_device}" ct status ! dnat accept',
                *to_floating,
                *([f"{gateway} snat to {own} fully-random"] if router.enable_snat else []),
                # Hairpin: an instance without a floating IP called one. Without this the
                # answer would go straight to it, from an address that it did not call.
                f"meta mark & 0x0000ffff != {_FROM_OUTSIDE} ct status dnat "
                f"snat to {own} fully-random",
                hook="nat hook postrouting priority srcnat",
            ),
        ],
    )
