from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipkeeper.lab.instance import journal
from vipkeeper.lab.instance.fronts import _separate
from vipkeeper.lab.instance.lines import Lines


@pytest.mark.parametrize(
    ("datagram", "tag", "pid", "priority", "text"),
    [
        (b"<30>Nov 24 17:59:48 Keepalived[12]: up\0", "Keepalived", 12, 30, "up"),
        (b"<30>Nov  4 07:09:08 tag: up: now\n", "tag", 99, 30, "up: now"),
        (b"<11>from Python's SysLogHandler\0", "unit", 99, 11, "from Python's SysLogHandler"),
        (b"no priority at all", "unit", 99, 29, "no priority at all"),
        (b"<30>Nov 24 17:59:48 a[1]: b[2]: c", "a", 1, 30, "b[2]: c"),
        (b"", "unit", 99, 29, ""),
    ],
)
def test_datagram(datagram: bytes, tag: str, pid: int, priority: int, text: str) -> None:
    entry = journal.parse_datagram(datagram, unit="unit", pid=99)
    assert (entry.tag, entry.pid, entry.priority, entry.text) == (tag, pid, priority, text)


@given(st.binary(max_size=10000))
def test_any_datagram_is_an_entry(datagram: bytes) -> None:
    entry = journal.parse_datagram(datagram, unit="", pid=0)
    assert len(entry.text) <= journal.MAX_MESSAGE_CHARACTERS
    entry.short("host")


def entry(text: str) -> journal.Entry:
    return journal.Entry(1_700_000_000_000_000, "unit", "tag", 7, 30, text)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    entries = [entry("one"), entry("zwei\nlines \u2603")]
    for one in entries:
        journal.Writer(path).write(one)
    assert list(journal.read(path)) == entries


def test_it_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    writer = journal.Writer(path)
    for number in range(1500):
        writer.write(entry(f"{number} " + "x" * 4000))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2 * journal.MAX_FILE_BYTES
    numbers = [int(one.text.split()[0]) for one in journal.read(path)]
    assert numbers == list(range(numbers[0], 1500))


def test_following_goes_on_over_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    writer = journal.Writer(path)
    writer.write(entry("before"))
    following = journal.follow(path)
    assert next(following) is None
    writer.write(entry("first"))
    assert next(following) == entry("first")
    path.replace(journal.older(path))
    writer.write(entry("second"))
    assert next(one for one in following if one) == entry("second")


def test_a_line_half_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text("")
    following = journal.follow(path)
    assert next(following) is None
    journal.Writer(path).write(entry("whole"))
    whole = path.read_text()
    path.write_text(whole[:20])
    assert next(following) is None
    path.write_text(whole)
    assert next(following) == entry("whole")


def test_half_an_entry_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text('{"time_us":1,"un\n[]\n')
    journal.Writer(path).write(entry("whole"))
    assert list(journal.read(path)) == [entry("whole")]


def test_short_format() -> None:
    assert entry("text").short("test02").endswith(" test02 tag[7]: text")


@given(st.lists(st.binary(max_size=50)))
def test_lines_are_the_same_however_the_stream_is_cut(parts: list[bytes]) -> None:
    lines = Lines()
    found = [line for part in parts for line in lines.feed(part)] + lines.end()
    expected = [line.decode(errors="replace") for line in b"".join(parts).split(b"\n")]
    assert found == (expected if expected[-1] else expected[:-1])


def test_a_line_without_end_is_cut() -> None:
    lines = Lines()
    found = lines.feed(b"x" * 20000) + lines.end()
    assert "".join(found) == "x" * 20000
    assert max(map(len, found)) == journal.MAX_MESSAGE_CHARACTERS


@pytest.mark.parametrize(
    ("typed", "separated"),
    [
        (["-fu", "keepalived"], ["-f", "-u", "keepalived"]),
        (["-xeu", "keepalived"], ["-x", "-e", "-u", "keepalived"]),
        (["-u", "a", "-n", "5", "--no-pager"], ["-u", "a", "-n", "5", "--no-pager"]),
        (["-n5"], ["-n5"]),
    ],
)
def test_letters_are_separated(typed: list[str], separated: list[str]) -> None:
    assert _separate(typed) == separated
