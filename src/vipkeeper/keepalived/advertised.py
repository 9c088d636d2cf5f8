"""Which of an instance's addresses its adverts carry, and whether they can be moved at all."""

from __future__ import annotations

from vipkeeper.keepalived.addresses import AddressLine
from vipkeeper.keepalived.instances import InstanceLines
from vipkeeper.keepalived.report import Report

# The Count IPvX Addr field is one byte (RFC 9568 5.2.5).
MOST_ADVERTISED = 255


def one_family(lines: InstanceLines, report: Report) -> tuple[int, list[AddressLine]]:
    """The IP version of the adverts, which is that of the first address, and its addresses."""
    if not lines.virtual_ipaddress:
        report.warning(
            lines.places.get("virtual_ipaddress", lines.statement).words[-1],
            "no-virtual-address",
            f"({lines.name}) No VIP specified; at least one is sensible",
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
    if len(advertised) > MOST_ADVERTISED:
        report.warning(
            advertised[MOST_ADVERTISED].statement.words[0],
            "too-many-addresses",
            f"({lines.name}) an advert holds {MOST_ADVERTISED} addresses:"
            " this and the following are treated as virtual_ipaddress_excluded",
        )
    kept, moved = advertised[:MOST_ADVERTISED], advertised[MOST_ADVERTISED:]
    return kept, moved + lines.virtual_ipaddress_excluded


def check_addresses(lines: InstanceLines, addresses: list[AddressLine], report: Report) -> None:
    seen: set[object] = set()
    for line in addresses:
        word = line.statement.words[0]
        key = (line.interface.ip, line.device.value if line.device else lines.interface)
        if key in seen:
            message = f"({lines.name}) {line.interface.ip} is given twice"
            report.warning(word, "duplicate-address", message, "remove one of the two lines")
        seen.add(key)
        if line.interface.version == 6:
            message = "IPv6 addresses are not supported yet: the instance is not run"
            report.error(word, "not-yet-supported", message)
        if line.peer is not None:
            message = "'peer' is not supported yet: the instance is not run"
            report.error(word, "not-yet-supported", message)
        if "use_vmac" in line.flags:
            message = "'use_vmac' is not supported yet: the instance is not run"
            report.error(word, "not-yet-supported", message)
        for flag in sorted(line.flags - {"use_vmac"}):
            message = f"'{flag}' has no effect yet: the address is set without it"
            report.warning(word, "not-yet-supported", message)
        if line.preferred_lft is not None and line.interface.version == 4:
            message = "'preferred_lft' has no effect yet: the address is set without it"
            report.warning(word, "not-yet-supported", message)
