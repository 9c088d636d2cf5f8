"""Text of nftables transactions: tables, chains, and what a drop counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_INDENT = "    "


def chain(name: str, *rules: str, hook: str = "") -> str:
    """A chain; with ``hook`` ("filter hook forward priority 0") a base chain that accepts."""
    head = [f"type {hook}; policy accept;"] if hook else []
    return _block(f"chain {name}", [*head, *rules])


def mapping(entries: Mapping[str, str]) -> str:
    """The text of a map in a rule, keys to values or to verdicts."""
    return "{ " + ", ".join(f"{key} : {value}" for key, value in entries.items()) + " }"


def counter(name: str) -> str:
    return _block(f"counter {name}", [])


def address_set(name: str, version: int) -> str:
    """A set of addresses and prefixes of one family, its elements given apart."""
    return _block(f"set {name}", [f"type ipv{version}_addr; flags interval;"])


def transaction(
    table: str, contents: Sequence[str], *, elements: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Text for ``nft -f -`` that replaces a table's rules, and its sets' elements, at once.

    Counters keep their values: a flush takes rules only, and naming a counter that exists
    leaves it as it is. A chain or set that the new contents do not have stays, empty or
    unused.

    Args:
        table: family and name, "inet vipkeeper_groups".
        contents: blocks made by the other functions here.
        elements: what is in each set of the contents.
    """
    lines = [f"table {table}", f"flush table {table}", _block(f"table {table}", contents)]
    for name, members in (elements or {}).items():
        lines.append(f"flush set {table} {name}")
        if members:
            lines.append(f"add element {table} {name} {{ {', '.join(members)} }}")
    return "\n".join(lines) + "\n"


def _block(head: str, contents: Sequence[str]) -> str:
    if not contents:
        return f"{head} {{ }}"
    body = "\n".join(contents)
    indented = "".join(f"{_INDENT}{line}\n" for line in body.splitlines())
    return f"{head} {{\n{indented}}}"
