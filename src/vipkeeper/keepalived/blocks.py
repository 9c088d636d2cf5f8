"""Second step: lines to statements, each with the block that follows it.

keepalived cuts a line at every ``{`` and ``}`` outside double quotes, so that a block may open on
its keyword's line or the next one, and be written on one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vipkeeper.keepalived.finding import Finding, Severity
from vipkeeper.keepalived.text import Text
from vipkeeper.keepalived.words import Word, ordinary_words

# Quoted parts and parameters that nobody defined hold braces that are no blocks.
_BRACE = re.compile(r'"[^"]*"|(\$\{[^{}]*\})|([{}])')


@dataclass(slots=True)
class Block:
    """``opening`` is the brace; ``closed`` whether its partner was found."""

    opening: Text
    statements: list[Statement] = field(default_factory=list)
    closed: bool = False


@dataclass(slots=True)
class Statement:
    """A keyword and its parameters, or a line of a list such as virtual_ipaddress.

    Attributes:
        words: at least one.
        text: the part of the line that the words were cut from.
    """

    words: list[Word]
    text: Text
    block: Block | None = None

    @property
    def keyword(self) -> str:
        return self.words[0].value

    @property
    def parameters(self) -> list[Word]:
        return self.words[1:]

    @property
    def body(self) -> list[Statement]:
        return self.block.statements if self.block else []


def statements(lines: Iterable[Text], findings: list[Finding]) -> list[Statement]:
    """The statements outside all blocks; braces without a partner are reported."""
    root: list[Statement] = []
    stack: list[list[Statement]] = [root]
    blocks: list[Block] = []
    heading: Statement | None = None  # the statement that a '{' here would belong to
    for part in _parts(lines, findings):
        if part.content == "{":
            block = Block(part)
            if heading is None:
                _unexpected(part, findings)
            else:
                heading.block = block
            stack.append(block.statements)
            blocks.append(block)
            heading = None
        elif part.content == "}":
            heading = None
            if blocks:
                stack.pop()
                blocks.pop().closed = True
            else:
                _extra(part, findings)
        else:
            heading = Statement(ordinary_words(part), part)
            stack[-1].append(heading)
    if blocks:
        _missing(blocks, findings)
    return root


def _parts(lines: Iterable[Text], findings: list[Finding]) -> Iterator[Text]:
    """The lines, cut into braces and what stands between them."""
    for line in lines:
        begin = 0
        for match in _BRACE.finditer(line.content):
            if match[1] and not match[1].startswith("${_"):
                _undefined(line[match.start() : match.end()], findings)
            if not match[2]:
                continue
            if (words := line[begin : match.start()].strip()).content:
                yield words
            yield line[match.start() : match.end()]
            begin = match.end()
        if (words := line[begin:].strip()).content:
            yield words


def _undefined(use: Text, findings: list[Finding]) -> None:
    findings.append(
        use.finding(
            Severity.WARNING,
            "undefined-parameter",
            f"{use.content} is not defined here",
            suggestion=f"define it above: ${use.content[2:-1]}=VALUE",
        )
    )


def _unexpected(brace: Text, findings: list[Finding]) -> None:
    findings.append(
        brace.finding(
            Severity.WARNING,
            "unexpected-brace",
            "Unexpected '{' - ignoring it and everything up to its '}'",
            suggestion="a block follows its keyword",
        )
    )


def _extra(brace: Text, findings: list[Finding]) -> None:
    findings.append(
        brace.finding(
            Severity.WARNING,
            "extra-brace",
            "Extra '}' found",
            suggestion="remove it, or find the block above that ends too early",
        )
    )


def _missing(blocks: list[Block], findings: list[Finding]) -> None:
    findings.append(
        blocks[0].opening.finding(
            Severity.WARNING,
            "missing-brace",
            f"Missing '}}' at the end of the file: {_not_closed(blocks)}",
            suggestion="add '}' where it should end",
        )
    )


def _not_closed(blocks: list[Block]) -> str:
    return (
        "this block is open" if len(blocks) == 1 else f"{len(blocks)} blocks are open, this first"
    )
