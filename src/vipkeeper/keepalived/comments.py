"""Comments: ``#`` or ``!``, anywhere in a line, but not between double quotes."""

from __future__ import annotations

from vipkeeper.keepalived.finding import Finding, Severity
from vipkeeper.keepalived.text import WHITE_SPACE, Text
from vipkeeper.keepalived.words import ordinary_words


def without_comment(text: Text, findings: list[Finding]) -> Text | None:
    """The line before its comment, without white space around it.

    A password that is cut short by its own ``!`` is reported, as is a quote that does not close
    (None: keepalived makes nothing of such a line either).
    """
    end, quote = _end_of_meaning(text.content)
    if quote is not None:
        # For comments \" does not end a quote, but for words it does. keepalived reports such a
        # line and reads it nevertheless; with an odd number of quotes it cannot.
        readable = text.content.count('"') % 2 == 0
        findings.append(
            text[quote:].finding(
                Severity.WARNING,
                "open-quote",
                "Unterminated quote" + ("" if readable else ": this line is ignored"),
                suggestion=f'add the closing "{", without a backslash" if readable else ""}',
            )
        )
        return text.strip() if readable else None
    meaning = text[:end].strip()
    if end < len(text) and end > 0 and text.content[end - 1] not in WHITE_SPACE + "{}":
        findings.append(_cut_word(text, end, meaning))
    return meaning


def _end_of_meaning(content: str) -> tuple[int, int | None]:
    """Where the comment begins, and where a double quote that is still open there began."""
    quote: int | None = None
    at = 0
    while at < len(content):
        character = content[at]
        if character == '"':
            quote = at if quote is None else None
        elif character == "\\" and content[at + 1 : at + 2] in ('"', "\\"):
            at += 1
        elif character in "#!" and quote is None:
            return at, None
        at += 1
    return len(content), quote


def _cut_word(text: Text, end: int, meaning: Text) -> Finding:
    """The finding for a comment that begins in the middle of a word."""
    sign = text.content[end]
    words = ordinary_words(meaning)
    in_password = bool(words) and words[0].value == "auth_pass" and len(words) > 1
    begin = end
    while begin > 0 and text.content[begin - 1] not in WHITE_SPACE:
        begin -= 1
    stop = end
    while stop < len(text) and text.content[stop] not in WHITE_SPACE:
        stop += 1
    written = text[begin:stop]
    read = f"'{written.content[: end - begin]}'"
    suggestion = "if it belongs to the value, write the value between double quotes"
    if in_password:
        read = f"a password of {end - begin} characters"
    return written.finding(
        Severity.WARNING if in_password else Severity.NOTE,
        "comment-in-word",
        f"'{sign}' starts a comment: what is read here is {read}",
        suggestion=suggestion,
    )
