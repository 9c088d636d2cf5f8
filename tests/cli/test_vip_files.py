"""Files that are written for a person: nobody else's are overwritten, secrets stay secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from vipkeeper.cli import vip_files
from vipkeeper.errors import UsageError, VipkeeperError

TEXTS = {"test01/keepalived.conf": "auth_pass x\n", "web.tf": "# nothing\n"}
SECRET = {"test01/keepalived.conf"}


def write(directory: Path, texts: dict[str, str] = TEXTS, *, force: bool = False) -> list[Path]:
    return vip_files.write(directory, texts, secret=SECRET, force=force)


def test_what_holds_the_password_is_for_its_owner_alone(tmp_path: Path) -> None:
    there = tmp_path / "a/b"
    assert write(there) == [there / name for name in TEXTS]
    modes = {name: oct((there / name).stat().st_mode & 0o777) for name in TEXTS}
    assert modes == {"test01/keepalived.conf": "0o600", "web.tf": "0o644"}
    assert {name: (there / name).read_text() for name in TEXTS} == TEXTS


def test_our_own_files_are_written_anew(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, {"web.tf": "# changed\n"})
    write(tmp_path)
    assert (tmp_path / "web.tf").read_text() == "# nothing\n"


@pytest.mark.parametrize("there", ["by hand\n", ""])
def test_a_file_of_somebody_else_stays_and_nothing_is_written(tmp_path: Path, there: str) -> None:
    (tmp_path / "web.tf").write_text(there)
    with pytest.raises(UsageError, match=r"web\.tf") as caught:
        write(tmp_path)
    assert "--force" in caught.value.remedy
    assert [one.name for one in tmp_path.iterdir()] == ["web.tf"]
    write(tmp_path, force=True)
    assert (tmp_path / "web.tf").read_text() == "# nothing\n"


def test_a_file_that_was_changed_since_stays(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "web.tf").write_text("# changed by hand\n")
    with pytest.raises(UsageError, match="changed since"):
        write(tmp_path)


def test_a_file_that_is_the_same_already_is_nobodys_loss(tmp_path: Path) -> None:
    (tmp_path / "web.tf").write_text(TEXTS["web.tf"])
    write(tmp_path)


def test_a_manifest_that_is_none_makes_all_files_somebody_elses(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / vip_files.MANIFEST).write_text("[")
    with pytest.raises(UsageError):
        write(tmp_path, {"web.tf": "# other\n"})


def test_what_the_system_refuses_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(VipkeeperError, match=r"cannot write .*: Not a directory|File exists"):
        write(tmp_path / "file")


def test_one_file_overwrites_none_that_says_something_else(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    vip_files.refuse_stranger(path, "a\n", force=False)
    vip_files.write_one(path, "a\n", secret=True)
    assert path.stat().st_mode & 0o777 == 0o600
    vip_files.refuse_stranger(path, "a\n", force=False)
    with pytest.raises(UsageError, match="is there already"):
        vip_files.refuse_stranger(path, "b\n", force=False)
    vip_files.refuse_stranger(path, "b\n", force=True)
