"""Where an instance's adverts come from and go to: source, group, unicast peers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.configuration import GlobalDefs, UnicastPeer
from vipkeeper.keepalived.instances import InstanceLines
from vipkeeper.keepalived.report import Report
from vipkeeper.keepalived.unicast_peers import LARGEST_TTL
from vipkeeper.keepalived.values import Address

_UNICAST_KEYWORDS = ("unicast_src_ip", "unicast_ttl", "check_unicast_src", "unicast_fault_no_peer")


@dataclass(frozen=True, slots=True)
class AdvertPath:
    """The part of a VrrpInstance that says where adverts go; names as there."""

    mcast_src_ip: Address | None
    unicast_src_ip: Address | None
    unicast_peer: tuple[UnicastPeer, ...]
    unicast_ttl: int
    check_unicast_src: bool
    multicast_group: Address


def settle_path(
    lines: InstanceLines,
    defaults: GlobalDefs,
    global_places: Mapping[str, Statement],
    family: int,
    report: Report,
) -> AdvertPath:
    """What is in force, and keepalived's words where something is left out."""
    peers = _peers(lines, family, report)
    if not peers:
        _report_unicast_without_peers(lines, report)
    check_source = lines.check_unicast_src
    return AdvertPath(
        mcast_src_ip=_source(lines, "mcast_src_ip", lines.mcast_src_ip, family, report),
        unicast_src_ip=_source(lines, "unicast_src_ip", lines.unicast_src_ip, family, report),
        unicast_peer=peers,
        unicast_ttl=LARGEST_TTL if lines.unicast_ttl is None or not peers else lines.unicast_ttl,
        check_unicast_src=defaults.check_unicast_src if check_source is None else check_source,
        multicast_group=_group(lines, defaults, global_places, family, report),
    )


def _peers(lines: InstanceLines, family: int, report: Report) -> tuple[UnicastPeer, ...]:
    peers: dict[Address, UnicastPeer] = {}
    for line, peer in lines.unicast_peer:
        if peer.address.version != family:
            message = (
                f"Configuration error: VRRP instance[{lines.name}] and unicast peer"
                f" address[{peer.address}] MUST be of the same family !!! Skipping..."
            )
            report.warning(line.words[0], "mixed-families", message)
        elif peer.address in peers:
            message = f"({lines.name}) unicast peer {peer.address} is given twice"
            report.warning(line.words[0], "duplicate-address", message, "remove one of the lines")
        else:
            peers[peer.address] = peer
    return tuple(peers.values())


def _report_unicast_without_peers(lines: InstanceLines, report: Report) -> None:
    """In a cloud that drops multicast this is a VIP on every node; so it is said loudly."""
    written = [keyword for keyword in _UNICAST_KEYWORDS if keyword in lines.places]
    if "unicast_peer" in lines.places:
        written.insert(0, "unicast_peer")
    if not written:
        return
    place = lines.places[written[0]].words[0]
    suggestion = "unicast_peer { ADDRESS }, with the addresses of the other routers"
    if lines.unicast_fault_no_peer:
        message = f"({lines.name}) unicast_fault_no_peer, and there is no unicast peer"
        report.error(place, "no-unicast-peer", f"{message}: the instance is not run", suggestion)
        return
    report.warning(
        place,
        "no-unicast-peer",
        f"({lines.name}) A unicast keyword has been specified without any unicast peers."
        " Defaulting to multicast. This usage is deprecated"
        " - please update your configuration.",
        suggestion,
    )


def _source(
    lines: InstanceLines, keyword: str, source: Address | None, family: int, report: Report
) -> Address | None:
    if source is None or source.version == family:
        return source
    report.warning(
        lines.places[keyword].words[-1],
        "mixed-families",
        f"Configuration error: VRRP instance[{lines.name}] and src address[{source}]"
        " MUST be of the same family !!! Skipping...",
    )
    return None


def _group(
    lines: InstanceLines,
    defaults: GlobalDefs,
    global_places: Mapping[str, Statement],
    family: int,
    report: Report,
) -> Address:
    default = defaults.multicast_group_4 if family == 4 else defaults.multicast_group_6
    if not default.is_multicast:
        keyword = f"vrrp_mcast_group{family}"
        message = f"{keyword} {default} is no multicast address: the instance is not run"
        report.error(global_places[keyword].words[-1], "bad-address", message)
    group = lines.multicast_group
    if group is None:
        return default
    place = lines.places["mcast_dst_ip"].words[-1]
    if not group.is_multicast:
        message = f"({lines.name}) mcast_dst_ip {group} not multicast. Skipping..."
        report.warning(place, "bad-address", message, "an address such as 224.0.0.18")
        return default
    if group.version != family:
        message = f"({lines.name}) mcast_dst_ip {group} is not of the family of the addresses"
        report.warning(place, "mixed-families", f"{message} - ignoring")
        return default
    return group
