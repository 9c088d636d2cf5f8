"""Messages between a lab's processes, short and long."""

from __future__ import annotations

import json
import os
import socket

import pytest

from vipkeeper.errors import LabError
from vipkeeper.lab import messages


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 -- a count, no path


@pytest.mark.parametrize("length", [0, 10, messages.MAX_BYTES, 5_000_000])
def test_a_message_comes_as_it_was_sent_with_its_descriptors(length: int) -> None:
    ours, theirs = messages.pair()
    with ours, theirs, open(os.devnull, "rb") as file:  # noqa: PTH123
        before = open_descriptors()
        messages.send(ours, {"text": "x" * length}, [file.fileno()])
        received = messages.receive(theirs)
        assert received is not None
        message, (descriptor,) = received
        assert message == {"text": "x" * length}
        assert os.fstat(descriptor).st_rdev == os.fstat(file.fileno()).st_rdev
        os.close(descriptor)
        assert open_descriptors() == before


def test_the_end_is_none() -> None:
    ours, theirs = messages.pair()
    with theirs:
        ours.close()
        assert messages.receive(theirs) is None


@pytest.mark.parametrize(
    "packet",
    [
        b"nonsense",
        b"[]",
        b'{"length": 5}',
        b'{"length": 1000000000000000}',
        b'{"length": -1}',
        b'{"length": "many"}',
        b'{"length": null}',
    ],
)
@pytest.mark.parametrize("with_descriptor", [True, False])
def test_what_is_no_message_is_refused_and_leaves_no_descriptor(
    packet: bytes, with_descriptor: bool
) -> None:
    ours, theirs = messages.pair()
    reader, writer = os.pipe()
    with ours, theirs:
        before = open_descriptors()
        socket.send_fds(ours, [packet], [reader] if with_descriptor else [])
        with pytest.raises(LabError, match="is no message"):
            messages.receive(theirs)
        assert open_descriptors() == before
    os.close(reader)
    os.close(writer)


def test_a_failure_is_raised_at_the_other_end() -> None:
    sent = messages.failure(LabError("no", remedy="do this"))
    with pytest.raises(LabError, match="no") as caught:
        messages.raise_failure(json.loads(json.dumps(sent)))
    assert caught.value.remedy == "do this"
