"""Whatever is written, there is a spec or complaints with paths, and never anything else."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.openstack.specs import specs
from vipkeeper.errors import ConfigError
from vipkeeper.openstack.declaration import spec_file, spec_text
from vipkeeper.openstack.declaration.spec import VipSpec

_WORDS = st.sampled_from(
    ("a", "80", "80/udp", "9-8", "icmp", "10.0.0.1", "10.0.0.1/8", "fd00::1", "fd00::/8", "none")
)
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), _WORDS
)
_KEYS = st.sampled_from(
    (
        "server",
        "port",
        "priority",
        "interface",
        "network",
        "address",
        "type",
        "password",
        "version",
        "vrid",
        "interval",
        "authentication",
        "protocol",
        "from",
        "first",
        "source",
        "x",
    )
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)
_TOP = ("name", "network", "address", "ip", "members", "floating_ip", "vrrp", "service_ports")


def complaints(make: Callable[[], VipSpec]) -> list[str]:
    """What is complained of, one a line; nothing of a spec."""
    try:
        make()
    except ConfigError as error:
        return str(error).splitlines()
    return []


@given(
    document=st.fixed_dictionaries(
        {}, optional=dict.fromkeys((*_TOP, "security_group", "anti_affinity", "y"), ANYTHING)
    )
)
def test_a_document_of_anything(document: dict[str, Any]) -> None:
    lines = complaints(lambda: spec_file.checked(document, "f"))
    assert all(re.match(r"f: \S+: \S", line) for line in lines), lines


@given(spec=specs(), key=st.sampled_from((*_TOP, "security_group", "y")), value=ANYTHING)
def test_one_wrong_part_is_all_that_is_complained_of(spec: VipSpec, key: str, value: Any) -> None:
    """But for what contradicts it: families, and what needs one of them."""
    document = {**spec_text.document(spec), key: value}
    lines = complaints(lambda: spec_file.checked(document, "f"))
    paths = {re.sub(r"[.\[:].*", "", line.removeprefix("f: ")) for line in lines}
    of_families = {"address", "ip", "floating_ip", "vrrp", "service_ports"}
    assert paths <= {key} or (paths <= of_families and key in ("address", "ip"))


@given(text=st.text(max_size=60))
def test_a_text_of_anything(text: str) -> None:
    assert all(line.startswith("f") for line in complaints(lambda: spec_file.parse(text, "f")))


@given(document=ANYTHING)
def test_any_yaml(document: Any) -> None:
    text = yaml.safe_dump(document)
    assert all(line.startswith("f:") for line in complaints(lambda: spec_file.parse(text, "f")))
