from __future__ import annotations

import socket

from vipkeeper.daemon.channel import BACKLOG_LIMIT, Channel


def pair() -> tuple[Channel, Channel]:
    ours, theirs = socket.socketpair()
    return Channel(ours), Channel(theirs)


def test_records_arrive_whole_and_in_order() -> None:
    one, other = pair()
    records = [{"n": n, "text": "ä" * n} for n in range(50)]
    for record in records:
        assert one.send(record)
    assert other.receive() == records
    assert other.receive() == []
    one.close()
    assert other.receive() is None
    other.close()


def test_the_last_records_are_read_after_the_other_side_has_gone() -> None:
    one, other = pair()
    one.send({"last": "words"})
    one.close()
    assert other.receive() == [{"last": "words"}]
    assert other.receive() is None
    other.close()


def test_a_reader_that_does_not_read_stops_nobody_and_costs_a_bounded_backlog() -> None:
    one, other = pair()
    record = {"text": "x" * 100_000}
    for _ in range(2 * BACKLOG_LIMIT // 100_000):
        one.send(record)
    assert one.dropped > 0
    received = 0
    while records := other.receive():
        received += len(records)
        one.flush()
    assert received + one.dropped == 2 * BACKLOG_LIMIT // 100_000
    one.close()
    other.close()


def test_sending_to_nobody_is_no_error() -> None:
    one, other = pair()
    other.close()
    assert one.send({"to": "nobody"})
    assert one.receive() is None
    one.close()
