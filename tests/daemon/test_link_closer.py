from __future__ import annotations

from threading import Event, Thread

from tests.topology import wait_until
from vipkeeper.daemon.link_closer import LinkCloser
from vipkeeper.errors import KernelError


class Kernel:
    """Takes its time to take an interface down, until it is let go on."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.may_go_on = Event()

    def close(self, index: int, name: str) -> None:
        self.begun.append(name)
        assert self.may_go_on.wait(30)
        if name == "broken":
            raise KernelError("take down interface broken", 1)
        self.done.append(name)


def test_nobody_waits_and_all_is_done_in_its_order() -> None:
    kernel = Kernel()
    closer = LinkCloser(kernel.close)
    for index, name in enumerate("abc"):
        closer.close_later(index, name)
    wait_until(lambda: kernel.begun == ["a"], what="it has begun")
    assert kernel.done == []
    kernel.may_go_on.set()
    closer.finish()
    assert kernel.done == ["a", "b", "c"]


def test_what_has_not_begun_can_be_taken_back_and_asked_for_again() -> None:
    kernel = Kernel()
    closer = LinkCloser(kernel.close)
    for index, name in enumerate("abc"):
        closer.close_later(index, name)
    wait_until(lambda: kernel.begun == ["a"], what="it has begun")
    closer.keep_open(1)
    closer.keep_open(2)
    closer.close_later(2, "c")
    closer.keep_open(7)  # nobody knows it
    kernel.may_go_on.set()
    closer.finish()
    assert kernel.done == ["a", "c"]


def test_what_has_begun_is_waited_for() -> None:
    """Brought up before its end, it would be down after it."""
    kernel = Kernel()
    closer = LinkCloser(kernel.close)
    closer.close_later(0, "a")
    wait_until(lambda: kernel.begun == ["a"], what="it has begun")
    seen: list[list[str]] = []

    def wait() -> None:
        closer.keep_open(0)
        seen.append(list(kernel.done))

    waiting = Thread(target=wait)
    waiting.start()
    kernel.may_go_on.set()
    waiting.join(30)
    assert seen == [["a"]]


def test_what_fails_is_told_once_and_the_next_is_done() -> None:
    kernel = Kernel()
    kernel.may_go_on.set()
    closer = LinkCloser(kernel.close)
    closer.close_later(0, "broken")
    closer.close_later(1, "a")
    closer.finish()
    ((name, error),) = closer.failures()
    assert name == "broken"
    assert error.message == "cannot take down interface broken: Operation not permitted"
    assert closer.failures() == []
    assert kernel.done == ["a"]
