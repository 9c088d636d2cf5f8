from __future__ import annotations

import json

from vipkeeper.lab.drops import BRIDGE_TABLE, INET_TABLE, DropCount, Reason, parse_counters


def listing(*counters: tuple[str, str, int, int]) -> str:
    """As ``nft -j list counters`` prints it; each counter as (table, name, packets, bytes)."""
    entries: list[dict[str, object]] = [{"metainfo": {"version": "1.0.6"}}]
    for table, name, packets, size in counters:
        family, _, table_name = table.partition(" ")
        counter = {"family": family, "table": table_name, "name": name, "handle": 5}
        entries.append({"counter": {**counter, "packets": packets, "bytes": size}})
    return json.dumps({"nftables": entries})


def test_counters_are_read_with_their_port_and_reason() -> None:
    text = listing(
        (BRIDGE_TABLE, "mac-spoofing/test01", 0, 0),
        (INET_TABLE, "no-ingress-rule/USER-vip", 11, 440),
    )
    assert parse_counters(text) == [
        DropCount("test01", Reason.MAC_SPOOFING, 0, 0),
        DropCount("USER-vip", Reason.NO_INGRESS_RULE, 11, 440),
    ]


def test_counters_of_others_are_passed_over() -> None:
    assert parse_counters(listing(("ip filter", "seen", 1, 40))) == []


def test_no_counter_at_all() -> None:
    assert parse_counters(listing()) == []
