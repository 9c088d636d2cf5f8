"""What the guides show is what happens."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.docs.guide import Guide, Typed, files, session

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("name", ["walkthrough", "openstack", "own-cloud"])
def test_a_guide_is_true(name: str, tmp_path: Path) -> None:
    guide = Guide(name, f"guide-{os.getpid()}", tmp_path)
    steps = list(session(guide.path.read_text()))
    assert re.match(r"vipkeeper lab up\b", steps[0].command)
    assert steps[-1].command == "vipkeeper lab down"
    try:
        guide.go()
    finally:
        guide.down()


def test_dots_stand_for_any_text() -> None:
    typed = Typed(1, None, "vipkeeper lab status", "a...\nb")
    assert typed.pattern().fullmatch("a1\n2\nb")
    assert not typed.pattern().fullmatch("a1\n2\nc")


def test_a_file_is_what_stands_below_its_name() -> None:
    text = "```yaml\n# one.yaml\n#cloud-config\nruncmd: []\n```\n```yaml\nother: 1\n```\n"
    assert list(files(text)) == [("one.yaml", "#cloud-config\nruncmd: []\n")]
