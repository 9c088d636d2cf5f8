from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from vipkeeper.linux.netlink import attribute, attributes, messages, nested

KINDS = st.integers(0, 0x3FFF)


@given(st.dictionaries(KINDS, st.binary(max_size=40)))
def test_attributes_are_read_as_they_were_written(written: dict[int, bytes]) -> None:
    assert attributes(b"".join(attribute(kind, value) for kind, value in written.items())) == (
        written
    )


def test_nested_attributes_are_told_by_their_flag_and_found_by_their_number() -> None:
    data = nested(18, attribute(1, b"macvlan"), nested(2, attribute(1, b"\4\0\0\0")))
    (_, kind) = struct.unpack_from("=HH", data)
    assert kind == 18 | 0x8000
    inner = attributes(attributes(data)[18])
    assert inner[1] == b"macvlan"
    assert attributes(inner[2]) == {1: b"\4\0\0\0"}


@given(st.binary(max_size=200))
def test_whatever_the_kernel_says_is_read_without_an_end_that_never_comes(data: bytes) -> None:
    list(messages(data))
    attributes(data)
