"""Neighbours that do not fit, on the real kernel: the protocol decides, ``status`` names them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tests.programs import ADDRESSES, TAKEOVER_SECONDS, Speaker
from tests.topology import Network, wait_until

ONE, OTHER = ADDRESSES["test01"], ADDRESSES["test02"]


def instance(body: str, *, priority: int = 100, addresses: str = "192.168.100.196/24") -> str:
    return f"""
vrrp_instance VI_1 {{
    interface eth0
    virtual_router_id 51
    priority {priority}
    virtual_ipaddress {{
        {addresses}
    }}
    {body}
}}
"""


def speakers(network: Network, directory: Path, one: str, other: str) -> tuple[Speaker, Speaker]:
    made = []
    for name, text in (("test01", one), ("test02", other)):
        node = network.add_node(name, f"{ADDRESSES[name]}/24")
        made.append(Speaker(node, "vipkeeperd", text, directory))
    return made[0], made[1]


def state(speaker: Speaker) -> str:
    return str(speaker.status()["instances"][0]["state"])


def neighbours(speaker: Speaker) -> list[dict[str, Any]]:
    found = speaker.status()["instances"][0]["neighbours"]
    assert isinstance(found, list)
    return found


def wait_for_state(speaker: Speaker, wanted: str) -> None:
    wait_until(lambda: state(speaker) == wanted, seconds=TAKEOVER_SECONDS, what=speaker.log)


def wait_for_offender(speaker: Speaker, source: str, fault: str) -> dict[str, Any]:
    return (
        wait_until(
            lambda: next(
                (
                    item
                    for item in neighbours(speaker)
                    if (item["source"], item["fault"]) == (source, fault)
                ),
                None,
            ),
            what=lambda: f"{source} is named for {fault}: {neighbours(speaker)}\n{speaker.log()}",
        )
        or {}
    )


def human_status(speaker: Speaker) -> str:
    call = "from vipkeeper.cli.main import main; main()"
    socket = str(speaker.configuration.with_suffix(".sock"))
    shown = speaker.node.run(
        *("env", "COLUMNS=100", sys.executable, "-c", call, "status", "--control", socket)
    )
    return " ".join(shown.split())


def test_another_cluster_with_the_same_vrid_is_followed_and_named(
    network: Network, tmp_path: Path
) -> None:
    """RFC 9568 7.1: other addresses are no reason to discard. Its VIP is held by nobody then."""
    one, other = speakers(
        network,
        tmp_path,
        instance("version 3", priority=150),
        instance("version 3", addresses="192.168.100.197/24"),
    )
    one.start()
    wait_for_state(one, "Active")
    other.start()
    offender = wait_for_offender(other, ONE, "other-addresses")
    assert offender["words"] == (
        "sends adverts for VRID 51 with other addresses 192.168.100.196 (ours 192.168.100.197): "
        "another cluster with the same VRID, or one of the two files is not up to date"
    )
    assert state(other) == "Backup"
    assert state(one) == "Active"
    line = human_status(other)
    assert f"neighbour {ONE} sends adverts for VRID 51 with other addresses" in line
    assert f"(VI_1) {ONE} sends adverts for VRID 51 with other addresses" in other.log()


def test_with_another_password_both_are_active_and_name_each_other(
    network: Network, tmp_path: Path
) -> None:
    one, other = speakers(
        network,
        tmp_path,
        *(
            instance(
                f"authentication {{\n auth_type PASS\n auth_pass {password}\n }}",
                addresses=f"{address}/24",
            )
            for password, address in (("one", "192.168.100.196"), ("other", "192.168.100.197"))
        ),
    )
    one.start()
    other.start()
    wait_for_offender(one, OTHER, "other-password")
    wait_for_offender(other, ONE, "other-password")
    assert (state(one), state(other)) == ("Active", "Active")


def test_the_same_priority_is_told_apart_by_the_address_and_named(
    network: Network, tmp_path: Path
) -> None:
    one, other = speakers(network, tmp_path, instance("version 3"), instance("version 3"))
    one.start()
    other.start()
    wait_for_offender(other, ONE, "same-priority")
    wait_until(lambda: (state(one), state(other)) == ("Active", "Backup"), what=one.log)


def test_a_copied_file_with_the_same_source_and_priority_is_followed_and_named(
    network: Network, tmp_path: Path
) -> None:
    copied = instance(f"version 3\n mcast_src_ip {ONE}")
    one, other = speakers(network, tmp_path, copied, copied)
    one.start()
    wait_for_state(one, "Active")
    other.start()
    wait_for_offender(other, ONE, "same-address-and-priority")
    assert (state(one), state(other)) == ("Active", "Backup")
    assert not other.node.holds("192.168.100.196")


def test_two_with_one_link_local_address_and_priority_keep_their_states(
    network: Network, tmp_path: Path
) -> None:
    six = instance("", addresses="fe80::51:1/64\n        2001:db8::196/64")
    one, other = speakers(network, tmp_path, six, six)
    for speaker in (one, other):
        speaker.node.run("ip", "-6", "address", "flush", "dev", "eth0")
        speaker.node.run("ip", "address", "add", "fe80::9/64", "dev", "eth0", "nodad")
    one.start()
    wait_for_state(one, "Active")
    other.start()
    wait_for_offender(other, "fe80::9", "same-address-and-priority")
    assert (state(one), state(other)) == ("Active", "Backup")


def test_of_two_owners_the_lower_address_yields_and_both_are_named(
    network: Network, tmp_path: Path
) -> None:
    owner = instance("state MASTER", priority=255)
    one, other = speakers(network, tmp_path, owner, owner)
    one.start()
    other.start()
    wait_for_offender(other, ONE, "second-owner")
    wait_for_offender(one, OTHER, "second-owner")
    wait_until(lambda: (state(one), state(other)) == ("Active", "Backup"), what=one.log)
    assert "says that it owns the addresses of VRID 51, too (priority 255)" in other.log()
