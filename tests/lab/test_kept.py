"""Labs on disk: written whole or not at all, and read back only if they are one."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from vipkeeper.errors import LabError
from vipkeeper.lab.kept import KeptLab, KeptLabs

ONE = KeptLab(api_port=40000, since=1234.5, archive=b"\x1f\x8b\nwhatever\n")


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    labs = KeptLabs(tmp_path / "not/there")
    labs.make_directory()
    assert labs.names() == []
    assert labs.read("one") is None
    path = labs.write("one", ONE)
    assert labs.read("one") == ONE
    assert labs.names() == ["one"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert labs.forget("one")
    assert not labs.forget("one")
    assert labs.names() == []


def test_the_last_one_counts(tmp_path: Path) -> None:
    labs = KeptLabs(tmp_path)
    labs.write("one", ONE)
    labs.write("one", KeptLab(1, 2.0, b"x"))
    assert labs.read("one") == KeptLab(1, 2.0, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["one.lab"]


def test_a_place_that_is_none_is_said_beforehand(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(LabError, match=r"cannot keep a lab in .*: File exists"):
        KeptLabs(file).make_directory()


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"cannot keep the lab in .*: No such file or directory"):
        KeptLabs(tmp_path / "nowhere").write("one", ONE)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a kept lab"),
        (b"nonsense\n", "is not a kept lab"),
        (b"[]\n", "is not a kept lab"),
        (b'{"format": 1}\n', "is not a kept lab"),
        (b'{"format": 99, "api_port": 1, "since": 1}\n', "is from another version of vipkeeper"),
    ],
)
def test_what_is_none_is_said_with_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "one.lab").write_bytes(content)
    with pytest.raises(LabError, match=words) as caught:
        KeptLabs(tmp_path).read("one")
    assert "vipkeeper lab forget --name one" in caught.value.remedy
