from __future__ import annotations

import pytest

from vipkeeper import strict_yaml
from vipkeeper.errors import ConfigError


def test_a_document_is_plain_data() -> None:
    assert strict_yaml.load("a: [1, {b: text}]\n", "f.yaml") == {"a": [1, {"b": "text"}]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: 'a' is there twice"),
        ("a: [1\n", "f.yaml:2:1: expected ',' or ']', but got '<stream end>'"),
        ("a: \x00", "f.yaml: not YAML: "),
        ("a: !!python/object:os.system x\n", "f.yaml:1:4: could not determine a constructor"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        strict_yaml.load(text, "f.yaml")
    assert str(caught.value).startswith(message)


def test_merge_keys_are_no_repetition() -> None:
    document = strict_yaml.load("one: &one {a: 1}\ntwo:\n  <<: *one\n  b: 2\n", "f.yaml")
    assert document["two"] == {"a": 1, "b": 2}
