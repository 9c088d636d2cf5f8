"""Parameters of the configuration language: ``$NAME=value``, ``$NAME``, ``${NAME}``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vipkeeper.keepalived.text import Text

_DEFINITION = re.compile(r"\$([A-Za-z_]\w*)=[ \t]*", re.ASCII)

# $NAME ends at white space, at one of ",)" (so that ~SEQ can use it) or with the line.
_USE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)(?=[ \t,)]|$))", re.ASCII)

# ${_RANDOM 1 9} and ${_ENV HOME} would make two readings of one file differ.
_IMPURE = re.compile(r"\$\{(_RANDOM|_ENV)\b[^}]*\}", re.ASCII)


class EndlessSubstitutionError(ValueError):
    """A parameter's value contains the parameter, or the result is longer than a line may be."""


class Parameters:
    def __init__(self, values: Mapping[str, str], *, longest: int) -> None:
        self._values: dict[str, str | Sequence[Text]] = dict(values)
        self._longest = longest

    def set(self, name: str, value: str) -> None:
        self._values[name] = value

    def set_lines(self, name: str, lines: Sequence[Text]) -> None:
        """A parameter of several lines; it may be used at the end of a line only."""
        self._values[name] = lines

    def replace(self, text: Text) -> tuple[Text, Sequence[Text]]:
        """``text`` with all parameters replaced, and the lines that then follow it.

        What is not defined stays as it is (keepalived.conf(5)).

        Raises:
            EndlessSubstitutionError: the replacing does not come to an end.
        """
        for _ in range(self._longest):
            use = self._next_use(text)
            if use is None:
                return text, ()
            name = use[1] or use[2]
            value = self._values[name]
            if isinstance(value, str):
                text = text.replace(use.start(), use.end(), value)
                if len(text) > self._longest:
                    break
                continue
            if text.content[: use.start()].strip():
                return text.replace(use.start(), use.end(), value[0].content), value[1:]
            return value[0], value[1:]
        raise EndlessSubstitutionError("replacing the parameters of this line does not end")

    def _next_use(self, text: Text) -> re.Match[str] | None:
        for use in _USE.finditer(text.content):
            value = self._values.get(use[1] or use[2])
            if isinstance(value, str) or (value and use.end() == len(text)):
                return use
        return None


def definition(text: Text) -> tuple[str, Text] | None:
    """The name and the value of ``$NAME=value``; None if ``text`` is anything else."""
    match = _DEFINITION.match(text.content)
    return (match[1], text[match.end() :]) if match else None


def impure_uses(text: Text) -> list[Text]:
    """The places that ask for a random number or an environment variable."""
    return [text[use.start() : use.end()] for use in _IMPURE.finditer(text.content)]
