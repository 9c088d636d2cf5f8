"""From an instance as written to one with every default in force.

The order of what keepalived does at the end of its reading (vrrp_complete_instance), and its words.
"""

from __future__ import annotations

from collections.abc import Mapping

from vipkeeper.keepalived.advertised import (
    check_addresses,
    check_first_is_link_local,
    one_family,
    within_one_advert,
)
from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.commands import run_by
from vipkeeper.keepalived.configuration import (
    SECOND_NS,
    Authentication,
    AuthenticationType,
    GlobalDefs,
    NotifyCommands,
    TrackedInterface,
    VrrpInstance,
)
from vipkeeper.keepalived.instances import DEFAULT_PRIORITY, InstanceLines
from vipkeeper.keepalived.paths import settle_path
from vipkeeper.keepalived.report import Report
from vipkeeper.keepalived.scripts import read_tracked_interface
from vipkeeper.keepalived.strict import made_strict
from vipkeeper.keepalived.virtual_mac import VirtualInterfaceNames, settle_virtual_mac

OWNER_PRIORITY = 255  # RFC 9568 5.2.4

LONGEST_V3_INTERVAL_NS = 40_950_000_000  # twelve bits of centiseconds, RFC 9568 5.2.7
CENTISECOND_NS = 10_000_000


def settle(
    lines: InstanceLines,
    defaults: GlobalDefs,
    global_places: Mapping[str, Statement],
    names: VirtualInterfaceNames,
    report: Report,
) -> VrrpInstance | None:
    """The instance in force, or None where it cannot be run; ``report`` says why.

    Args:
        names: gives a name to an interface with a virtual MAC address that has none.
    """
    places = {**global_places, **lines.places}
    _require_identity(lines, report)
    family, advertised = one_family(lines, report)
    version = _version(lines, defaults, family, report)
    advertised, excluded = within_one_advert(advertised, lines, report)
    check_first_is_link_local(lines, advertised, report)
    check_addresses(lines, advertised + excluded, report)
    state = lines.state or "BACKUP"
    priority = _priority(lines, report)
    nopreempt, preempt_delay_ns = _preemption(lines, state, priority, report)
    path = settle_path(lines, defaults, global_places, family, report)
    virtual_mac = settle_virtual_mac(
        lines.use_vmac,
        lines.places.get("vmac_xmit_base"),
        family=family,
        vrid=lines.virtual_router_id or 0,
        unicast=bool(path.unicast_peer),
        names=names,
        report=report,
    )
    virtual_interface = virtual_mac.interface if virtual_mac else ""
    instance = VrrpInstance(
        name=lines.name,
        interface=lines.interface,
        virtual_router_id=lines.virtual_router_id or 0,
        state=state,
        priority=priority,
        advert_int_ns=_advert_interval_ns(lines, version, report),
        version=version,
        family=family,
        authentication=_authentication(lines, version, report),
        virtual_ipaddress=tuple(line.on(lines.interface, virtual_interface) for line in advertised),
        virtual_ipaddress_excluded=tuple(
            line.on(lines.interface, virtual_interface) for line in excluded
        ),
        nopreempt=nopreempt,
        preempt_delay_ns=preempt_delay_ns,
        garp=lines.garp.over(defaults.garp),
        lower_prio_no_advert=_first(lines.lower_prio_no_advert, defaults.lower_prio_no_advert),
        higher_prio_send_advert=(
            defaults.higher_prio_send_advert
            if lines.higher_prio_send_advert is None
            else lines.higher_prio_send_advert
        ),
        skip_check_adv_addr=_first(lines.skip_check_adv_addr, defaults.skip_check_adv_addr),
        down_timer_adverts=lines.down_timer_adverts or defaults.down_timer_adverts,
        dont_track_primary=lines.dont_track_primary,
        track_interface=_tracked_interfaces(lines, report),
        track_script=tuple(script for _, script in lines.track_script),
        notify=run_by(
            NotifyCommands(**lines.notify.commands), defaults.script_user, defaults.script_group
        ),
        accept=_first(lines.accept, True),
        strict_mode=_first(lines.strict_mode, defaults.strict),
        virtual_mac=virtual_mac,
        use_ipvlan=lines.use_ipvlan,
        mcast_src_ip=path.mcast_src_ip,
        unicast_src_ip=path.unicast_src_ip,
        unicast_peer=path.unicast_peer,
        unicast_ttl=path.unicast_ttl,
        check_unicast_src=path.check_unicast_src,
        multicast_group=path.multicast_group,
        track_src_ip=lines.track_src_ip,
        owner_ignore_adverts=_first(lines.owner_ignore_adverts, defaults.owner_ignore_adverts),
        checksum_as_v2=_first(lines.checksum_as_v2, defaults.checksum_as_v2),
    )
    if instance.strict_mode:
        instance = made_strict(instance, lines, places, report)
    return None if report.failed else instance


def _first(written: bool | None, default: bool) -> bool:
    return default if written is None else written


def _require_identity(lines: InstanceLines, report: Report) -> None:
    heading = lines.statement.words[-1]
    if not lines.interface:
        message = f"({lines.name}) interface must be set"
        report.error(heading, "missing-interface", message, "add 'interface eth0' to its block")
    if lines.virtual_router_id is None:
        place = lines.places.get("virtual_router_id")
        report.error(
            place.words[-1] if place else heading,
            "missing-virtual-router-id",
            f"({lines.name}) the virtual router id must be set",
            "the same number from 1 to 255 on all routers that share the addresses",
        )


def _priority(lines: InstanceLines, report: Report) -> int:
    if lines.priority is not None:
        return lines.priority
    if lines.state != "MASTER":
        return DEFAULT_PRIORITY
    report.warning(
        lines.places["state"].words[-1],
        "owner-by-default",
        f"({lines.name}) state MASTER without a priority means priority {OWNER_PRIORITY}:"
        " the owner of the addresses, which takes them at once",
        "write the priority, as 'priority 100'",
    )
    return OWNER_PRIORITY


def _preemption(
    lines: InstanceLines, state: str, priority: int, report: Report
) -> tuple[bool, int]:
    """Nopreempt and preempt_delay (ns), cleared where they would not work."""
    nopreempt, preempt_delay_ns = lines.nopreempt, lines.preempt_delay_ns
    if nopreempt:
        place = lines.places["nopreempt"].words[0]
        if priority == OWNER_PRIORITY:
            message = f"nopreempt is incompatible with priority {OWNER_PRIORITY}."
            report.warning(
                place, "nopreempt-cleared", f"({lines.name}) {message} resetting nopreempt"
            )
            nopreempt = False
        elif state == "MASTER":
            message = "Warning - nopreempt will not work with initial state MASTER - clearing"
            report.warning(
                place,
                "nopreempt-cleared",
                f"({lines.name}) {message}",
                "write 'state BACKUP' on all routers that have nopreempt",
            )
            nopreempt = False
    if preempt_delay_ns:
        place = lines.places["preempt_delay"].words[0]
        message = ""
        if state == "MASTER":
            message = "Warning - preempt delay will not work with initial state MASTER - clearing"
        elif nopreempt:
            message = "preempt_delay is incompatible with nopreempt mode - resetting"
        if message:
            report.warning(place, "preempt-delay-cleared", f"({lines.name}) {message}")
            preempt_delay_ns = 0
    return nopreempt, preempt_delay_ns


def _version(lines: InstanceLines, defaults: GlobalDefs, family: int, report: Report) -> int:
    """Version 3 for IPv6, whatever is written: RFC 3768 1.2 keeps version 2 to IPv4."""
    if family != 6:
        return lines.version or defaults.vrrp_version
    if lines.version == 2:
        report.warning(
            lines.places["version"].words[-1],
            "version-of-ipv6",
            f"({lines.name}) VRRPv2 is for IPv4 only: version 3 is spoken",
            "remove it; keepalived 2.2.7 speaks a version 2 of its own and hears no version 3",
        )
    return 3


def _advert_interval_ns(lines: InstanceLines, version: int, report: Report) -> int:
    """The interval as the packet can say it."""
    written_ns = lines.advert_int_ns
    seconds = f"{written_ns / SECOND_NS:.6f}s"
    unit_ns = SECOND_NS if version == 2 else CENTISECOND_NS
    interval_ns = max(unit_ns, (written_ns + unit_ns // 2) // unit_ns * unit_ns)
    message = ""
    if version == 2 and interval_ns != written_ns:
        message = f"VRRPv2 advertisement interval {seconds} must be an integer. rounding"
    elif version == 3 and interval_ns > LONGEST_V3_INTERVAL_NS:
        interval_ns = LONGEST_V3_INTERVAL_NS
        message = f"VRRPv3 advertisement interval {seconds} is out of range. Setting"
    elif version == 3 and interval_ns != written_ns:
        message = f"VRRPv3 advertisement interval {seconds} must be in units of 10ms - rounding"
    if message:
        in_force = f"{interval_ns / SECOND_NS:g}s"
        place = lines.places["advert_int"].words[-1]
        report.warning(place, "rounded-interval", f"({lines.name}) {message} to {in_force}")
    return interval_ns


def _authentication(lines: InstanceLines, version: int, report: Report) -> Authentication | None:
    if lines.authentication is None:
        return None
    place = lines.places["authentication"].words[0]
    authentication = lines.authentication.settled()
    if version == 3:
        message = f"({lines.name}) VRRP version 3 does not support authentication. Ignoring."
        report.warning(place, "authentication-ignored", message)
        return None
    if authentication is None:
        missing = "auth_type PASS" if lines.authentication.type is None else "auth_pass"
        report.warning(
            place,
            "authentication-ignored",
            f"({lines.name}) Authentication specified but {missing} is not given. Ignoring",
            f"add {missing}, or remove the block",
        )
    elif authentication.type is AuthenticationType.AH:
        message = f"({lines.name}) auth_type AH is not supported: the instance is not run"
        report.error(
            lines.authentication.type_word or place,
            "not-yet-supported",
            message,
            "write 'auth_type PASS' on all routers of this virtual router",
        )
    return authentication


def _tracked_interfaces(lines: InstanceLines, report: Report) -> tuple[TrackedInterface, ...]:
    tracked: list[TrackedInterface] = []
    for line in lines.track_interface:
        earlier = {interface.name for interface in tracked}
        found = read_tracked_interface(line, lines.interface, earlier, report)
        if found is not None:
            tracked.append(found)
    return tuple(tracked)
