"""Advertisements as tcpdump decodes them (walkthrough, step 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from vipkeeper.demo.observation import VIP, Output
from vipkeeper.demo.step import Check

COMMAND = "tcpdump -i eth0 -vv -nn -c {count} host 224.0.0.18"

_ADVERT = re.compile(
    r"""^(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d\.\d+)\ IP\ \(
    (?P<header>[^()]*\(112\)[^()]*)\)\s+
    (?P<source>[\d.]+)\ >\ 224\.0\.0\.18:\ (?:vrrp\ \S+\ >\ \S+\ )?
    (?P<body>VRRPv2,\ .*)$""",
    re.MULTILINE | re.VERBOSE,
)
_SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class SeenAdvert:
    """One decoded advertisement; `at` in seconds of the day, `ip_id` the IP identification."""

    at: float
    header: str
    source: str
    body: str

    @property
    def ip_id(self) -> int:
        found = re.search(r"\bid (\d+)", self.header)
        return int(found[1]) if found else -1


def parse(text: str) -> list[SeenAdvert]:
    return [
        SeenAdvert(
            int(found["hour"]) * 3600 + int(found["minute"]) * 60 + float(found["second"]),
            found["header"],
            found["source"],
            found["body"].strip(),
        )
        for found in _ADVERT.finditer(text)
    ]


def check(seen: Output, source: str, priority: int, count: int) -> Check:
    """`count` advertisements of `source`, a second apart, each as VRRPv2 has it."""
    header = "tos 0xc0, ttl 255, offset 0, flags [none], proto VRRP (112), length 40"
    body = (
        f"VRRPv2, Advertisement, vrid 1, prio {priority}, authtype simple, intvl 1s, length 20,"
        f' addrs: {VIP} auth "password"'
    )
    adverts = parse(seen.text)
    gaps = [(later.at - earlier.at) % _SECONDS_OF_A_DAY for earlier, later in pairwise(adverts)]
    steps = [(later.ip_id - earlier.ip_id) % 0x10000 for earlier, later in pairwise(adverts)]
    ok = (
        len(adverts) == count
        and all(advert.source == source and advert.body == body for advert in adverts)
        and all(re.sub(r"id \d+, ", "", advert.header) == header for advert in adverts)
        and all(0.75 <= gap <= 1.25 for gap in gaps)
        and all(step == 1 for step in steps)
    )
    timing = ", ".join(f"{gap:.3f} s" for gap in gaps)
    shown = seen.lines(r"VRRP", r"224\.0\.0\.18")
    return seen.check(
        f"{source} advertises once a second: TTL 255, TOS 0xc0, priority {priority}, the password;"
        " the IP id rises by one",
        ok,
        f"{shown}\n(apart: {timing or 'nothing to compare'})",
    )
