"""One packet for each thing that can be wrong with an advert, and the counter that tells it.

The same packets are given to instances in virtual time, and sent to a daemon on the real kernel;
:data:`CONFIGURATION` is the file that either of them runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_address

from tests.keepalived.memory import loaded
from vipkeeper.daemon import translation
from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.linux.ip_packet import ip_packet
from vipkeeper.vrrp.advertisement import (
    AUTHENTICATION_SIMPLE,
    GROUPS,
    Advertisement,
    ChecksumForm,
    encode,
    internet_checksum,
)
from vipkeeper.vrrp.datagram import Address, Datagram
from vipkeeper.vrrp.version import VRRPV2, VRRPV3, Family, Version

OURS = ip_address("192.168.100.131")
THEIRS = ip_address("192.168.100.67")
STRANGER = ip_address("192.168.100.68")
OUR_LINK_LOCAL, THEIR_LINK_LOCAL = ip_address("fe80::131"), ip_address("fe80::67")
GROUP, GROUP6 = GROUPS[Family.IPV4], GROUPS[Family.IPV6]
OTHER = ip_address("192.168.100.99")

PLAIN, VERSION_3, IPV6, OWNER, DEAF, STRICT, UNICAST, UNKNOWN = 51, 52, 53, 54, 55, 56, 57, 99
VIPS: dict[int, tuple[str, ...]] = {
    PLAIN: ("192.168.100.196",),
    VERSION_3: ("192.168.100.197",),
    IPV6: ("fe80::53:1", "2001:db8::53"),
    OWNER: (str(OURS),),
    DEAF: ("192.168.100.132",),
    STRICT: ("192.168.100.198",),
    UNICAST: ("192.168.100.199",),
}
BODIES = {
    PLAIN: "authentication {\n auth_type PASS\n auth_pass password\n }",
    VERSION_3: "version 3",
    IPV6: "",
    OWNER: "state MASTER\n priority 255",
    DEAF: "state MASTER\n priority 255\n owner_ignore_adverts",
    STRICT: "strict_mode on",
    UNICAST: f"unicast_src_ip {OURS}\n unicast_peer {{\n {THEIRS}\n }}\n check_unicast_src",
}
CONFIGURATION = "".join(
    f"""
vrrp_instance VI_{vrid} {{
    interface eth0
    virtual_router_id {vrid}
    virtual_ipaddress {{
        {" ".join(f"{address}/{64 if ':' in address else 24}" for address in addresses)}
    }}
    {BODIES[vrid]}
}}
""".replace("/64 ", "/64\n        ")
    for vrid, addresses in VIPS.items()
)


def settings() -> dict[int, InstanceSettings]:
    """By VRID, as the daemon has them from the file."""
    return {item.vrid: item for item in translation.instances(loaded(CONFIGURATION).configuration)}


@dataclass(frozen=True)
class OddPacket:
    """A packet, and what follows from it.

    Attributes:
        vrid: the virtual router that it is for, or would be.
        counter: what it moves by one.
        acted_on: it is given to the state machine, so that ``advertisement-rcvd`` moves, too.
    """

    kind: str
    vrid: int
    counter: str
    payload: bytes
    acted_on: bool = False
    ttl: int = 255
    source: Address = THEIRS
    destination: Address = GROUP

    def __str__(self) -> str:
        return self.kind

    def datagram(self) -> Datagram:
        return Datagram(self.source, self.destination, self.ttl, self.payload)

    def ip_packet(self) -> bytes:
        return ip_packet(self.source, self.destination, 1, self.payload, self.ttl)


def advert(vrid: int = PLAIN, priority: int = 50, **changes: object) -> Advertisement:
    """What the other node of that virtual router would say, but for the changes."""
    version: Version = VRRPV3 if vrid in (VERSION_3, IPV6) else VRRPV2
    made = Advertisement(
        version,
        vrid,
        priority,
        100 if version is VRRPV3 else 1,
        tuple(map(ip_address, VIPS.get(vrid, VIPS[PLAIN]))),
    )
    if vrid == PLAIN:
        made = replace(
            made, authentication_type=AUTHENTICATION_SIMPLE, authentication_data=b"password"
        )
    return replace(made, **changes)  # type: ignore[arg-type]


def message(
    vrid: int = PLAIN,
    priority: int = 50,
    *,
    source: Address = THEIRS,
    destination: Address = GROUP,
    form: ChecksumForm | None = None,
    **changes: object,
) -> bytes:
    return encode(advert(vrid, priority, **changes), source, destination, form)


def altered(payload: bytes, at: int, value: int) -> bytes:
    """With another byte there, and a checksum that is right again (VRRPv2)."""
    changed = bytearray(payload)
    changed[at], changed[6:8] = value, bytes(2)
    changed[6:8] = internet_checksum(bytes(changed)).to_bytes(2, "big")
    return bytes(changed)


GOOD = message()

ODD_PACKETS = (
    # What is wrong with it whoever receives it
    OddPacket("one byte", UNKNOWN, "incomplete-packet", b"\x21"),
    OddPacket("cut short, for nobody", UNKNOWN, "incomplete-packet", bytes((0x21, UNKNOWN, 50))),
    OddPacket("cut short", PLAIN, "packet-length-errors", GOOD[:7]),
    OddPacket("a header alone", PLAIN, "packet-length-errors", GOOD[:8]),
    OddPacket("a byte too many", PLAIN, "packet-length-errors", GOOD + b"\0"),
    OddPacket("more addresses said", PLAIN, "packet-length-errors", altered(GOOD, 3, 2)),
    OddPacket("version 15", PLAIN, "version-errors", altered(GOOD, 0, 0xF1)),
    OddPacket("version 3", PLAIN, "version-errors", encode(
        replace(advert(VERSION_3), vrid=PLAIN), THEIRS, GROUP)),
    OddPacket("version 2 over IPv6", IPV6, "version-errors", altered(GOOD, 1, IPV6),
              source=THEIR_LINK_LOCAL, destination=GROUP6),
    OddPacket("type 2", PLAIN, "invalid-type-pkts-rcvd", altered(GOOD, 0, 0x22)),
    OddPacket("type 2, for nobody", UNKNOWN, "vrid-errors",
              altered(message(UNKNOWN), 0, 0x22)),
    OddPacket("VRID 0", 0, "vrid-errors", altered(GOOD, 1, 0)),
    OddPacket("another VRID", UNKNOWN, "vrid-errors", message(UNKNOWN)),
    OddPacket("another checksum", PLAIN, "checksum-errors", GOOD[:6] + b"\x12\x34" + GOOD[8:]),
    OddPacket("no address", PLAIN, "zero-count-errors", altered(GOOD[:8] + GOOD[12:], 3, 0)),
    OddPacket("interval 0", PLAIN, "zero-interval-errors", altered(GOOD, 5, 0)),
    # What is wrong with it for who receives it
    OddPacket("TTL 254", PLAIN, "ip-ttl-errors", GOOD, ttl=254),
    OddPacket("to the host", PLAIN, "destination-errors", message(destination=OURS),
              destination=OURS),
    OddPacket("no password", PLAIN, "authentication-type-errors",
              message(authentication_type=0, authentication_data=b"")),
    OddPacket("another password", PLAIN, "authentication-failures",
              message(authentication_data=b"passwort")),
    OddPacket("another interval", PLAIN, "interval-errors", message(interval=2)),
    OddPacket("from our address", PLAIN, "own-packets-rcvd", message(priority=100, source=OURS),
              source=OURS),
    OddPacket("to who owns the address", DEAF, "owner-ignored-adverts", message(DEAF, 100)),
    OddPacket("of a second owner, ignored", DEAF, "owner-conflicts", message(DEAF, 255)),
    OddPacket("other addresses, strictly", STRICT, "address-list-errors",
              message(STRICT, addresses=(OTHER,))),
    OddPacket("from no peer", UNICAST, "unknown-peer-errors",
              message(UNICAST, source=STRANGER, destination=OURS),
              source=STRANGER, destination=OURS),
    # What is acted on all the same
    OddPacket("other addresses", PLAIN, "address-list-errors", message(addresses=(OTHER,)),
              acted_on=True),
    OddPacket("another interval in version 3", VERSION_3, "interval-errors",
              message(VERSION_3, interval=50), acted_on=True),
    OddPacket("the checksum without pseudo-header", VERSION_3, "checksum-message-rcvd",
              message(VERSION_3, form=ChecksumForm.MESSAGE), acted_on=True),
    OddPacket("the checksum with pseudo-header", VERSION_3, "checksum-pseudo-header-rcvd",
              message(VERSION_3), acted_on=True),
    OddPacket("priority 0", VERSION_3, "priority-zero-pkts-rcvd", message(VERSION_3, 0),
              acted_on=True),
    OddPacket("a global address first", IPV6, "first-address-not-link-local-errors",
              message(IPV6, addresses=tuple(map(ip_address, reversed(VIPS[IPV6]))),
                      source=THEIR_LINK_LOCAL, destination=GROUP6),
              acted_on=True, source=THEIR_LINK_LOCAL, destination=GROUP6),
    OddPacket("of a second owner", OWNER, "owner-conflicts", message(OWNER, 255), acted_on=True),
)  # fmt: skip
