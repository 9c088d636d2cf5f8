"""Merging pairs and groups into a port that others change too.

Neutron replaces the whole list with each PUT. The list is therefore read, merged and written with
``If-Match: revision_number=N`` (extension revision-if-match); 412 says that somebody else was
quicker, and it begins anew.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence

from vipkeeper.openstack.client import answers
from vipkeeper.openstack.client.calls import Calls, segment
from vipkeeper.openstack.client.cloud_errors import CallError, Json
from vipkeeper.openstack.declaration.spec import Address, Family
from vipkeeper.openstack.plans.steps import ChangePort, VipPair
from vipkeeper.openstack.resources import AddressPair, Port

TRIES = 10
"""Of ten writers at once the last one comes through."""
SHORTEST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0
_PRECONDITION_FAILED = 412


def change_port(
    calls: Calls,
    step: ChangePort,
    addresses: Mapping[Family, Address],
    groups: Sequence[str],
) -> None:
    """Pairs, groups and description; nothing is written where nothing differs.

    Args:
        addresses: of the virtual IP.
        groups: those to be added, as IDs.
    """
    pairs = step.add_pairs or step.remove_pairs
    if not (pairs or groups or step.remove_groups or step.description is not None):
        return
    path = f"/ports/{segment(step.port_id)}"
    for attempt in range(1, TRIES + 1):
        view = calls.one(f"look at the {step.label}", "GET", path, "port")
        (port,) = answers.read(answers.port, [view])
        changes = _changes(port, step, addresses, groups)
        if not changes:
            return
        try:
            calls.ask(
                f"change the {step.label}",
                "PUT",
                path,
                body={"port": changes},
                headers={"If-Match": f"revision_number={port.revision}"},
            )
        except CallError as error:
            if error.status != _PRECONDITION_FAILED or attempt == TRIES:
                raise
            time.sleep(_pause(attempt))
        else:
            return


def _pause(attempt: int) -> float:
    longest = min(LONGEST_PAUSE_S, SHORTEST_PAUSE_S * 2**attempt)
    return random.uniform(SHORTEST_PAUSE_S / 2, longest)  # noqa: S311 -- to part two writers


def _changes(
    port: Port,
    step: ChangePort,
    addresses: Mapping[Family, Address],
    groups: Sequence[str],
) -> dict[str, Json]:
    wanted = [_pair(pair, port, addresses) for pair in step.add_pairs]
    pairs = _merged(port.allowed_address_pairs, wanted, step.remove_pairs)
    kept = [one for one in port.security_groups if one not in step.remove_groups]
    in_groups = list(dict.fromkeys((*kept, *groups)))
    changes: dict[str, Json] = {}
    if pairs != list(port.allowed_address_pairs):
        changes["allowed_address_pairs"] = [
            {"ip_address": pair.ip_address, "mac_address": pair.mac_address} for pair in pairs
        ]
    if in_groups != list(port.security_groups):
        changes["security_groups"] = in_groups
    if step.description is not None and step.description != port.description:
        changes["description"] = step.description
    return changes


def _merged(
    there: Iterable[AddressPair], wanted: Iterable[AddressPair], unwanted: Iterable[AddressPair]
) -> list[AddressPair]:
    """What is there in its order and as it was written, then what is new."""
    go = {_key(pair) for pair in unwanted}
    pairs = [pair for pair in there if _key(pair) not in go]
    known = {_key(pair) for pair in pairs}
    for pair in wanted:
        if _key(pair) not in known:
            known.add(_key(pair))
            pairs.append(pair)
    return pairs


def _key(pair: AddressPair) -> tuple[str, str]:
    """Two pairs with the same are one to Neutron.

    It compares MACs in small letters, and addresses as they were typed: with ``/32`` it is
    another pair, of which OVN makes no virtual port.
    """
    return pair.ip_address, pair.mac_address.lower().replace("-", ":")


def _pair(
    pair: VipPair | AddressPair, port: Port, addresses: Mapping[Family, Address]
) -> AddressPair:
    if isinstance(pair, AddressPair):
        return pair
    return AddressPair(str(addresses[pair.family]), pair.mac_address or port.mac_address)
