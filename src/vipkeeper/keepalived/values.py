"""Reads the parameters of single keywords: numbers, times, switches, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.configuration import SECOND_NS
from vipkeeper.keepalived.report import Report
from vipkeeper.keepalived.words import Word

Address = IPv4Address | IPv6Address

_WHOLE = re.compile(r"\s*([+-]?[0-9]+)")
_DECIMAL = re.compile(r"([0-9]+)(?:\.([0-9]*))?|\.([0-9]+)")
SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}

UNSIGNED_MAX = 2**32 - 1

# Delays are unsigned 32-bit microseconds inside keepalived: 4294 s at most.
LONGEST_DELAY_S = UNSIGNED_MAX // 1_000_000


class BadValueError(ValueError):
    """The message completes "priority 'x' is not valid: ..."."""


def whole_number(text: str, low: int, high: int) -> int:
    match = _WHOLE.fullmatch(text)
    # Beyond 20 digits no range of this language reaches, and int() would refuse thousands.
    if match is None or len(match[1]) > 20:
        raise BadValueError(f"expected a whole number from {low} to {high}")
    number = int(match[1])
    if not low <= number <= high:
        raise BadValueError(f"number '{text}' outside range [{low}, {high}]")
    return number


def seconds_ns(text: str, low_ns: int, high_ns: int) -> int:
    """A TIMER: decimal seconds with at most six decimal places, as nanoseconds."""
    match = _DECIMAL.fullmatch(text)
    if match is None or len(text) > 20:
        raise BadValueError("expected seconds, as 2 or 0.5")
    whole, fraction = match[1] or "0", match[2] or match[3] or ""
    if len(fraction) > 6:
        raise BadValueError("more than six decimal places")
    duration_ns = int(whole) * SECOND_NS + int(fraction.ljust(9, "0"))
    if not low_ns <= duration_ns <= high_ns:
        low, high = (
            f"{bound / SECOND_NS:.6f}".rstrip("0").rstrip(".") for bound in (low_ns, high_ns)
        )
        raise BadValueError(f"number '{text}' outside range [{low}, {high}] seconds")
    return duration_ns


def address(text: str, version: int | None = None) -> Address:
    """An address; of IP ``version`` if that is given."""
    try:
        found = ip_address(text)
    except ValueError:
        raise BadValueError("expected an IP address") from None
    if version is not None and found.version != version:
        raise BadValueError(f"expected an IPv{version} address")
    return found


Reader = Callable[[Statement, Report], Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """How a keyword of one value is read, and into which attribute it goes.

    ``read`` returns the value, or raises BadValueError; then the keyword is ignored.
    """

    attribute: str
    read: Reader
    optional: bool = False  # may the parameter be left out?


def parameter(statement: Statement, report: Report) -> Word:
    """The keyword's only parameter; words after it are reported. There must be one."""
    report.extra_words(statement.parameters[1:], statement.keyword)
    return statement.words[1]


def number(low: int, high: int, *, scale: int = 1) -> Reader:
    def read(statement: Statement, report: Report) -> int:
        return whole_number(parameter(statement, report).value, low, high) * scale

    return read


def at_least_one(statement: Statement, report: Report) -> int:
    """A count for which keepalived takes 1 instead of 0."""
    word = parameter(statement, report)
    count = whole_number(word.value, 0, UNSIGNED_MAX)
    if count == 0:
        message = f"{statement.keyword} must be greater than 0, setting to 1"
        report.warning(word, "bad-value", message)
    return max(count, 1)


def timer(low_ns: int, high_ns: int) -> Reader:
    def read(statement: Statement, report: Report) -> int:
        return seconds_ns(parameter(statement, report).value, low_ns, high_ns)

    return read


def switch(statement: Statement, report: Report) -> bool:
    """A BOOL; without a parameter it is on."""
    if not statement.parameters:
        return True
    word = parameter(statement, report)
    if word.value not in SWITCH:
        raise BadValueError(f"expected one of {', '.join(SWITCH)}")
    return SWITCH[word.value]


def constant(value: object) -> Reader:
    """A keyword that takes no parameter: standing there, it means ``value``."""

    def read(statement: Statement, report: Report) -> object:
        report.extra_words(
            statement.parameters,
            statement.keyword,
            f"{statement.keyword} takes no parameter; to switch it off, remove it",
        )
        return value

    return read


def of_address(version: int | None = None) -> Reader:
    def read(statement: Statement, report: Report) -> Address:
        return address(parameter(statement, report).value, version)

    return read


def text(statement: Statement, report: Report) -> str:
    return parameter(statement, report).value


def apply(
    settings: Mapping[str, Setting], target: object, statement: Statement, report: Report
) -> bool:
    """Read ``statement`` into ``target`` if it is one of ``settings``; say whether it was."""
    setting = settings.get(statement.keyword)
    if setting is None:
        return False
    refuse_block(statement, report)
    if not statement.parameters and not setting.optional:
        missing_parameter(statement, report)
        return True
    try:
        setattr(target, setting.attribute, setting.read(statement, report))
    except BadValueError as error:
        bad_value(statement, str(error), report)
    return True


def bad_value(statement: Statement, reason: str, report: Report) -> None:
    written = statement.words[1]
    suggestion = "this parameter is not defined above" if written.value.startswith("$") else ""
    report.warning(
        written,
        "bad-value",
        f"{statement.keyword} '{written.value}' is not valid: {reason}; ignored",
        suggestion,
    )


def missing_parameter(statement: Statement, report: Report) -> None:
    """Keepalived ends with exit code 2 here; the instance is refused."""
    report.error(
        statement.words[0], "missing-parameter", f"{statement.keyword} is missing its parameter"
    )


def refuse_block(statement: Statement, report: Report) -> None:
    if statement.block is not None:
        report.warning(
            statement.block.opening,
            "unexpected-brace",
            f"Unexpected '{{' - ignoring it: {statement.keyword} has no block",
        )
