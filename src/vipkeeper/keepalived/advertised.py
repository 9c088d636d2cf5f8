"""Which of an instance's addresses its adverts carry, and whether they can be moved at all."""

from __future__ import annotations

from vipkeeper.keepalived.addresses import AddressLine
from vipkeeper.keepalived.instances import InstanceLines
from vipkeeper.keepalived.report import Report

# The Count IPvX Addr field is one byte (RFC 9568 5.2.5); 90 IPv6 addresses fit into a packet of
# 1500 bytes, after its header of 40 and VRRP's of 8.
MOST_ADVERTISED = {4: 255, 6: 90}


# Every IPv6 address is set without duplicate detection (RFC 9568 8.2.2).
CARRIED_OUT = frozenset({"use_vmac", "-nodad"})


def one_family(lines: InstanceLines, report: Report) -> tuple[int, list[AddressLine]]:
    """The IP version of the adverts, which is that of the first address, and its addresses."""
    if not lines.virtual_ipaddress:
        report.error(
            lines.places.get("virtual_ipaddress", lines.statement).words[-1],
            "no-virtual-address",
            f"({lines.name}) No VIP specified; at least one is required",
            "virtual_ipaddress { ADDRESS/PREFIX }",
        )
        source = lines.mcast_src_ip or lines.unicast_src_ip
        return (source.version if source else 4), []
    family = lines.virtual_ipaddress[0].interface.version
    matching = []
    for line in lines.virtual_ipaddress:
        if line.interface.version == family:
            matching.append(line)
        else:
            report.warning(
                line.statement.words[0],
                "mixed-families",
                f"({lines.name}): address family must match VRRP instance"
                f" [{line.statement.keyword}] - ignoring",
                "put it into virtual_ipaddress_excluded, or into an instance of its own",
            )
    return family, matching


def within_one_advert(
    advertised: list[AddressLine], lines: InstanceLines, report: Report
) -> tuple[list[AddressLine], list[AddressLine]]:
    """What goes into the adverts, and what is only set on the interface."""
    most = MOST_ADVERTISED[advertised[0].interface.version] if advertised else 0
    if len(advertised) > most:
        report.warning(
            advertised[most].statement.words[0],
            "too-many-addresses",
            f"({lines.name}) an advert holds {most} addresses:"
            " this and the following are treated as virtual_ipaddress_excluded",
        )
    kept, moved = advertised[:most], advertised[most:]
    return kept, moved + lines.virtual_ipaddress_excluded


def check_first_is_link_local(
    lines: InstanceLines, advertised: list[AddressLine], report: Report
) -> None:
    """RFC 9568 5.2.9 (erratum 8300); keepalived sends what is written, Arista's EOS ignores it."""
    if not advertised or advertised[0].interface.version == 4:
        return
    if not advertised[0].interface.ip.is_link_local:
        report.warning(
            advertised[0].statement.words[0],
            "first-not-link-local",
            f"({lines.name}) the first IPv6 address of an advert should be link-local:"
            " some routers ignore adverts where it is not",
            f"begin with one, as fe80::{lines.virtual_router_id or 1:x}/64",
        )


def check_addresses(lines: InstanceLines, addresses: list[AddressLine], report: Report) -> None:
    seen: set[object] = set()
    for line in addresses:
        word = line.statement.words[0]
        key = (line.interface.ip, line.device.value if line.device else lines.interface)
        if key in seen:
            message = f"({lines.name}) {line.interface.ip} is given twice"
            report.warning(word, "duplicate-address", message, "remove one of the two lines")
        seen.add(key)
        if line.peer is not None:
            message = "'peer' is not supported yet: the instance is not run"
            report.error(word, "not-yet-supported", message)
        if "use_vmac" in line.flags:
            message = "'use_vmac' is not supported yet: the instance is not run"
            report.error(word, "not-yet-supported", message)
        for flag in sorted(line.flags - CARRIED_OUT):
            message = f"'{flag}' has no effect yet: the address is set without it"
            report.warning(word, "not-yet-supported", message)
