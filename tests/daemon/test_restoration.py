"""An Active router whose addresses somebody else takes off, in virtual time."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface

from tests.daemon.recording import SECOND, SETTINGS, Bench
from vipkeeper.daemon.instance import RECOVERY_NS
from vipkeeper.daemon.restoration import RETRY_AFTER_NTHS, TELL_EVERY_NS
from vipkeeper.daemon.settings import VirtualAddress
from vipkeeper.vrrp.states import Active, Initialize

(ADDRESS,) = SETTINGS.addresses
SECOND_ADDRESS = VirtualAddress(ip_interface("192.168.100.197/24"), "eth0")
MILLISECOND = SECOND // 1000


def active(*addresses: VirtualAddress) -> tuple[Bench, int]:
    bench = Bench(replace(SETTINGS, addresses=addresses or (ADDRESS,)))
    now = bench.become_active()
    bench.effects.take()
    bench.records.clear()
    return bench, now


def run_until(bench: Bench, end: int) -> None:
    while (due := bench.instance.deadline()) is not None and due <= end:
        bench.instance.on_timer(due)


def announced(bench: Bench) -> int:
    return sum(line.startswith("announce") for line in bench.effects.take())


def told(bench: Bench) -> list[int]:
    """How often each record of a restoration says that the first address was put back."""
    records = [record for record in bench.records if record["record"] == "restored"]
    return [record["addresses"][0][2] for record in records]


def test_it_is_put_back_told_and_announced_at_once() -> None:
    bench, now = active()
    bench.instance.restore([ADDRESS], now)
    assert bench.effects.take() == [
        f"add {ADDRESS}",
        *["announce 192.168.100.196 on eth0"] * 5,
    ]
    assert bench.records[0]["addresses"] == [["eth0", "192.168.100.196", 1]]


def test_who_deletes_it_in_a_loop_is_answered_each_time_and_told_of_once_a_second() -> None:
    bench, now = active()
    added = announcements = 0
    for millisecond in range(10_000):
        at = now + millisecond * MILLISECOND
        run_until(bench, at)
        bench.instance.restore([ADDRESS], at)
        done = bench.effects.take()
        added += sum(line.startswith("add") for line in done)
        announcements += sum(line.startswith("announce") for line in done)
    assert added == 10_000
    assert len(told(bench)) == 10
    # Five at once each time; a repetition five seconds later never comes to it.
    assert announcements == 50
    run_until(bench, now + 10 * SECOND)
    assert sum(told(bench)) == 10_000
    assert isinstance(bench.instance.state, Active)


def test_the_last_of_several_is_told_and_announced_too() -> None:
    bench, now = active()
    bench.instance.restore([ADDRESS], now)
    bench.instance.restore([ADDRESS], now + MILLISECOND)
    bench.effects.take()
    assert bench.instance.deadline() == now + TELL_EVERY_NS
    run_until(bench, now + TELL_EVERY_NS)
    assert told(bench) == [1, 1]
    assert announced(bench) == 5


def test_what_cannot_be_put_back_is_tried_again_and_then_is() -> None:
    bench, now = active()
    bench.effects.failing = {"add"}
    bench.instance.restore([ADDRESS], now)
    assert isinstance(bench.instance.state, Active)
    assert bench.kinds() == ["kernel-error"]
    due = bench.instance.deadline()
    assert due is not None
    bench.effects.failing = set()
    bench.instance.on_timer(due)
    assert bench.effects.held == {str(ADDRESS)}
    assert told(bench) == [1]
    assert announced(bench) == 5


def test_it_is_given_up_within_half_a_down_interval() -> None:
    bench, now = active()
    down_interval = bench.instance.router.active_down_interval_ns(SECOND)
    bench.effects.failing = {"add"}
    bench.instance.restore([ADDRESS], now)
    while isinstance(bench.instance.state, Active):
        due = bench.instance.deadline()
        assert due is not None
        bench.instance.on_timer(due)
    assert isinstance(bench.instance.state, Initialize)
    assert bench.records[-1]["cause"] == "an action failed"
    recovers = bench.instance.deadline()
    assert recovers is not None
    assert recovers - RECOVERY_NS - now == sum(down_interval // n for n in RETRY_AFTER_NTHS)
    assert recovers - RECOVERY_NS - now < down_interval // 2
    assert len([kind for kind in bench.kinds() if kind == "kernel-error"]) == 2


def test_events_between_the_attempts_do_not_use_them_up() -> None:
    bench, now = active()
    bench.effects.failing = {"add"}
    for _ in range(100):
        bench.instance.restore([ADDRESS], now)
    assert isinstance(bench.instance.state, Active)
    assert bench.kinds().count("kernel-error") == 1


def test_one_that_cannot_be_put_back_keeps_no_other_away() -> None:
    bench, now = active(ADDRESS, SECOND_ADDRESS)
    add = bench.effects.add_address

    def refuse_the_first(address: VirtualAddress) -> bool:
        bench.effects.failing = {"add"} if address == ADDRESS else set()
        return add(address)

    bench.effects.add_address = refuse_the_first  # type: ignore[method-assign]
    bench.instance.restore([ADDRESS, SECOND_ADDRESS], now)
    assert f"add {SECOND_ADDRESS}" in bench.effects.take()


def test_what_somebody_has_put_back_already_is_no_news() -> None:
    bench, now = active()
    bench.effects.add_address = lambda address: False  # type: ignore[method-assign]
    bench.instance.restore([ADDRESS], now)
    assert bench.records == []
    assert announced(bench) == 0


def test_an_interface_that_was_down_is_announced_again_and_no_address_told() -> None:
    bench, now = active()
    bench.instance.restore([], now)
    assert bench.kinds() == ["announcement"]
    assert announced(bench) == 5


def test_a_router_that_yields_puts_nothing_back() -> None:
    bench, now = active()
    bench.effects.failing = {"add"}
    bench.instance.restore([ADDRESS], now)
    bench.hear(200, now + 1)
    bench.effects.failing = set()
    bench.effects.take()
    run_until(bench, now + SECOND)
    assert not [line for line in bench.effects.take() if line.startswith("add")]
