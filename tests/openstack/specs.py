"""Any spec, for tests of what holds for all of them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from hypothesis import strategies as st

from vipkeeper.openstack.declaration.spec import VipSpec

# Neutron's database has utf8mb3, and a surrogate is no character.
_NAMES = st.text(
    st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), min_size=1, max_size=20
)
_ODD_NAMES = st.sampled_from(
    ("none", "true", "null", "~", "10.0.0.1", "fd00::1", "7", "- a", "# b")
)
NAMES_OR_IDS = st.one_of(st.sampled_from(("int_net", "test01", "a b")), _ODD_NAMES, _NAMES)
ADDRESSES = {
    4: st.integers(0x0A000001, 0x0AFFFFFE).map(IPv4Address),
    6: st.integers(1, 2**64 - 1).map(lambda host: IPv6Address((0xFD00 << 112) + host)),
}


@st.composite
def specs(draw: st.DrawFn) -> VipSpec:
    """Every kind of spec there is."""
    families = draw(st.sampled_from(((4,), (6,), (4, 6))))
    addresses: list[Any] = [draw(ADDRESSES[family]) for family in families if draw(st.booleans())]
    floating_ip = draw(st.none() | _floating_ips()) if 4 in families else None
    return VipSpec.model_validate(
        {
            "name": draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,29}", fullmatch=True)),
            "network": draw(NAMES_OR_IDS),
            "families": families,
            "addresses": tuple(addresses),
            "members": draw(_members()),
            "floating_ip": floating_ip,
            "vrrp": draw(_vrrp(6 in families)),
            "service_ports": draw(_service_ports(families)),
            "security_group": draw(st.none() | NAMES_OR_IDS),
            "anti_affinity": draw(st.booleans()),
        }
    )


@st.composite
def _members(draw: st.DrawFn) -> Any:
    kinds = st.tuples(st.sampled_from(("server", "port")), NAMES_OR_IDS)
    names = draw(st.lists(kinds, min_size=2, max_size=5, unique=True))
    explicit = st.lists(st.integers(1, 254), min_size=len(names), max_size=len(names), unique=True)
    none: list[int | None] = [None] * len(names)
    priorities = draw(st.just(none) | explicit)
    interfaces = st.sampled_from(("eth0", "ens3", "enp1s0f0"))
    return tuple(
        {kind: name, "priority": priority, "interface": draw(interfaces)}
        for (kind, name), priority in zip(names, priorities, strict=True)
    )


def _floating_ips() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"network": st.none() | NAMES_OR_IDS, "address": ADDRESSES[4] | st.none()}
    )


@st.composite
def _vrrp(draw: st.DrawFn, ipv6: bool) -> dict[str, Any]:
    version = draw(st.sampled_from((None, 3) if ipv6 else (None, 2, 3)))
    authentication = None
    if not ipv6 and version != 3:
        password = st.from_regex(r"[ -~]{1,8}", fullmatch=True).filter(
            lambda one: not any(bad in one for bad in ('"', "\\", "${"))
        )
        known = {"type": st.sampled_from(("pass", "ah")), "password": password}
        authentication = draw(st.none() | st.fixed_dictionaries(known))
    whole = version == 2 or authentication is not None
    hundredths = st.integers(1, 4095).map(lambda number: number / 100)
    return {
        "version": version,
        "vrid": draw(st.none() | st.integers(1, 255)),
        "authentication": authentication,
        "interval": float(draw(st.integers(1, 255) if whole else hundredths)),
        "mode": draw(st.sampled_from(("unicast", "multicast"))),
        "preempt": draw(st.booleans()),
        "virtual_mac": draw(st.booleans()),
    }


@st.composite
def _service_ports(draw: st.DrawFn, families: tuple[int, ...]) -> Any:
    networks: list[st.SearchStrategy[Any]] = [st.none()]
    if 4 in families:
        networks.append(st.builds(IPv4Network, st.sampled_from(("10.0.0.0/8", "10.0.0.9/32"))))
    if 6 in families:
        networks.append(st.builds(IPv6Network, st.sampled_from(("fd00::/8", "fd00::9/128"))))
    ranges = st.lists(st.integers(1, 65535), min_size=2, max_size=2).map(sorted)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for _ in range(draw(st.integers(0, 4))):
        protocol = draw(st.sampled_from(("tcp", "udp", "sctp", "icmp")))
        first, last = (None, None) if protocol == "icmp" else draw(ranges)
        last = draw(st.sampled_from((first, last)))
        source = draw(st.one_of(networks))
        known = {"protocol": protocol, "first": first, "last": last, "source": source}
        found[tuple(known.values())] = known
    return tuple(found.values())
