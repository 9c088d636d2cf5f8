"""What a run is about: hosts, settings, delays and faults, all drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_interface
from random import Random

from vipkeeper.daemon.settings import InstanceSettings, TrackedInterface, VirtualAddress
from vipkeeper.simulate import faults
from vipkeeper.simulate.faults import Fault, host_name
from vipkeeper.vrrp.advertisement import ChecksumForm
from vipkeeper.vrrp.announcement import AnnouncementSettings
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.router import Peer

INTERFACE, UPLINK = "eth0", "eth1"
"""Where the routers run, and what they may track."""

MILLISECOND, SECOND = 1_000_000, 1_000_000_000
_V2_INTERVALS = (SECOND, SECOND, SECOND, 2 * SECOND, 3 * SECOND, 10 * SECOND)
_V3_INTERVALS = tuple(
    cs * 10 * MILLISECOND for cs in (1, 5, 10, 25, 50, 100, 100, 100, 200, 300, 500, 4095)
)
_PRIORITIES = (1, 50, 99, 100, 100, 101, 150, 200, 253, 254)
_MOST_DELAY_NS = 5 * MILLISECOND
_FAULTY_INTERVALS = (20, 90)


class Special(Enum):
    """What is out of the ordinary in a run, and has an exception in a checker."""

    NOTHING = "nothing"
    TWINS = "two routers have one priority and one address"
    STRANGER = "one router speaks another version"
    OWNER = "one router owns the addresses"


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One host.

    Attributes:
        addresses: what its interface has of its own, first IPv4, then IPv6.
        starts_at_ns: when its daemon starts first.
        send_fails: without a link the kernel refuses to send, instead of losing it silently.
    """

    number: int
    addresses: tuple[Address, ...]
    settings: tuple[InstanceSettings, ...]
    starts_at_ns: int
    send_fails: bool

    @property
    def name(self) -> str:
        return host_name(self.number)

    @property
    def mac(self) -> bytes:
        return bytes((0x02, 0, 0, 0, 0, self.number))


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run.

    Attributes:
        delay_ns: the shortest and the longest time that an undisturbed advert takes.
        lateness_ns: how late a timer may be served.
        heals_at_ns: when all faults are over.
        segments: the hosts that hear each other then.
    """

    seed: int
    special: Special
    hosts: tuple[HostPlan, ...]
    delay_ns: tuple[int, int]
    lateness_ns: int
    faults: tuple[Fault, ...]
    heals_at_ns: int
    segments: tuple[tuple[int, ...], ...]

    def lines(self) -> list[str]:
        """For a person."""
        routers = [
            f"  {host.name} {_in_words(settings)}"
            for host in self.hosts
            for settings in host.settings
        ]
        segments = " | ".join(" ".join(map(host_name, hosts)) for hosts in self.segments)
        return [
            f"seed {self.seed}: {len(self.hosts)} hosts; special: {self.special.value}",
            f"  adverts take {self.delay_ns[0] / 1e6:g} to {self.delay_ns[1] / 1e6:g} ms,"
            f" timers are up to {self.lateness_ns / 1e6:g} ms late",
            *routers,
            *(f"  {fault}" for fault in self.faults),
            f"  {self.heals_at_ns / 1e9:.6f} s: all is healed; segments: {segments}",
        ]


def _in_words(settings: InstanceSettings) -> str:
    default = InstanceSettings(
        settings.name, INTERFACE, settings.vrid, 2, 4, 100, SECOND, settings.addresses
    )
    plain, usual = settings.to_plain(), default.to_plain()
    different = [
        f"{name}={value}"
        for name, value in plain.items()
        if value != usual[name] and name not in ("addresses", "announcements", "tracked", "peers")
    ]
    different += [f"tracks {item.name} weight {item.weight}" for item in settings.tracked]
    different += [f"unicast to {len(settings.peers)} peers"] if settings.peers else []
    addresses = ",".join(str(item.address) for item in settings.addresses)
    return f"{settings.name} VRID {settings.vrid} {addresses}: {', '.join(different) or 'defaults'}"


# -- drawing one ---------------------------------------------------------------------------------


def draw(seed: int) -> Scenario:
    """The scenario of a seed; the same on every machine."""
    random = Random(seed)  # noqa: S311 - it must be the same again
    count = random.choice((2, 2, 3, 3, 3, 4, 5))
    special = random.choice((*[Special.NOTHING] * 7, *Special))
    addresses = _host_addresses(count, special)
    networks = [
        _virtual_router(random, special, addresses, name="VI_1", vrid=random.randint(1, 255))
    ]
    if random.random() < 0.25:
        vrid = networks[0][0].vrid
        other = _virtual_router(random, Special.NOTHING, addresses, name="VI_2", vrid=vrid)
        if other[0].family == networks[0][0].family:
            addresses_of_its_own = _virtual_addresses(random, other[0].family, 2)
            other = [
                replace(settings, vrid=vrid % 255 + 1, addresses=addresses_of_its_own)
                for settings in other
            ]
        if _are_of_one_pace(networks[0], other):
            networks.append(other)
    longest = max(
        settings.advertisement_interval_ns for network in networks for settings in network
    )
    faulty_ns = longest * random.randint(*_FAULTY_INTERVALS)
    hosts = tuple(
        HostPlan(
            number=number,
            addresses=addresses[number],
            settings=tuple(network[number] for network in networks),
            starts_at_ns=random.randrange(longest * random.choice((1, 1, 6))),
            send_fails=random.random() < 0.5,
        )
        for number in range(count)
    )
    lateness_ns, delay_ns = _delays(random, networks)
    return Scenario(
        seed=seed,
        special=special,
        hosts=hosts,
        delay_ns=delay_ns,
        lateness_ns=lateness_ns,
        faults=faults.draw(random, count, longest, faulty_ns),
        heals_at_ns=faulty_ns + 6 * longest,
        segments=_segments(random, count),
    )


def _are_of_one_pace(*networks: list[InstanceSettings]) -> bool:
    """A run lasts so many intervals of the slowest; the fastest is not to fill it with adverts."""
    intervals = [settings.advertisement_interval_ns for network in networks for settings in network]
    return max(intervals) <= 10 * min(intervals)


def _host_addresses(count: int, special: Special) -> list[tuple[Address, ...]]:
    """Not in the order of the hosts' numbers; twins are the first two."""
    last = [(17 + 61 * number) % 200 for number in range(count)]
    if special is Special.TWINS:
        last[1] = last[0]
    return [(IPv4Address(f"192.0.2.{n}"), IPv6Address(f"fe80::{n:x}")) for n in last]


def _virtual_router(
    random: Random,
    special: Special,
    addresses: list[tuple[Address, ...]],
    *,
    name: str,
    vrid: int,
) -> list[InstanceSettings]:
    """The settings of one virtual router on each host."""
    version = 2 if special is not Special.STRANGER and random.random() < 0.45 else 3
    family = 6 if version == 3 and special is not Special.STRANGER and random.random() < 0.4 else 4
    # A stranger's interval is a second at least: the others' is not to be much shorter.
    short = version == 3 and special is not Special.STRANGER
    interval = random.choice(_V3_INTERVALS if short else _V2_INTERVALS)
    preempt = random.choice((True, True, False, None))
    common = InstanceSettings(
        name=name,
        interface=INTERFACE,
        vrid=vrid,
        version=version,
        family=family,
        priority=100,
        advertisement_interval_ns=interval,
        addresses=_virtual_addresses(random, family),
        password=random.choice((None, "secret")) if version == 2 else None,
        down_interval_adverts=random.choice((1, 2, 3, 3, 3, 3, 5)),
        announcements=AnnouncementSettings(repeat=1, lower_prio_repeat=1, delay_ns=0),
        checksum_form=random.choice((None, ChecksumForm.MESSAGE)) if family == 4 else None,
    )
    mixed = version == 3 and interval <= 5 * SECOND and random.random() < 0.3
    routers = []
    for _ in addresses:
        settings = replace(
            common,
            priority=random.choice(_PRIORITIES),
            preempt=random.random() < 0.5 if preempt is None else preempt,
            preempt_delay_ns=random.choice((0, 0, 0, interval // 2, 7 * interval)),
            answer_losing_adverts=random.random() < 0.8,
            advertise_before_yielding=random.random() < 0.3,
            advertisement_interval_ns=interval * random.choice((1, 2, 5)) if mixed else interval,
            tracked=random.choice(((), (TrackedInterface(UPLINK, -random.randint(1, 253)),))),
        )
        routers.append(settings)
    routers = _with_peers(random, routers, addresses)
    return _with_special(random, routers, special, addresses)


def _virtual_addresses(random: Random, family: int, number: int = 1) -> tuple[VirtualAddress, ...]:
    """One or two; those of another virtual router on the same hosts are others."""
    texts = (
        (f"192.0.2.25{number}/24", f"198.51.100.{number}/32")
        if family == 4
        else (f"fe80::ffff:{number}/64", f"2001:db8::{number}/64")
    )
    count = random.choice((1, 1, 2))
    return tuple(VirtualAddress(ip_interface(text), INTERFACE) for text in texts[:count])


def _with_peers(
    random: Random, routers: list[InstanceSettings], addresses: list[tuple[Address, ...]]
) -> list[InstanceSettings]:
    if random.random() >= 0.2 or len(set(addresses)) < len(addresses):
        return routers
    only = random.random() < 0.5
    which = 0 if routers[0].family == 4 else 1
    return [
        replace(
            settings,
            peers=tuple(
                Peer(other[which]) for other in addresses if other is not addresses[number]
            ),
            peers_only=only,
        )
        for number, settings in enumerate(routers)
    ]


def _with_special(
    random: Random,
    routers: list[InstanceSettings],
    special: Special,
    addresses: list[tuple[Address, ...]],
) -> list[InstanceSettings]:
    first, second, *others = routers
    match special:
        case Special.TWINS:
            second = replace(second, priority=first.priority)
            same = {"tracked": (), "advertisement_interval_ns": first.advertisement_interval_ns}
            first, second = replace(first, **same), replace(second, **same)  # type: ignore[arg-type]
        case Special.STRANGER:
            interval = -(-first.advertisement_interval_ns // SECOND) * SECOND
            first = replace(first, version=2, advertisement_interval_ns=interval, peers=())
        case Special.OWNER:
            first = replace(
                first,
                priority=255,
                owner_starts_active=random.random() < 0.5,
                owner_ignores_adverts=random.random() < 0.5,
            )
    return [first, second, *others]


def _delays(random: Random, networks: list[list[InstanceSettings]]) -> tuple[int, tuple[int, int]]:
    """Lateness and delay, so small that no Backup takes a late advert for a missing one.

    Between two adverts that a Backup hears pass up to I + lateness + delay, and it waits for
    down_interval_adverts * I + Skew_Time: half of the difference is left to each of the two.
    """
    slack = min(
        (settings.down_interval_adverts - 1) * settings.advertisement_interval_ns
        + (256 - settings.priority)
        * (settings.advertisement_interval_ns if settings.version == 3 else SECOND)
        // 256
        for network in networks
        for settings in network
    )
    most = min(slack // 3, _MOST_DELAY_NS)
    longest = random.randint(most // 10, most)
    return random.randint(0, most), (random.randint(longest // 10, longest), longest)


def _segments(random: Random, count: int) -> tuple[tuple[int, ...], ...]:
    hosts = tuple(range(count))
    if random.random() < 0.85:
        return (hosts,)
    border = random.randint(1, count - 1)
    return hosts[:border], hosts[border:]
