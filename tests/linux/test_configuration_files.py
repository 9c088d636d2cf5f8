from __future__ import annotations

from pathlib import Path

import pytest

from vipkeeper.keepalived import UnreadableFileError
from vipkeeper.linux.configuration_files import ConfigurationFiles, read_configuration


def test_bytes_that_are_not_utf8_survive(tmp_path: Path) -> None:
    file = tmp_path / "k.conf"
    file.write_bytes(b"auth_pass \xff\xfe\n")
    text = ConfigurationFiles().read(str(file))
    assert text.encode(errors="surrogateescape") == b"auth_pass \xff\xfe\n"


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(UnreadableFileError, match="more than 16777216 bytes"):
        ConfigurationFiles().read("/dev/zero")


@pytest.mark.parametrize("name", ["absent", ".", "a\0b", "absent/k.conf"])
def test_what_cannot_be_read_says_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFileError) as caught:
        ConfigurationFiles().read(f"{tmp_path}/{name}")
    assert caught.value.exit_code == 4
    assert caught.value.reason


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.conf", ["a.conf", "b.conf"]),
        ("?.conf", ["a.conf", "b.conf"]),
        ("[b-z].conf", ["b.conf"]),
        ("{b,a}.conf", ["b.conf", "a.conf"]),
        ("{a,{b,sub/c}}.conf", ["a.conf", "b.conf", "sub/c.conf"]),
        ("a.conf", ["a.conf"]),
        ("absent*", []),
        ("*", ["a.conf", "b.conf", "plain"]),
        ("a\0*", []),
        ("{a.conf", []),
        ("{a,b}" * 30, []),
    ],
)
def test_patterns_are_the_c_librarys(tmp_path: Path, pattern: str, names: list[str]) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.conf", "b.conf", "plain", ".hidden", "sub/c.conf"):
        (tmp_path / name).touch()
    found = ConfigurationFiles().glob(pattern, str(tmp_path))
    assert [str(Path(path).relative_to(tmp_path)) for path in found] == names
    absolute = ConfigurationFiles().glob(f"{tmp_path}/{pattern}", "/")
    assert absolute == found


def test_includes_are_relative_to_the_file_that_holds_them(tmp_path: Path) -> None:
    (tmp_path / "conf.d" / "deep").mkdir(parents=True)
    (tmp_path / "k.conf").write_text("include conf.d/*.conf\n")
    (tmp_path / "conf.d" / "one.conf").write_text("include deep/two.conf\n")
    (tmp_path / "conf.d" / "deep" / "two.conf").write_text("vrrp_instance V { interface e\n}\n")
    loaded = read_configuration(str(tmp_path / "k.conf"))
    assert loaded.files == tuple(
        str(tmp_path / name) for name in ("k.conf", "conf.d/one.conf", "conf.d/deep/two.conf")
    )
    assert loaded.configuration.refused == ("V",)
