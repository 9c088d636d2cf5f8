"""keepalived 2.2.7's own opinion of every file of the corpus, beside vipkeeper's.

Where they differ, the reason stands here: a difference that is not listed is a fault.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache

import pytest

from tests.keepalived.corpus import CONFIG_ID, CORPUS, FILES, read
from tests.topology import program
from vipkeeper.keepalived import Severity

# What the corpus calls interfaces. keepalived -t wants to see them.
INTERFACES = (
    "eth0", "eth1", "ha-5c1f3a2b-90", "qr-11aa22bb-33", "qg-44cc55dd-66", "ha-77aa88bb-99",
    "qr-10203040-50",
)  # fmt: skip

# Found wrong by vipkeeper only.
STRICTER = {
    "empty.conf": "a file without any instance is most likely the wrong one",
    "comments-only.conf": "as empty.conf",
    "password-with-bang.conf": "the password is cut short, and keepalived says nothing",
    "lvs-director.conf": "the load balancer's part is skipped, and that is said",
    "web-pair.conf": "its health script is not run, and that is said",
    "not-yet-spoken.conf": "AH is not spoken yet",
}

# With script security on, keepalived wants root to own a script. To a user's namespace the host's
# root is nobody.
SCRIPT_SECURITY = {"web-pair.conf"}

# Found wrong by keepalived only.
MORE_LENIENT: dict[str, str] = {}


@cache
def keepalived_says(name: str) -> int:
    """The exit code of keepalived -t in a network namespace that has the interfaces."""
    links = " && ".join(
        f"{program('ip')} link add {interface} type veth peer name peer{number}"
        for number, interface in enumerate(INTERFACES)
    )
    test = f"{program('keepalived')} --config-test --config-id {CONFIG_ID} --use-file {name}"
    enter = [program("unshare"), "--user", "--map-root-user", "--net", "--"]
    return subprocess.run(
        [*enter, "/bin/sh", "-c", f"{links} && exec {test}"],
        cwd=CORPUS,
        capture_output=True,
        check=False,
        timeout=30,
    ).returncode


def finds_fault(name: str) -> bool:
    return any(finding.severity is not Severity.NOTE for finding in read(name).findings)


@pytest.mark.parametrize("name", FILES)
def test_both_find_fault_with_the_same_files(name: str) -> None:
    code = keepalived_says(name)
    assert code in (0, 2, 4, 5, 6), f"keepalived -t ended with {code}"
    if name in STRICTER:
        assert finds_fault(name), STRICTER[name]
        assert code == 0 or (name in SCRIPT_SECURITY and os.geteuid() != 0)
    elif name in MORE_LENIENT:
        assert code != 0, MORE_LENIENT[name]
        assert not finds_fault(name)
    else:
        assert finds_fault(name) == (code != 0)


def test_a_missing_parameter_is_fatal_to_both() -> None:
    assert keepalived_says("missing-parameter.conf") == 2
    assert any(f.severity is Severity.ERROR for f in read("missing-parameter.conf").findings)
