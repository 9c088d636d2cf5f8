"""What is said of a YAML text that cannot be read."""

from __future__ import annotations

import pytest

from vipkeeper import strict_yaml
from vipkeeper.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\na: 2", "f:2:1: 'a' is there twice"),
        ("a: {b: 1, b: 2}", "f:1:11: 'b' is there twice"),
        (
            "a: 1\n---\nb: 2",
            "f:2:1: a second document begins here: one in a file is wanted",
        ),
        ("[a]: 1", "f:1:1: a key is a word, not a list or a mapping"),
        ("a: 2026-13-45", "f:1:4: this is no value: month must be in 1..12"),
        ("a: *b", "f:1:4: found undefined alias"),
        ("a: @b", "f:1:4: found character that cannot start any token"),
    ],
)
def test_where_a_text_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        strict_yaml.load(text, "f")
    assert str(caught.value) == said


@pytest.mark.parametrize("text", ["\x00", "[" * 100_000, "a: !!python/object:os.system x"])
def test_nothing_but_a_complaint_comes_of_an_odd_text(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^f:"):
        strict_yaml.load(text, "f")


def test_a_text_is_plain_values() -> None:
    text = "a: [1, 2.5, x, true, null]\nb: &b {c: 'd'}\ne: {<<: *b, f: 1}"
    assert strict_yaml.load(text, "f") == {
        "a": [1, 2.5, "x", True, None],
        "b": {"c": "d"},
        "e": {"c": "d", "f": 1},
    }
