"""The list of remarks names each one that the code can make, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.openstack.plans.test_remarks import CASES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "vip-remarks.md").read_text()
SOURCE = ROOT / "src" / "vipkeeper" / "openstack"
MAKERS = {"blocker", "warning", "note", "say"}
OF_ADOPTION = {"adoptable", "adopted_groups", "adopted_members", "adoption", "node_files"}
OF_REMOVAL = {"removal"}
COMPOSED = {
    f"{kind}-{fault}"
    for kind in ("network", "server", "port", "security-group")
    for fault in ("missing", "ambiguous")
}
"""Of a name that means nothing, or several things (choosing.py)."""


def codes(module: Path) -> Iterator[str]:
    """The codes that a module writes out, also where one of two is chosen before."""
    for node in ast.walk(ast.parse(module.read_text())):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(code)), *_]):
                if name in MAKERS:
                    yield code
            case ast.Assign(targets=[ast.Name(id="code")], value=value):
                for part in ast.walk(value):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part.value


def written() -> dict[str, set[str]]:
    """By module."""
    return {path.stem: set(codes(path)) for path in sorted(SOURCE.rglob("*.py"))}


def listed() -> set[str]:
    return set(re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE, re.MULTILINE))


def test_the_page_lists_every_remark() -> None:
    known = COMPOSED.union(*written().values())
    assert known - listed() == set(), "not in docs/vip-remarks.md"
    assert listed() - known == set(), "nothing says this"


def test_every_remark_of_a_plan_is_tried() -> None:
    of_plans = {
        code
        for module, known in written().items()
        if module not in OF_ADOPTION | OF_REMOVAL
        for code in known
    }
    tried = {case.code for case in CASES} | {"vrid-taken", "no-vrid-free"}  # test_vrids.py
    assert (of_plans | COMPOSED) - tried == set()
    assert tried - (of_plans | COMPOSED) == set()
