from __future__ import annotations

from pathlib import Path

import pytest

from vipkeeper.daemon.state_file import HostChanges, StateFile

CHANGES = HostChanges(
    ["vrrp.51"], {"/proc/sys/net/ipv4/conf/eth0/arp_ignore": ("0", "1")}, ["accept_mode"]
)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def state_file(tmp_path: Path, said: list[str]) -> StateFile:
    return StateFile(tmp_path / "vipkeeperd.state", said.append)


def test_what_one_daemon_has_changed_the_next_one_reads(
    state_file: StateFile, said: list[str]
) -> None:
    assert state_file.left() == HostChanges()
    state_file.changes = CHANGES
    state_file.save()
    assert StateFile(state_file.path, said.append).left() == CHANGES
    assert said == []


def test_without_changes_there_is_no_file(state_file: StateFile) -> None:
    state_file.changes = CHANGES
    state_file.save()
    state_file.changes = HostChanges()
    state_file.save()
    assert list(state_file.path.parent.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"format": 2}',
        b'{"format": 1, "macvlans": 5, "sysctls": {}, "tables": []}',
        b'{"format": 1, "macvlans": [], "sysctls": {"a": 1}, "tables": []}',
        b'{"format": 1, "macvlans": [], "sysctls": {"/etc/x": ["0", "1"]}, "tables": []}',
        b'{"format": 1, "macvlans": [], "sysctls": {"/proc/sys/net/../../../x": ["0", "1"]},'
        b' "tables": []}',
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_understood_is_told_and_undoes_nothing(
    state_file: StateFile, said: list[str], content: bytes
) -> None:
    state_file.path.write_bytes(content)
    assert state_file.left() == HostChanges()
    (message,) = said
    assert str(state_file.path) in message
    assert "nothing is undone" in message


def test_that_it_cannot_be_written_is_told(tmp_path: Path, said: list[str]) -> None:
    state_file = StateFile(tmp_path / "missing" / "vipkeeperd.state", said.append)
    state_file.changes = CHANGES
    state_file.save()
    assert said == [
        f"cannot write the state file {state_file.path}: No such file or directory;"
        " what is changed now is not undone if this daemon is killed"
    ]
