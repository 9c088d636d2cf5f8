"""The steps of a plan: each one change of the cloud, as a value.

A step may need what an earlier one of the same plan makes, whose ID nobody knows yet. It says
:data:`MADE` there, or a family whose VIP port is meant; who carries the steps out knows by then
(:class:`Made`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from vipkeeper.openstack.declaration.spec import Address, Family
from vipkeeper.openstack.resources import AddressPair, Rule

MADE: Final = "(made)"
"""Instead of the ID of the security group that this plan makes."""


@dataclass(slots=True)
class Made:
    """What the steps so far have made, or found there: IDs, and the VIP's addresses."""

    group: str = ""
    ports: dict[Family, str] = field(default_factory=dict)
    addresses: dict[Family, Address] = field(default_factory=dict)
    server_group: str = ""


@dataclass(frozen=True, slots=True)
class CreateGroup:
    name: str
    description: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CreateRule:
    """Attributes: ``group``: an ID or MADE; so is the rule's remote group."""

    group: str
    group_name: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class CreateServerGroup:
    name: str
    policy: str


@dataclass(frozen=True, slots=True)
class CreatePort:
    """The virtual IP's own port of one family, bound to nothing.

    Attributes:
        address: None: the cloud chooses one of the subnet's.
        groups: IDs, or MADE.
        tags: put after it has been made; a server group that was made adds its own.
    """

    family: Family
    name: str
    network_id: str
    subnet_id: str
    address: Address | None
    groups: tuple[str, ...]
    description: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VipPair:
    """A pair with the VIP's address of a family; ``mac_address`` None: the port's own."""

    family: Family
    mac_address: str | None = None


@dataclass(frozen=True, slots=True)
class ChangePort:
    """Merges something into a port, or takes it away; whatever else it has stays.

    Tags come first and go last: what was put there is known even if the way ends in the middle.

    Attributes:
        label: what a person calls the port, as ``port of test01`` or ``port web-vip``.
        add_pairs: of the VIP, or as they stand.
        add_groups: IDs, or MADE.
        description: None: as it is.
    """

    port_id: str
    label: str
    add_pairs: tuple[VipPair | AddressPair, ...] = ()
    remove_pairs: tuple[AddressPair, ...] = ()
    add_groups: tuple[str, ...] = ()
    remove_groups: tuple[str, ...] = ()
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    description: str | None = None


@dataclass(frozen=True, slots=True)
class CreateFloatingIp:
    """Attributes: ``family``: of the VIP port that it leads to; ``address``: None: any."""

    network_id: str
    network_name: str
    address: Address | None
    description: str
    tags: tuple[str, ...]
    family: Family = 4


@dataclass(frozen=True, slots=True)
class ChangeFloatingIp:
    """Attributes: ``lead_to``: the family of a VIP port; None: as it is; "nowhere"."""

    id: str
    address: str
    lead_to: Family | str | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Tags alone: rules are steps of their own."""

    id: str
    name: str
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """Attributes: ``kind``: port, floating IP, security group, rule or server group."""

    kind: str
    id: str
    label: str
    why: str = ""


Step = (
    CreateGroup
    | CreateRule
    | CreateServerGroup
    | CreatePort
    | ChangePort
    | CreateFloatingIp
    | ChangeFloatingIp
    | ChangeGroup
    | Delete
)
