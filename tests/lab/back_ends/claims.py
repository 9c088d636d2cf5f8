"""Who has OVN's virtual port, and how a test lets a node have it."""

from __future__ import annotations

from typing import Any

from tests.lab.back_ends.scene import (
    BOUND_S,
    FLOATING,
    OUTSIDE,
    announce,
    settle,
    wait_for_answer,
)
from tests.topology import wait_until
from vipkeeper.lab.client import Lab


def virtual_port(lab: Lab) -> dict[str, Any]:
    found = lab.status()["virtual_ports"]
    assert len(found) == 1, found
    first: dict[str, Any] = found[0]
    return first


def wait_for_claim(lab: Lab, parent: str | None) -> None:
    wait_until(
        lambda: virtual_port(lab)["parent"] == parent,
        seconds=BOUND_S,
        what=lambda: f"{parent} to have claimed the VIP's port: {virtual_port(lab)}",
    )


def claim(lab: Lab, node: str) -> None:
    """Announce the VIP, and wait until that counts."""
    if virtual_port(lab)["parent"] != node:
        announce(lab, node)
    wait_for_claim(lab, node)


def settle_claimed(lab: Lab) -> None:
    """The pair as it should be, test01 answering."""
    settle(lab)
    claim(lab, "test01")
    wait_for_answer(lab, OUTSIDE, "test01", FLOATING)
