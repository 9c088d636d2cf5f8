"""First step: from files to lines that mean something.

Comments are cut off; ``@id`` keeps a line on one machine only; ``$NAME=value`` defines, ``$NAME``
and ``${NAME}`` are replaced, ``~SEQ`` and ``~LST`` repeat; ``include`` brings other files in.
This is also keepalived's order (2.2.7; keepalived.conf(5), ADVANCED CONFIGURATION).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from vipkeeper.keepalived.comments import without_comment
from vipkeeper.keepalived.finding import Finding, Severity
from vipkeeper.keepalived.parameters import (
    EndlessSubstitutionError,
    Parameters,
    definition,
    impure_uses,
)
from vipkeeper.keepalived.repetition import RepetitionError, repetition
from vipkeeper.keepalived.source import Source, UnreadableFileError
from vipkeeper.keepalived.text import FileLine, Text
from vipkeeper.keepalived.words import Word, ordinary_words

# keepalived reads a line into MAXBUF bytes (lib/parser.h) and ignores a longer one.
LONGEST_LINE = 1024

# A file that includes itself has no end; keepalived stops when it runs out of file descriptors.
DEEPEST_INCLUDE = 32

# Parameters that use each other, and repetitions within repetitions, grow exponentially.
MOST_LINES = 100_000
DEEPEST_PARAMETER = 32

_INCLUDES = frozenset({"include", "includer", "includem", "includew", "includeb", "includea"})


class LineReader:
    """Reads one configuration; what it defines is known to every later line.

    Attributes:
        findings: what was wrong so far.
        files: the files read so far, in order.
    """

    def __init__(self, source: Source, *, config_id: str = "") -> None:
        self.findings: list[Finding] = []
        self.files: list[str] = []
        self._source = source
        self._config_id = config_id
        self._parameters = Parameters(
            {"_INSTANCE": config_id, "_HASH": "#", "_BANG": "!"}, longest=LONGEST_LINE
        )
        self._open_files: list[str] = []
        self._collecting: tuple[str, list[Text]] | None = None
        self._lines_left = MOST_LINES
        self._told: set[Finding] = set()

    def read(self, path: str) -> Iterator[Text]:
        """The meaningful lines of ``path`` and of what it includes.

        Raises:
            UnreadableFileError: ``path`` itself cannot be read (an included file is a finding).
        """
        return self._lines_of(path, self._source.read(path))

    def _lines_of(self, path: str, content: str) -> Iterator[Text]:
        self.files.append(path)
        self._open_files.append(path)
        self._parameters.set("_PWD", str(PurePosixPath(path).parent))
        for number, raw in enumerate(content.split("\n"), start=1):
            line = FileLine(path, number, raw.rstrip("\r"))
            text = self._meaningful(line)
            if text is None:
                continue
            # Also at the end of a comment, a backslash continues a parameter's definition.
            continued = line.content.endswith("\\")
            if self._collecting is not None:
                self._collect(text, continued=continued)
            elif text.content:
                yield from self._meaning_of(text, continued=continued)
        if self._collecting is not None:
            self._end_of_definition()
        self._open_files.pop()

    def _meaningful(self, line: FileLine) -> Text | None:
        """The line without its comment; None if keepalived would not read it at all."""
        text = Text.of_line(line)
        length = len(line.content.encode(errors="surrogatepass"))
        if length >= LONGEST_LINE:
            message = f"this line has {length} bytes: line too long - ignoring"
            self._warn(text, "line-too-long", message, f"at most {LONGEST_LINE - 1} are read")
            return None
        if "\0" in line.content:
            at = line.content.index("\0")
            self._warn(
                text[at : at + 1],
                "nul-byte",
                "there is a NUL byte in this line: the line is ignored",
                "is this a text file?",
            )
            return None
        return without_comment(text, self.findings)

    def _collect(self, text: Text, *, continued: bool) -> None:
        """One more line of a parameter of several lines; one without a backslash is the last."""
        assert self._collecting is not None
        if (body := _without_backslash(text)).content:
            self._collecting[1].append(body)
        if not continued:
            self._end_of_definition()

    def _end_of_definition(self) -> None:
        assert self._collecting is not None
        name, lines = self._collecting
        self._collecting = None
        if lines:
            self._parameters.set_lines(name, lines)
        else:
            self._parameters.set(name, "")

    def _meaning_of(self, text: Text, depth: int = 0, *, continued: bool = False) -> Iterator[Text]:
        """The lines that ``text`` stands for; ``depth`` counts the lines it was made from."""
        self._lines_left -= 1
        if self._lines_left < 0:
            if self._lines_left == -1:
                message = f"more than {MOST_LINES} lines: the rest is not read"
                self.findings.append(text.finding(Severity.ERROR, "too-many-lines", message))
            return
        kept = self._if_for_this_machine(text)
        if kept is None:
            return
        if defined := definition(kept):
            self._define(*defined, continued=continued)
        elif kept.content.startswith(("~SEQ", "~LST")):
            yield from self._repeat(kept, depth)
        else:
            yield from self._replace(kept, depth)

    def _if_for_this_machine(self, text: Text) -> Text | None:
        """``text`` without its ``@id``; None if that is not, or for ``@^id`` is, this machine's."""
        while text.content.startswith("@"):
            negated = text.content.startswith("@^")
            begin = 2 if negated else 1
            words = text.content[begin:].split(maxsplit=1)
            if len(words) < 2 or (words[0] == self._config_id) == negated:
                return None
            text = text[len(text) - len(words[1]) :]
        return text

    def _define(self, name: str, value: Text, *, continued: bool) -> None:
        if continued:
            first = _without_backslash(value)
            self._collecting = (name, [first] if first.content else [])
        else:
            self._parameters.set(name, value.content)

    def _repeat(self, text: Text, depth: int) -> Iterator[Text]:
        head = text[: text.content.find(")") + 1] or text
        rest = text[len(head) :].strip()
        try:
            rounds = repetition(self._parameters.replace(head)[0].content)
        except (RepetitionError, EndlessSubstitutionError) as error:
            self._warn(head, "bad-repetition", f"{error}; the line is ignored", "")
            return
        for settings in rounds:
            for name, value in settings:
                self._parameters.set(name, value)
            if rest.content and self._lines_left >= 0:
                yield from self._meaning_of(rest, depth + 1)

    def _replace(self, text: Text, depth: int) -> Iterator[Text]:
        if "$" not in text.content:
            yield from self._included_or_itself(text)
            return
        for place in impure_uses(text) if depth == 0 else ():
            self._warn(
                place,
                "impure-parameter",
                f"{place.content} is not replaced: a file must mean the same each time it is read",
                "write the value itself",
            )
        try:
            replaced, following = self._parameters.replace(text)
            if depth > DEEPEST_PARAMETER:
                raise EndlessSubstitutionError("replacing the parameters of this line does not end")
        except EndlessSubstitutionError as error:
            message = f"{error}: nothing is read from here on"
            self.findings.append(text.finding(Severity.ERROR, "endless-parameter", message))
            self._lines_left = -1
            return
        if replaced.content == text.content and not following:
            yield from self._included_or_itself(text)
            return
        for line in (replaced, *following):
            if line.content.strip():
                yield from self._meaning_of(line, depth + 1)

    def _included_or_itself(self, text: Text) -> Iterator[Text]:
        words = ordinary_words(text) if text.content.lstrip('"').startswith("include") else []
        if len(words) == 2 and words[0].value in _INCLUDES:
            yield from self._include(words[0].value, words[1])
        elif text.content:
            yield text

    def _include(self, keyword: str, pattern: Word) -> Iterator[Text]:
        directory = str(PurePosixPath(self._open_files[-1]).parent)
        paths = self._source.glob(pattern.value, directory)
        # A pattern that matches nothing is a conf.d without files; a plain name is a mistake.
        if not paths and (keyword != "include" or not set("*?[{") & set(pattern.value)):
            message = f"Config files missing '{pattern.value}'"
            self._warn(pattern.text, "include-missing", message, f"looked for in {directory}")
        for path in paths:
            if path in self._open_files or len(self._open_files) > DEEPEST_INCLUDE:
                message = f"{path} includes itself: not read again"
                self._warn(pattern.text, "include-loop", message, "")
                continue
            try:
                content = self._source.read(path)
            except UnreadableFileError as error:
                self._warn(pattern.text, "include-unreadable", error.message, "")
                continue
            yield from self._lines_of(path, content)
            self._parameters.set("_PWD", directory)

    def _warn(self, text: Text, code: str, message: str, suggestion: str) -> None:
        finding = text.finding(Severity.WARNING, code, message, suggestion=suggestion)
        if finding not in self._told:  # a line of a repeated definition is read many times
            self._told.add(finding)
            self.findings.append(finding)


def _without_backslash(text: Text) -> Text:
    return text[: len(text) - 1].strip() if text.content.endswith("\\") else text
