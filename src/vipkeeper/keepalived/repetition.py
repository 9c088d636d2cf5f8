"""Lines that stand for several: ``~SEQ(var, start, step, end) line`` and ``~LST(var, a, b) line``.

keepalived.conf(5), "Sequence blocks" and "List blocks".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SEQUENCE = re.compile(r"~SEQ(x?)[ \t]*\(([^()]*)\)")
_LIST = re.compile(r"~LST[ \t]*\(([^()]*)\)")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)

# As many as fit the largest VRRP configuration many times over; a typing error is larger.
MOST_REPETITIONS = 10_000


class RepetitionError(ValueError):
    """A ~SEQ or ~LST that makes no sense."""


Round = tuple[tuple[str, str], ...]


def repetition(head: str) -> tuple[Round, ...]:
    """For each repetition, the parameters to set before it.

    Args:
        head: ``~SEQ(...)`` or ``~LST(...)``, with nothing behind it.

    Raises:
        RepetitionError: it makes no sense.
    """
    if match := _SEQUENCE.fullmatch(head):
        return tuple(_sequence(match[2], hexadecimal=bool(match[1])))
    if match := _LIST.fullmatch(head):
        return tuple(_list(match[1]))
    raise RepetitionError("expected ~SEQ(var, [start, [step,]] end) or ~LST(var, value, ...)")


def _sequence(arguments: str, *, hexadecimal: bool) -> Iterator[Round]:
    name, *numbers = (argument.strip() for argument in arguments.split(","))
    if not _NAME.fullmatch(name):
        raise RepetitionError(f"'{name}' is not a parameter's name")
    try:
        bounds = [int(number, 0) for number in numbers]
    except ValueError:
        raise RepetitionError(f"'{arguments}' holds something that is not a number") from None
    start, step, end = _bounds(bounds)
    count = (end - start) // step + 1 if step else 0
    if count < 1:
        raise RepetitionError(f"counting from {start} by {step} never reaches {end}")
    if count > MOST_REPETITIONS:
        raise RepetitionError(f"{count} repetitions, at most {MOST_REPETITIONS} are read")
    for value in range(start, start + count * step, step):
        yield ((name, f"{value:x}" if hexadecimal else str(value)),)


def _bounds(numbers: list[int]) -> tuple[int, int, int]:
    """(start, step, end), with keepalived's values for what is left out."""
    match numbers:
        case [end]:
            return (1, 1, end) if end > 0 else (-1, -1, end)
        case [start, end]:
            return start, (1 if start <= end else -1), end
        case [start, step, end]:
            return start, step, end
    raise RepetitionError("~SEQ takes a parameter's name and one to three numbers")


def _list(arguments: str) -> Iterator[Round]:
    groups = re.findall(r"\s*(?:\{([^{}]*)\}|([^,{}]+))\s*(?:,|$)", arguments)
    if not groups:
        raise RepetitionError("~LST takes a parameter's name and values")
    names, *values = (
        [item.strip() for item in braced.split(",")] if braced else [plain.strip()]
        for braced, plain in groups
    )
    for name in names:
        if not _NAME.fullmatch(name):
            raise RepetitionError(f"'{name}' is not a parameter's name")
    for value in values:
        if len(value) != len(names):
            raise RepetitionError(f"{len(names)} parameters, but {len(value)} values in one place")
        yield tuple(zip(names, value, strict=True))
