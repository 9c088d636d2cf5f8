"""What the nodes' keepalived.conf files say of a virtual IP that is to be adopted.

Which file is whose: the member that has its ``unicast_src_ip`` (or ``mcast_src_ip``); else the one
whose name is in the file's name, or in its directory's, as ``test01.conf`` or
``test01/keepalived.conf``; else, if as many files as members are left, in their order, members by
name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from pydantic import SecretStr

from vipkeeper.keepalived import AuthenticationType as WrittenType
from vipkeeper.keepalived import Configuration, VrrpInstance
from vipkeeper.openstack.declaration.spec import (
    Address,
    Authentication,
    AuthenticationType,
    Mode,
    Vrrp,
)
from vipkeeper.openstack.declaration.spec_checks import of_password
from vipkeeper.openstack.plans.plan import Remark, blocker, note, warning
from vipkeeper.openstack.resources import Port

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class NodeFile:
    """Attributes: ``instance``: the one that has the virtual IP's address."""

    name: str
    instance: VrrpInstance


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """Attributes: ``of_port``: by the port's ID, each member's that is known."""

    files: tuple[NodeFile, ...] = ()
    of_port: Mapping[str, NodeFile] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()


def read(
    configurations: Mapping[str, Configuration], address: Address, members: Mapping[str, Port]
) -> NodeFiles:
    """The files of the members.

    Args:
        configurations: by the file's name.
        members: their ports, by the name that a person calls them.
    """
    files: list[NodeFile] = []
    remarks: list[Remark] = []
    for name, configuration in configurations.items():
        instance = next(
            (one for one in configuration.instances if address in _addresses(one)), None
        )
        if instance is None:
            remarks.append(_another_file(name, configuration, address))
        else:
            files.append(NodeFile(name, instance))
    if not files:
        return NodeFiles(remarks=tuple(remarks))
    of_port, more = _matched(files, members)
    remarks += more
    remarks += _strangers(files, members)
    return NodeFiles(tuple(files), of_port, tuple(remarks))


def agreed(files: Sequence[NodeFile]) -> tuple[Vrrp, tuple[Remark, ...]]:
    """How the nodes speak; where the files do not agree, as the first one says."""
    first = files[0].instance
    # Whether somebody takes the address back is decided by whoever is to have it.
    best = max(files, key=lambda one: one.instance.priority).instance
    remarks = [_disagreement(files, what, said) for what, said in _AGREED.items()]
    authentication, unfit = _authentication(files[0])
    vrrp = Vrrp.model_validate(
        {
            "version": first.version,
            "vrid": first.virtual_router_id,
            "authentication": authentication,
            "interval": first.advert_int_ns / SECOND_NS,
            "mode": Mode.UNICAST if first.unicast_peer else Mode.MULTICAST,
            "preempt": not best.nopreempt,
            "virtual_mac": first.virtual_mac is not None,
        }
    )
    return vrrp, tuple(one for one in (*remarks, unfit, _odd_mac(files)) if one)


def _addresses(instance: VrrpInstance) -> set[Address]:
    lines = (*instance.virtual_ipaddress, *instance.virtual_ipaddress_excluded)
    return {line.interface.ip for line in lines}


def _another_file(name: str, configuration: Configuration, address: Address) -> Remark:
    if configuration.refused:
        refused = ", ".join(configuration.refused)
        return blocker(
            "file-refused",
            f"{name} has no vrrp_instance with {address} that can be run, and {refused} is wrong",
            f"vipkeeper check {name}",
        )
    return blocker(
        "file-of-another",
        f"{name} has no vrrp_instance with {address}",
        "name the keepalived.conf of each member: --config FILE",
    )


def _matched(
    files: Sequence[NodeFile], members: Mapping[str, Port]
) -> tuple[dict[str, NodeFile], list[Remark]]:
    of_port: dict[str, NodeFile] = {}
    remarks: list[Remark] = []
    left: list[NodeFile] = []
    for file in files:
        label = _by_source(file, members) or _by_name(file, members)
        if label is None:
            left.append(file)
        elif members[label].id in of_port:
            earlier = of_port[members[label].id].name
            remarks.append(
                warning(
                    "file-twice",
                    f"{file.name} and {earlier} both seem to be {label}'s: {earlier} is taken",
                    "call each file by its member's name",
                )
            )
        else:
            of_port[members[label].id] = file
    unknown = sorted(label for label, port in members.items() if port.id not in of_port)
    if left and len(left) == len(unknown):
        pairs = list(zip(left, unknown, strict=True))
        of_port |= {members[label].id: file for file, label in pairs}
        said = ", ".join(f"{file.name} for {label}'s" for file, label in pairs)
        remarks.append(
            note(
                "files-in-order",
                f"no file says whose it is: {said} is taken, in their order",
                "call each file by its member's name, as test01.conf",
            )
        )
        return of_port, remarks
    remarks += [_of_nobody(file) for file in left]
    remarks += [_without_file(label) for label in unknown]
    return of_port, remarks


def _by_source(file: NodeFile, members: Mapping[str, Port]) -> str | None:
    sources = {file.instance.unicast_src_ip, file.instance.mcast_src_ip}
    return next(
        (
            label
            for label, port in members.items()
            if any(fixed.address in sources for fixed in port.fixed_ips)
        ),
        None,
    )


def _by_name(file: NodeFile, members: Mapping[str, Port]) -> str | None:
    """The longest name: ``web-1`` rather than ``web``."""
    path = PurePath(file.name)
    for part in (path.name, path.parent.name):
        named = [label for label in members if _stands_in(label, part)]
        if named:
            return max(named, key=len)
    return None


def _stands_in(label: str, text: str) -> bool:
    return bool(re.search(rf"(?<![A-Za-z0-9]){re.escape(label)}(?![A-Za-z0-9])", text))


def _of_nobody(file: NodeFile) -> Remark:
    return warning(
        "file-of-nobody",
        f"it is not known whose {file.name} is: its priority and its interface do not count",
        "call each file by its member's name, as test01.conf",
    )


def _without_file(label: str) -> Remark:
    return warning(
        "member-without-file",
        f"there is no file of {label}: its priority and its interface are guesses",
        "name its keepalived.conf as well: --config FILE; or write them into the spec",
    )


def _strangers(files: Sequence[NodeFile], members: Mapping[str, Port]) -> list[Remark]:
    """Who is spoken to, and could not hold the address (catalogue V02, V11)."""
    known = {fixed.address for port in members.values() for fixed in port.fixed_ips}
    spoken_to: dict[Address, str] = {}
    for file in files:
        for peer in file.instance.unicast_peer:
            spoken_to.setdefault(peer.address, file.name)
    return [
        warning(
            "peer-is-no-member",
            f"{peer} is a peer in {file}, and no port with a pair for the virtual IP has that "
            "address",
            "if it is a node: add it to the members, and vipkeeper vip apply",
        )
        for peer, file in spoken_to.items()
        if peer not in known
    ]


def _seconds(instance: VrrpInstance) -> str:
    return f"{instance.advert_int_ns / SECOND_NS:g} s"


def _authenticated(instance: VrrpInstance) -> str:
    """Two passwords are told apart, and neither is told."""
    known = instance.authentication
    return f"{known.type.name} {known.password!r}" if known else "none"


_AGREED: Mapping[str, Callable[[VrrpInstance], str]] = {
    "VRID": lambda one: str(one.virtual_router_id),
    "VRRP version": lambda one: str(one.version),
    "interval": _seconds,
    "authentication": _authenticated,
    "mode": lambda one: "unicast" if one.unicast_peer else "multicast",
    "nopreempt": lambda one: "yes" if one.nopreempt else "no",
    "use_vmac": lambda one: "yes" if one.virtual_mac else "no",
}


def _disagreement(
    files: Sequence[NodeFile], what: str, said: Callable[[VrrpInstance], str]
) -> Remark | None:
    if len({said(one.instance) for one in files}) == 1:
        return None
    if what == "authentication":
        values = ", ".join(one.name for one in files)
    else:
        values = ", ".join(f"{said(one.instance)} in {one.name}" for one in files)
    return warning(
        "files-disagree",
        f"the files do not agree on {what}: {values}",
        "see the spec, and give all nodes what vipkeeper vip render writes",
    )


def _authentication(file: NodeFile) -> tuple[Authentication | None, Remark | None]:
    known = file.instance.authentication
    if known is None:
        return None, None
    password = known.password.decode(errors="replace")
    kind = AuthenticationType.PASS if known.type is WrittenType.PASS else AuthenticationType.AH
    if not of_password(password):
        return Authentication(type=kind, password=SecretStr(password)), None
    return None, blocker(
        "password-unfit",
        f"the password in {file.name} has characters that a spec cannot hold",
        "give all nodes another one of at most 8 letters and digits first",
    )


def _odd_mac(files: Sequence[NodeFile]) -> Remark | None:
    for file in files:
        virtual_mac = file.instance.virtual_mac
        if virtual_mac and virtual_mac.mac:
            return warning(
                "virtual-mac-of-its-own",
                f"{file.name} has the virtual MAC {virtual_mac.mac}: a spec knows the one that "
                "goes with the VRID alone",
                "write use_vmac without a MAC on all nodes",
            )
    return None
