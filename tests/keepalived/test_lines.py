"""What becomes of a file before its words mean anything."""

from __future__ import annotations

import pytest

from tests.keepalived.memory import Memory
from vipkeeper.keepalived.finding import Finding
from vipkeeper.keepalived.lines import LONGEST_LINE, LineReader


def read(text: str, *, config_id: str = "", **included: str) -> list[str]:
    return [line.strip() for line in _read(text, config_id, included)[0]]


def findings(text: str, **included: str) -> list[Finding]:
    return _read(text, "", included)[1]


def _read(text: str, config_id: str, included: dict[str, str]) -> tuple[list[str], list[Finding]]:
    files = {f"d/{name.replace('_', '.')}": content for name, content in included.items()}
    reader = LineReader(Memory({"d/k.conf": text, **files}), config_id=config_id)
    return [line.content for line in reader.read("d/k.conf")], reader.findings


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a # b\n! c\n  d ! e # f\n\n", ["a", "d"]),
        ('a "b # c ! d" # e', ['a "b # c ! d"']),
        (r'a "b \" # c"', [r'a "b \" # c"']),
        ("a\r\nb\r\n", ["a", "b"]),
        ("a ${_HASH}b ${_BANG}", ["a #b !"]),
    ],
)
def test_comments_are_cut_off(text: str, lines: list[str]) -> None:
    assert read(text) == lines


def test_a_line_for_another_machine_is_left_out() -> None:
    text = "@alpha a\n@beta b\n@^alpha c\n@^beta d\n@alpha\n@alpha @^beta e\n@alpha  f  g"
    assert read(text, config_id="alpha") == ["a", "d", "e", "f  g"]
    assert read(text, config_id="beta") == ["b", "c"]
    assert read(text) == ["c", "d"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("$A=1\nx $A y", ["x 1 y"]),
        ("$A=1\nx $Ay ${A}y", ["x $Ay 1y"]),
        ("x $A ${A}", ["x $A ${A}"]),
        ("$A=\nx ${A}y", ["x y"]),
        ("$A = 1", ["$A = 1"]),
        ("$9=1", ["$9=1"]),
        ("$A=${B}.1\n$B=2\nx $A\n$B=3\nx $A", ["x 2.1", "x 3.1"]),
        ("$IF=@alpha\n$IF x\n$B=@beta\n$B y", ["x"]),
        ("${_PWD}/x ${_INSTANCE}", ["d/x alpha"]),
        ("$A= \\\n one \\\n two # comment \\\n three\n$A\nx $A",
         ["one", "two", "three", "x one", "two", "three"]),
        ("$A= \\\n one $B \\\n two\n$B=1\n$A\n$B=2\n$A", ["one 1", "two", "one 2", "two"]),
        ("$IN= \\\nin $N \\\nend\n$OUT= \\\n$N=1 \\\n$IN \\\n$N=2 \\\n$IN\n$OUT",
         ["in 1", "end", "in 2", "end"]),
        ("$A= \\\n\nx $A", ["x"]),
        ("$A=x \\", []),
    ],
)  # fmt: skip
def test_parameters_are_replaced_where_they_are_used(text: str, lines: list[str]) -> None:
    assert read(text, config_id="alpha") == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("~SEQ(X, 0, 3) a${X}", ["a0", "a1", "a2", "a3"]),
        ("~SEQ(X, 3) a${X}", ["a1", "a2", "a3"]),
        ("~SEQ(X, -2) a${X}", ["a-1", "a-2"]),
        ("~SEQ(X, 2, 0) a${X}", ["a2", "a1", "a0"]),
        ("~SEQ(X, 1, 4, 10) a${X}", ["a1", "a5", "a9"]),
        ("~SEQx(X, 0x90, 0x10, 0xb0) a${X}", ["a90", "aa0", "ab0"]),
        ("$N=2\n~SEQ(X, 1, $N) a${X}", ["a1", "a2"]),
        ("~SEQ(X, 2) ~SEQ(Y, 2) ${X}${Y}", ["11", "12", "21", "22"]),
        ("~LST(X, a, b) ${X}", ["a", "b"]),
        ("~LST({X, Y}, {10,1},{20,4}) ${X}-${Y}", ["10-1", "20-4"]),
        ("~LST(X, a, b) ~SEQ(Y, 2) ${X}${Y}", ["a1", "a2", "b1", "b2"]),
        ("$L= \\\n1 $X \\\n2 $X\n~SEQ(X, 2) $L", ["1 1", "2 1", "1 2", "2 2"]),
    ],
)
def test_lines_are_repeated(text: str, lines: list[str]) -> None:
    assert read(text) == lines


@pytest.mark.parametrize(
    "text",
    [
        "~SEQ a",
        "~SEQ(X) a",
        "~SEQ(X, a) b",
        "~SEQ(X, 1, 0, 5) a",
        "~SEQ(X, 1, -1, 5) a",
        "~SEQ(X, 1000000000) a",
        "~SEQ(1X, 3) a",
        "~SEQ(X, 1, 2, 3, 4) a",
        "~LST() a",
        "~LST({X, Y}, {1}) a",
        "~LST(, 1) a",
        "~SEQ(X, 3",
    ],
)
def test_a_repetition_that_makes_no_sense_is_reported(text: str) -> None:
    assert [finding.code for finding in findings(text)] == ["bad-repetition"]
    assert read(text) == []


@pytest.mark.parametrize(
    "text",
    ["$A=$A\nx $A", "$A=${A}${A}\nx $A", "$A=$B\n$B=$A\n$A", "$A= \\\n$A \\\n$A\n$A"],
)
def test_replacing_comes_to_an_end(text: str) -> None:
    assert [finding.code for finding in findings(text)] == ["endless-parameter"]


def test_repetitions_of_repetitions_come_to_an_end() -> None:
    text = "~SEQ(A,9999) ~SEQ(B,9999) ~SEQ(C,9999) x"
    assert [finding.code for finding in findings(text)] == ["too-many-lines"]


def test_files_are_included_where_the_line_stands() -> None:
    text = "a\ninclude one.conf\nb\ninclude t*.conf\nc"
    assert read(text, one_conf="1 ${_PWD}", two_conf="2", three_conf="3") == [
        "a", "1 d", "b", "3", "2", "c",
    ]  # fmt: skip


def test_an_include_may_depend_on_the_machine_and_on_parameters() -> None:
    text = "$F=one\n@alpha include ${F}.conf\n@beta include ${F}.conf"
    assert read(text, config_id="alpha", one_conf="1") == ["1"]


def test_what_an_included_file_defines_is_known_after_it() -> None:
    assert read("include one.conf\nx $A", one_conf="$A=1") == ["x 1"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("include absent.conf", ["include-missing"]),
        ("include absent*.conf", []),
        ("includer absent*.conf", ["include-missing"]),
        ("include k.conf", ["include-loop"]),
        ("x" * LONGEST_LINE, ["line-too-long"]),
        ("x" * (LONGEST_LINE - 1), []),
        ("a\0b", ["nul-byte"]),
        ('a "b', ["open-quote"]),
        ("x ${_RANDOM 1 5}", ["impure-parameter"]),
        ("x ${_ENV HOME}", ["impure-parameter"]),
    ],
)
def test_what_cannot_be_read_is_reported(text: str, code: list[str]) -> None:
    assert [finding.code for finding in findings(text)] == code


def test_a_parameters_place_is_its_use_and_a_bodys_its_own_line() -> None:
    reader = LineReader(Memory({"k": "$A=long value\nx $A y\n$B= \\\n  body\n$B"}))
    replaced, body = reader.read("k")
    assert replaced[2:12].location.column == 3
    assert replaced[2:12].location.length == 2
    assert replaced[13:].location.column == 6
    assert (body.location.line, body.location.column) == (4, 3)
