"""Whether a port can be adopted as a virtual IP's own, and which address is the virtual one."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import TypeAdapter, ValidationError

from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import LONGEST_NAME, Address, Name
from vipkeeper.openstack.found import Found
from vipkeeper.openstack.plans.ownership import device, label
from vipkeeper.openstack.plans.plan import Remark, blocker, warning
from vipkeeper.openstack.resources import Port


def address_of(port: Port, found: Found, name: str) -> tuple[Address | None, tuple[Remark, ...]]:
    """The address, None where the port cannot be adopted, and what is to be said."""
    remarks = [
        *_of_name(name, port, found),
        *_of_marks(port, name),
        *_of_device(port, found),
        *_of_network(port, found),
    ]
    addresses = [fixed.address for fixed in port.fixed_ips]
    first = min(addresses, key=lambda one: one.version, default=None)
    if first is None:
        remarks.append(
            blocker(
                "vip-port-without-address",
                f"port {label(port)} has no address",
                "name the port that holds the virtual IP's address",
            )
        )
    for family in (4, 6):
        of_family = [str(one) for one in addresses if one.version == family]
        if len(of_family) > 1:
            remarks.append(
                blocker(
                    "several-addresses",
                    f"port {label(port)} has {len(of_family)} IPv{family} addresses: "
                    + ", ".join(of_family),
                    "take away those that nobody uses: openstack port unset --fixed-ip "
                    f"subnet=SUBNET,ip-address=ADDRESS {port.id}",
                )
            )
    remarks += [_other_family(one) for one in addresses if first and one.version != first.version]
    blocked = any(one.code not in _NO_BLOCKERS for one in remarks)
    return None if blocked else first, tuple(remarks)


def too_few(members: Collection[str], port: Port, address: Address) -> tuple[Remark, ...]:
    """A virtual IP has two members or more."""
    if len(members) > 1:
        return ()
    code = "only-one-member" if members else "no-members"
    who = f"only {next(iter(members))} has" if members else "no port of its network has"
    return (
        blocker(
            code,
            f"{who} an allowed address pair for {address}: nobody else could hold it",
            f"put it on the port of each node: openstack port set --allowed-address "
            f"ip-address={address} PORT; and if {label(port)} is no virtual IP, name another port",
        ),
    )


_NO_BLOCKERS = frozenset(("other-family-unmanaged",))


def _of_name(name: str, port: Port, found: Found) -> list[Remark]:
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        words = f"{name!r} is no name of at most {LONGEST_NAME} letters, digits, '.', '_' and '-'"
        return [blocker("bad-name", words, "give another one: --name NAME")]
    holders = [one for one in found.neighbours if one.id != port.id and name in _names(one)]
    if not holders:
        return []
    words = f"there is a virtual IP {name} already: its port is {label(holders[0])}"
    return [blocker("name-taken", words, "give another one: --name NAME")]


def _names(port: Port) -> tuple[str, ...]:
    record = marks.record(port.description)
    return (*marks.names(port.tags), *((record.name,) if record else ()))


def _of_marks(port: Port, name: str) -> list[Remark]:
    """An adoption of the same name that was cut off before its last step may go on."""
    record = marks.record(port.description)
    others = [one for one in _names(port) if one != name]
    if record is None and not others:
        return []
    known = record.name if record else others[0]
    return [
        blocker(
            "already-managed",
            f"port {label(port)} is managed already, as the virtual IP {known}",
            f"vipkeeper vip show {known}",
        )
    ]


def _of_device(port: Port, found: Found) -> list[Remark]:
    if port.device_owner.startswith("network:"):
        words = f"port {label(port)} is the network's own ({port.device_owner}), no virtual IP's"
        return [blocker("port-of-the-network", words, "name the port that holds the virtual IP")]
    if not port.device_id:
        return []
    return [
        blocker(
            "vip-port-bound",
            f"port {label(port)} is bound to {device(port, found.servers)}: a virtual IP's port is "
            "bound to no server",
            f"openstack server remove port {port.device_id} {port.id}",
        )
    ]


def _of_network(port: Port, found: Found) -> list[Remark]:
    network = next((one for one in found.networks if one.id == port.network_id), None)
    if network is None or not network.external:
        return []
    return [
        blocker(
            "external-network",
            f"port {label(port)} is in the external network {network.name or network.id}: a "
            "virtual IP is in a network of the project's, and a floating IP leads to it",
            "name a port in the members' network",
        )
    ]


def _other_family(address: Address) -> Remark:
    return warning(
        "other-family-unmanaged",
        f"{address} is on the same port and is left as it is: a virtual IP has a port of its own "
        "for each family",
        "make another port for it, and adopt that one by another name",
    )
