"""Numbers that are written as text, in a query for example."""

from __future__ import annotations

_MAX_DIGITS = 18


def whole_number(text: str) -> int | None:
    """The number that decimal digits say; None where they say none, or one beyond all sense.

    ``int`` takes other scripts' digits, signs and underscores too, and raises at 4,300 digits.
    """
    if not text.isascii() or not text.isdigit() or len(text) > _MAX_DIGITS:
        return None
    return int(text)
