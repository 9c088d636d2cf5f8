r"""A line's words, in the two ways keepalived cuts them.

Most keywords: words are separated by white space, ``"..."`` makes one word, and neither ``\`` nor
``'`` means anything. Commands (``script``, ``notify``...): both quotes, adjacent parts belong
together, and escapes as in C.
"""

from __future__ import annotations

from dataclasses import dataclass

from vipkeeper.keepalived.text import WHITE_SPACE, Text

_ESCAPES = {"a": "\a", "b": "\b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"} | {
    "v": "\v"
}
_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
_OCTAL = frozenset("01234567")


@dataclass(frozen=True, slots=True)
class Word:
    """``value`` is what the word means; ``text`` where it stands, quotes included."""

    value: str
    text: Text

    def __str__(self) -> str:
        return self.value


def ordinary_words(text: Text) -> list[Word]:
    """Cut at white space; a ``"`` opens a word that ends at the next ``"`` (or with the line)."""
    content = text.content
    words: list[Word] = []
    at = 0
    while True:
        while at < len(content) and content[at] in WHITE_SPACE:
            at += 1
        if at == len(content):
            return words
        begin = at
        if content[at] == '"':
            close = content.find('"', at + 1)
            stop = len(content) if close < 0 else close
            value, at = content[at + 1 : stop], min(stop + 1, len(content))
        else:
            while at < len(content) and content[at] not in WHITE_SPACE and content[at] != '"':
                at += 1
            value = content[begin:at]
        words.append(Word(value, text[begin:at]))


def command_words(text: Text) -> list[Word]:
    """Cut as the shell would, with C's escapes. An open quote ends with the line."""
    content = text.content
    words: list[Word] = []
    at = 0
    while at < len(content):
        if content[at] in WHITE_SPACE:
            at += 1
            continue
        value, end = _quoted(content, at, escapes=True)
        words.append(Word(value, text[at:end]))
        at = end
    return words


def arguments(command: str) -> tuple[str, ...]:
    """The argv of a command that has been through :func:`command_words`.

    The word may hold quotes of its own that group an argument; escapes are gone by now.
    """
    found: list[str] = []
    at = 0
    while at < len(command):
        if command[at] in WHITE_SPACE:
            at += 1
            continue
        value, at = _quoted(command, at, escapes=False)
        found.append(value)
    return tuple(found)


def _quoted(content: str, at: int, *, escapes: bool) -> tuple[str, int]:
    """The word that begins at ``at``, and the position after it."""
    value: list[str] = []
    quote = ""
    while at < len(content):
        character = content[at]
        if escapes and character == "\\" and at + 1 < len(content):
            escaped, at = _escape(content, at + 1)
            value.append(escaped)
            continue
        if quote:
            if character == quote:
                quote = ""
            else:
                value.append(character)
        elif character in "'\"":
            quote = character
        elif character in WHITE_SPACE:
            break
        else:
            value.append(character)
        at += 1
    return "".join(value), at


def _escape(content: str, at: int) -> tuple[str, int]:
    """What the escape after a backslash stands for, and the position after it."""
    character = content[at]
    if character == "x" and content[at + 1 : at + 2] in _HEXADECIMAL:
        end = at + 1
        while end < len(content) and content[end] in _HEXADECIMAL:
            end += 1
        return chr(int(content[at + 1 : end], 16) & 0xFF), end
    if character == "c" and at + 1 < len(content):
        return chr(ord(content[at + 1]) & 0x1F), at + 2
    if character in _OCTAL:
        end = at + 1
        while end < at + 3 and content[end : end + 1] in _OCTAL:
            end += 1
        return chr(int(content[at:end], 8) & 0xFF), end
    return _ESCAPES.get(character, character), at + 1
