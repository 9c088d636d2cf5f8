"""nftables' tables as values, and the transaction that takes the kernel from one to another.

A table says what is to be there: counters, sets and maps with their elements, chains with
their rules. :func:`difference` is pure; its text for ``nft -f -`` holds only what differs,
so that what one port's change costs does not grow with the other ports. Counters that
stay keep their values, since nothing is said about them.

The order in the text is the one that the kernel needs, for it counts who refers to whom
after each line: rules go before what they name, elements of a map before the chains that
they jump to, and in an interval set the old element before the new one that overlaps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from vipkeeper.lab.nft import block


@dataclass(frozen=True, slots=True)
class Chain:
    """Rules in their order; with ``hook`` a base chain that accepts what comes to its end.

    Attributes:
        hook: type, hook and priority: "filter hook forward priority 0".
    """

    rules: tuple[str, ...]
    hook: str = ""


@dataclass(frozen=True, slots=True)
class ElementSet:
    """A named set or map.

    Attributes:
        declaration: what nft wants to know of it: "type ipv4_addr; flags interval;".
        elements: each with its value in a map, with "" in a set.
    """

    kind: Literal["set", "map"]
    declaration: str
    elements: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """All of a table.

    Attributes:
        name: family and name, "inet vipkeeper_groups".
    """

    name: str
    counters: frozenset[str] = frozenset()
    sets: Mapping[str, ElementSet] = field(default_factory=dict)
    chains: Mapping[str, Chain] = field(default_factory=dict)


def address_set(version: int, members: Iterable[str]) -> ElementSet:
    """Addresses and prefixes of one family, none of which is part of another."""
    return ElementSet("set", f"type ipv{version}_addr; flags interval;", dict.fromkeys(members, ""))


def difference(before: Table | None, after: Table) -> str:
    """Lines for ``nft -f -`` that make ``after`` of ``before``; none if they are equal.

    Args:
        before: what is there; None if that is not known, and is to be replaced with its
            counters.
    """
    if before is None:
        lines = [f"table {after.name}", f"delete table {after.name}", f"table {after.name}"]
        before = Table(after.name)
    else:
        lines = []
    lines += _emptied(before, after)
    declared = _declared(before, after)
    if declared:
        lines.append(block(f"table {after.name}", declared))
    lines += _elements(before, after)
    lines += _deleted(before, after)
    return "".join(f"{line}\n" for line in lines)


def _emptied(before: Table, after: Table) -> Iterator[str]:
    for name, chain in before.chains.items():
        if after.chains.get(name) != chain:
            yield f"flush chain {after.name} {name}"


def _declared(before: Table, after: Table) -> list[str]:
    blocks = [block(f"counter {name}", ()) for name in sorted(after.counters - before.counters)]
    blocks += [
        block(f"{wanted.kind} {name}", (wanted.declaration,))
        for name, wanted in after.sets.items()
        if name not in before.sets
    ]
    for name, chain in after.chains.items():
        if before.chains.get(name) != chain:
            head = [f"type {chain.hook}; policy accept;"] if chain.hook else []
            blocks.append(block(f"chain {name}", [*head, *chain.rules]))
    return blocks


def _elements(before: Table, after: Table) -> Iterator[str]:
    for name, wanted in after.sets.items():
        there: Mapping[str, str] = before.sets[name].elements if name in before.sets else {}
        gone = [key for key, value in there.items() if wanted.elements.get(key) != value]
        if gone:
            yield f"delete element {after.name} {name} {{ {', '.join(gone)} }}"
        new = [
            f"{key} : {value}" if value else key
            for key, value in wanted.elements.items()
            if there.get(key) != value
        ]
        if new:
            yield f"add element {after.name} {name} {{ {', '.join(new)} }}"


def _deleted(before: Table, after: Table) -> Iterator[str]:
    """What is gone; a map goes first, with its elements, for they hold on to chains."""
    for name in before.sets:
        if name not in after.sets:
            yield f"delete {before.sets[name].kind} {after.name} {name}"
    for name in before.chains:
        if name not in after.chains:
            yield f"delete chain {after.name} {name}"
    for name in sorted(before.counters - after.counters):
        yield f"delete counter {after.name} {name}"


ELEMENTS_A_WEIGHT = 10
"""An element takes 40 bytes of a message, a rule ten times as many."""


def prepared(before: Table, after: Table, at_once: int) -> Iterator[Table]:
    """Tables on the way from one to the other, each with so much that is new at most.

    It is counted in rules, which a counter or an empty chain is taken for as well.

    They have the new counters, sets and chains besides all that was there, but nothing
    leads to them yet: the step from the last of these to ``after`` is what changes the
    outcome for a packet, and it is short.
    """
    counters, sets, chains = set(before.counters), dict(before.sets), dict(before.chains)
    room = at_once
    for kind, name, weight in _new(before, after):
        if weight > room and room < at_once:
            yield Table(after.name, frozenset(counters), dict(sets), dict(chains))
            room = at_once
        room -= weight
        if kind == "counter":
            counters.add(name)
        elif kind == "set":
            sets[name] = replace(after.sets[name], elements={})
        elif kind == "elements":
            there, wanted = sets[name].elements, after.sets[name].elements
            more = islice(wanted.items(), len(there), len(there) + ELEMENTS_A_WEIGHT * weight)
            sets[name] = replace(sets[name], elements={**there, **dict(more)})
        elif kind == "chain":
            chains[name] = replace(after.chains[name], rules=())
        else:
            chains[name] = after.chains[name]
    if room < at_once:
        yield Table(after.name, frozenset(counters), sets, chains)


def _new(before: Table, after: Table) -> Iterator[tuple[str, str, int]]:
    """What comes before the rules that name it, each as (kind, name, weight)."""
    for name in sorted(after.counters - before.counters):
        yield "counter", name, 1
    for name in after.sets:
        if name not in before.sets:
            yield "set", name, 1
            if after.sets[name].kind == "set":  # a map's elements lead to chains
                for _ in range(0, len(after.sets[name].elements), 10 * ELEMENTS_A_WEIGHT):
                    yield "elements", name, 10
    # A base chain is in force as soon as it is there.
    new = [name for name in after.chains if name not in before.chains]
    new = [name for name in new if not after.chains[name].hook]
    for name in new:
        yield "chain", name, 1
    for name in new:
        yield "rules", name, len(after.chains[name].rules)
