"""A keepalived.conf as values: every default resolved, every unit named.

Reading :class:`VrrpInstance` needs no knowledge of keepalived's defaults: a field holds what is in
force, after instance over global_defs over the built-in value. Durations are nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface

SECOND_NS = 1_000_000_000

MULTICAST_GROUP_4 = IPv4Address("224.0.0.18")  # RFC 9568 5.1.1.2
MULTICAST_GROUP_6 = IPv6Address("ff02::12")  # RFC 9568 5.1.2.2


class AuthenticationType(Enum):
    """The values are those of the packet's Auth Type field (RFC 2338 5.3.6)."""

    PASS = 1
    AH = 2


@dataclass(frozen=True, slots=True)
class Authentication:
    """``password``: at most 8 bytes, not padded."""

    type: AuthenticationType
    password: bytes


@dataclass(frozen=True, slots=True)
class VirtualAddress:
    """One line of virtual_ipaddress.

    Attributes:
        interface: the address with its prefix length.
        device: the interface that carries it; the instance's own where the line names none.
        broadcast: what to set as broadcast address; None sets none.
        scope: rtnetlink's number (0 global, 200 site, 253 link, 254 host, 255 nowhere).
        preferred_lft: seconds; None is forever.
    """

    interface: IPv4Interface | IPv6Interface
    device: str
    broadcast: IPv4Address | None = None
    label: str = ""
    scope: int = 0
    peer: IPv4Interface | IPv6Interface | None = None
    no_track: bool = False
    flags: frozenset[str] = frozenset()
    preferred_lft: int | None = None


@dataclass(frozen=True, slots=True)
class GarpSettings:
    """When to send how many gratuitous ARPs (or unsolicited Neighbor Advertisements).

    Attributes:
        master_delay_ns: from becoming MASTER to the second burst; 0 means no second burst.
        master_repeat: packets in each of these bursts.
        master_refresh_ns: period of the refresh as MASTER; 0 means none.
        lower_prio_delay_ns, lower_prio_repeat: the same after an advert of a lower priority.
        interval_ns: least time between two gratuitous ARPs on one interface.
        gna_interval_ns: the same for Neighbor Advertisements.
    """

    master_delay_ns: int = 5 * SECOND_NS
    master_repeat: int = 5
    master_refresh_ns: int = 0
    master_refresh_repeat: int = 1
    lower_prio_delay_ns: int = 5 * SECOND_NS
    lower_prio_repeat: int = 5
    interval_ns: int = 0
    gna_interval_ns: int = 0


@dataclass(frozen=True, slots=True)
class TrackedInterface:
    """``weight`` 0: the instance goes to FAULT when the interface is down."""

    name: str
    weight: int = 0
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class TrackedScript:
    """``weight`` None: the weight of the script's own definition."""

    name: str
    weight: int | None = None
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments; ``user`` and ``group`` empty where the file names none."""

    argv: tuple[str, ...]
    user: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class NotifyCommands:
    """``any`` is called at every change, with INSTANCE NAME STATE PRIORITY appended."""

    master: Command | None = None
    backup: Command | None = None
    fault: Command | None = None
    stop: Command | None = None
    deleted: Command | None = None
    master_rx_lower_priority: Command | None = None
    any: Command | None = None


@dataclass(frozen=True, slots=True)
class UnicastPeer:
    """Another router that adverts are sent to; the TTL of its own must be in these bounds."""

    address: IPv4Address | IPv6Address
    min_ttl: int = 0
    max_ttl: int = 255


@dataclass(frozen=True, slots=True)
class VirtualMac:
    """An interface of its own for the virtual addresses, with a MAC address of its own.

    Attributes:
        interface: its name.
        mac: as 02:00:5e:10:00:01; empty for the one that goes with the VRID (RFC 9568 7.3).
        transmit_on_base: adverts leave from the instance's interface, with that one's MAC address.
    """

    interface: str
    mac: str = ""
    transmit_on_base: bool = False


@dataclass(frozen=True, slots=True)
class VrrpInstance:
    """One virtual router on one interface.

    Attributes:
        state: "MASTER" or "BACKUP", what the file calls the initial state.
        priority: 255 where the file says MASTER and no priority, as keepalived has it.
        version: VRRP version, 2 or 3.
        family: IP version of the adverts, 4 or 6.
        nopreempt, preempt_delay_ns: already cleared where ``state`` is MASTER.
        down_timer_adverts: lost adverts after which the master counts as gone.
        mcast_src_ip, unicast_src_ip: source of the adverts, the second with peers only; None is
            the interface's primary address.
        track_src_ip: FAULT while the machine does not have that source.
        multicast_group: destination of the adverts where there are no peers.
        unicast_ttl: of the adverts that go to peers.
        check_unicast_src: only what a listed peer sends is heard.
        unicast_fault_no_peer: FAULT where a unicast keyword is given and no peer.
        discard_address_mismatch: an advert with other addresses than ours is discarded, unless an
            owner sent it.
        checksum_as_v2: the checksum of VRRPv3 over IPv4 covers the message alone.
        virtual_mac: of use_vmac; None without.
        strict_mode, use_ipvlan: as written.
    """

    name: str
    interface: str
    virtual_router_id: int
    state: str = "BACKUP"
    priority: int = 100
    advert_int_ns: int = SECOND_NS
    version: int = 2
    family: int = 4
    authentication: Authentication | None = None
    virtual_ipaddress: tuple[VirtualAddress, ...] = ()
    virtual_ipaddress_excluded: tuple[VirtualAddress, ...] = ()
    nopreempt: bool = False
    preempt_delay_ns: int = 0
    garp: GarpSettings = GarpSettings()
    lower_prio_no_advert: bool = False
    higher_prio_send_advert: bool | None = None
    skip_check_adv_addr: bool = False
    down_timer_adverts: int = 3
    dont_track_primary: bool = False
    track_interface: tuple[TrackedInterface, ...] = ()
    track_script: tuple[TrackedScript, ...] = ()
    notify: NotifyCommands = NotifyCommands()
    accept: bool = True
    strict_mode: bool = False
    virtual_mac: VirtualMac | None = None
    use_ipvlan: bool = False
    mcast_src_ip: IPv4Address | IPv6Address | None = None
    unicast_src_ip: IPv4Address | IPv6Address | None = None
    unicast_peer: tuple[UnicastPeer, ...] = ()
    unicast_ttl: int = 255
    check_unicast_src: bool = False
    track_src_ip: bool = False
    owner_ignore_adverts: bool = False
    discard_address_mismatch: bool = False
    checksum_as_v2: bool = False
    multicast_group: IPv4Address | IPv6Address = MULTICAST_GROUP_4


@dataclass(frozen=True, slots=True)
class GlobalDefs:
    """What global_defs says, where an instance does not say otherwise.

    Attributes:
        router_id: a label; empty where the file gives none (keepalived then uses the host's name).
        startup_delay_ns: time after start in which no instance may become MASTER.
        script_user, script_group: who runs scripts that do not say so themselves.
    """

    router_id: str = ""
    vrrp_version: int = 2
    multicast_group_4: IPv4Address = MULTICAST_GROUP_4
    multicast_group_6: IPv6Address = MULTICAST_GROUP_6
    garp: GarpSettings = GarpSettings()
    lower_prio_no_advert: bool = False
    higher_prio_send_advert: bool | None = None
    skip_check_adv_addr: bool = False
    down_timer_adverts: int = 3
    strict: bool = False
    owner_ignore_adverts: bool = False
    checksum_as_v2: bool = False
    check_unicast_src: bool = False
    startup_delay_ns: int = 0
    script_user: str = ""
    script_group: str = ""
    enable_script_security: bool = False
    dynamic_interfaces: bool = False
    vmac_prefix: str = "vrrp"


@dataclass(frozen=True, slots=True)
class VrrpScript:
    name: str
    command: Command
    interval_ns: int = SECOND_NS
    timeout_ns: int = SECOND_NS
    weight: int = 0
    reverse: bool = False
    rise: int = 1
    fall: int = 1
    init_fail: bool = False


@dataclass(frozen=True, slots=True)
class SyncGroup:
    name: str
    members: tuple[str, ...]
    notify: NotifyCommands = NotifyCommands()


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that the files say and that can be run.

    Attributes:
        instances: those without an error, in the order of the file.
        refused: names of the instances that an error keeps from running.
    """

    global_defs: GlobalDefs = GlobalDefs()
    instances: tuple[VrrpInstance, ...] = ()
    refused: tuple[str, ...] = ()
    vrrp_scripts: tuple[VrrpScript, ...] = ()
    sync_groups: tuple[SyncGroup, ...] = ()
