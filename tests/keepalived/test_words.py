from __future__ import annotations

import pytest

from vipkeeper.keepalived.text import FileLine, Text
from vipkeeper.keepalived.words import arguments, command_words, ordinary_words


def text(content: str) -> Text:
    return Text.of_line(FileLine("f", 1, content))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  \t ", []),
        ("priority 100", ["priority", "100"]),
        ("\tpriority\t 100 ", ["priority", "100"]),
        ('auth_pass "a b"', ["auth_pass", "a b"]),
        ('auth_pass "a\'b c"', ["auth_pass", "a'b c"]),
        ("state 'A B'", ["state", "'A", "B'"]),
        ('state A"B C"D', ["state", "A", "B C", "D"]),
        (r"state A\tB", ["state", r"A\tB"]),
        (r'state "A\tB"', ["state", r"A\tB"]),
        ('state ""', ["state", ""]),
        ('state "open', ["state", "open"]),
        ('state "', ["state", ""]),
    ],
)
def test_ordinary_words_are_cut_as_keepalived_cuts_them(line: str, words: list[str]) -> None:
    assert [word.value for word in ordinary_words(text(line))] == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('notify "/bin/a b" root', ["notify", "/bin/a b", "root"]),
        ("""notify '"a" b'""", ["notify", '"a" b']),
        ("""notify a"b c"'d e'f""", ["notify", "ab cd ef"]),
        (r'notify "a\"b\\c"', ["notify", 'a"b\\c']),
        (r"notify \x41\102\cA\E\t\q", ["notify", "AB\x01\x1b\tq"]),
        (r"notify \x4g \9", ["notify", "\x04g", "9"]),
        ("notify a\\", ["notify", "a\\"]),
    ],
)
def test_command_words_know_both_quotes_and_escapes(line: str, words: list[str]) -> None:
    assert [word.value for word in command_words(text(line))] == words


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        # Both as keepalived 2.2.7 dumps them.
        (
            r"""notify "/bin/echo \"a b\" 'c d' e\x41" root""",
            ("/bin/echo", "a b", "c d", "eA"),
        ),
        (r"""notify_master "/bin/echo 'a \' b'" root root""", ("/bin/echo", "a ", "b")),
        ("notify /bin/true", ("/bin/true",)),
        ("notify \"/bin/x ''\"", ("/bin/x", "")),
    ],
)
def test_a_command_is_cut_twice(line: str, argv: tuple[str, ...]) -> None:
    assert arguments(command_words(text(line))[1].value) == argv


def test_a_word_knows_its_place() -> None:
    word = ordinary_words(text('  auth_pass   "a b"  x'))[1]
    location = word.text.location
    assert (location.line, location.column, location.length) == (1, 15, 5)
