"""Text of nftables transactions: tables, chains and maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_INDENT = "    "


def chain(name: str, *rules: str, hook: str = "") -> str:
    """A chain; with ``hook`` ("filter hook forward priority 0") a base chain that accepts."""
    head = [f"type {hook}; policy accept;"] if hook else []
    return block(f"chain {name}", [*head, *rules])


def mapping(entries: Mapping[str, str]) -> str:
    """The text of a map in a rule, keys to values or to verdicts."""
    return "{ " + ", ".join(f"{key} : {value}" for key, value in entries.items()) + " }"


def transaction(table: str, contents: Sequence[str]) -> str:
    """Text for ``nft -f -`` that replaces all rules of a table at once.

    For a table that is small; :mod:`vipkeeper.lab.tables` changes one by difference.

    Args:
        table: family and name, "ip vipkeeper_router".
        contents: blocks made by the other functions here.
    """
    return f"table {table}\nflush table {table}\n{block(f'table {table}', contents)}\n"


def block(head: str, contents: Sequence[str]) -> str:
    if not contents:
        return f"{head} {{ }}"
    body = "\n".join(contents)
    indented = "".join(f"{_INDENT}{line}\n" for line in body.splitlines())
    return f"{head} {{\n{indented}}}"
