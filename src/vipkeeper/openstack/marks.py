"""How what belongs to a virtual IP is known again in the cloud: tags and descriptions.

Tags can be filtered by, and a single one can be added or taken without touching the others. A
description is there from the same request on that makes the thing: a creation that is cut off
before its tags are put leaves something that is known all the same.

============================  ==========================================================
on                            tags
============================  ==========================================================
the virtual IP's own ports    ``vipkeeper-vip``, ``vipkeeper:NAME``
a member's port               ``vipkeeper:NAME``, ``vipkeeper:NAME:priority=100``,
                              ``vipkeeper:NAME:if=eth0``, and what was put there by us:
                              ``vipkeeper:NAME:pair4``, ``...:pair6``, with a virtual MAC
                              ``...:vmac4``, ``...:vmac6``; IPv6: ``...:link6=VRID``, with a
                              virtual MAC ``...:vlink6=VRID``; and ``...:group=1a2b3c4d``, the
                              beginning of the ID of a group that is not of our making
group, floating IP            ``vipkeeper:NAME``
what was there before us      ``vipkeeper-adopted`` as well (VIP port, floating IP)
floating IP                   ``vipkeeper:NAME:led``: it was led to the VIP port by us
VIP port                      ``vipkeeper-server-group=ID``: a server group made for it
============================  ==========================================================

Server groups have neither tags nor descriptions, hence the last one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vipkeeper.openstack.declaration.spec import AuthenticationType, Family, Mode

VIP_PORT = "vipkeeper-vip"
ADOPTED = "vipkeeper-adopted"
GROUP = "group"
LED = "led"
_SERVER_GROUP = "vipkeeper-server-group="


def tag(name: str) -> str:
    """What everything that belongs to a virtual IP has."""
    return f"vipkeeper:{name}"


def member_tag(name: str, what: str) -> str:
    """What a member's port has besides: ``pair(4)``, ``group(ID)``, ``priority=100``."""
    return f"vipkeeper:{name}:{what}"


def pair(family: Family) -> str:
    """A pair of the VIP with the port's own MAC was put there by us."""
    return f"pair{family}"


def virtual_pair(family: Family) -> str:
    """Pairs of the VIP with virtual MACs were put there by us."""
    return f"vmac{family}"


def link_local_pair(vrid: int) -> str:
    """A pair of ``fe80::VRID`` with the port's own MAC was put there by us.

    Of which VRID: another virtual IP of the same members has one too.
    """
    return f"link6={vrid}"


def virtual_link_local_pair(vrid: int) -> str:
    """A pair of ``fe80::VRID`` with the virtual MAC was put there by us."""
    return f"vlink6={vrid}"


def group(id: str) -> str:
    """This group was put there by us, and it is not of our making.

    One of our making is known by itself. Eight digits of the ID, for a tag has 60 characters.
    """
    return f"{GROUP}={id[:8]}"


def server_group_tag(id: str) -> str:
    return f"{_SERVER_GROUP}{id}"


def server_group_of(tags: tuple[str, ...]) -> str | None:
    """The ID of the server group that was made with this VIP port."""
    found = (one.removeprefix(_SERVER_GROUP) for one in tags if one.startswith(_SERVER_GROUP))
    return next(found, None)


def member_value(tags: tuple[str, ...], name: str, key: str) -> str | None:
    """What a member's port says of ``key``, as ``priority``."""
    start = member_tag(name, f"{key}=")
    return next((one.removeprefix(start) for one in tags if one.startswith(start)), None)


def names(tags: tuple[str, ...]) -> tuple[str, ...]:
    """The virtual IPs that something belongs to."""
    found = (re.fullmatch(r"vipkeeper:([^:]+)", one) for one in tags)
    return tuple(match[1] for match in found if match)


def port_name(name: str, family: Family) -> str:
    """Of the virtual IP's own port of a family."""
    return f"{name}-vip" if family == 4 else f"{name}-vip6"


def group_name(name: str) -> str:
    """Of the virtual IP's security group, and of its server group."""
    return f"{name}-vip"


def description(name: str) -> str:
    """What is made for a virtual IP has it; see :func:`is_made_for`."""
    return f"vipkeeper vip={name}"


def is_made_for(name: str, text: str) -> bool:
    """Whether a description says that we made this for the virtual IP."""
    start = description(name)
    return text == start or text.startswith(f"{start} ")


@dataclass(frozen=True, slots=True)
class Record:
    """What the description of a VIP port says: what the nodes have to agree on.

    No secret: every member of the project can read it.

    Attributes:
        interval: seconds.
    """

    name: str
    family: Family
    version: int
    vrid: int
    interval: float
    mode: Mode
    preempt: bool
    virtual_mac: bool
    authentication: AuthenticationType | None

    def __str__(self) -> str:
        words = (
            description(self.name),
            f"family={self.family}",
            f"vrrp={self.version}",
            f"vrid={self.vrid}",
            f"interval={self.interval:g}",
            f"mode={self.mode}",
            f"preempt={'yes' if self.preempt else 'no'}",
            f"mac={'virtual' if self.virtual_mac else 'own'}",
            f"auth={self.authentication or 'none'}",
        )
        return " ".join(words)


def record(text: str) -> Record | None:
    """The record that a description holds; None where it is another text."""
    program, _, rest = text.partition(" ")
    if program != "vipkeeper":
        return None
    words = dict(word.partition("=")[::2] for word in rest.split(" "))
    try:
        return Record(
            name=words["vip"],
            family=6 if words["family"] == "6" else 4,
            version=int(words["vrrp"]),
            vrid=int(words["vrid"]),
            interval=float(words["interval"]),
            mode=Mode(words["mode"]),
            preempt=words["preempt"] == "yes",
            virtual_mac=words["mac"] == "virtual",
            authentication=None if words["auth"] == "none" else AuthenticationType(words["auth"]),
        )
    except (KeyError, ValueError):
        return None
