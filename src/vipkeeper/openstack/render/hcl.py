"""HashiCorp's configuration language, in the form that ``terraform fmt`` leaves as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

INDENT = "  "


@dataclass(frozen=True, slots=True)
class Expression:
    """Something to be worked out, as ``local.vip4``; a text is a string."""

    code: str


Value = str | bool | int | Expression | Sequence["Value"]


@dataclass(frozen=True, slots=True)
class Block:
    """``kind "label" "label" { ... }``: its attributes first, then blocks.

    Attributes:
        attributes: what is None is left out.
        comment: of one or more lines, above it.
    """

    kind: str
    labels: tuple[str, ...] = ()
    attributes: Mapping[str, Value | None] | None = None
    blocks: tuple[Block, ...] = ()
    comment: str = ""


def text(blocks: Iterable[Block]) -> str:
    return "\n\n".join("\n".join(_lines(block)) for block in blocks) + "\n"


def imported(to: str, id: str) -> Block:
    """What is there already, by its ID (Terraform 1.5)."""
    return Block("import", (), {"to": Expression(to), "id": id})


def identifier(name: str) -> str:
    """A name that a resource may have."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)


def comment(words: str) -> list[str]:
    return [f"# {line}".rstrip() for line in words.splitlines()]


def _lines(block: Block) -> list[str]:
    head = " ".join((block.kind, *(_string(label) for label in block.labels)))
    body: list[str] = []
    attributes = {
        name: value for name, value in (block.attributes or {}).items() if value is not None
    }
    width = max(map(len, attributes), default=0)
    body += [f"{name:<{width}} = {_expression(value)}" for name, value in attributes.items()]
    for inner in block.blocks:
        body += ["", *_lines(inner)] if body else _lines(inner)
    shown = [f"{INDENT}{line}" if line else "" for line in body]
    return [*comment(block.comment), f"{head} {{", *shown, "}"]


def _expression(value: Value) -> str:
    match value:
        case Expression(code):
            return code
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _string(value)
        case _:
            return f"[{', '.join(_expression(one) for one in value)}]"


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _string(value: str) -> str:
    """Quoted; ``${`` and ``%{`` would begin an expression."""
    escaped = "".join(_ESCAPES.get(sign, sign) for sign in value)
    escaped = re.sub(r"([$%])(?={)", r"\1\1", escaped)
    return f'"{escaped}"'
