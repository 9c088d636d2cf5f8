from __future__ import annotations

from vipkeeper.daemon.leases import Leases

MS = 1_000_000


class Kernel:
    def __init__(self) -> None:
        self.granted: list[tuple[str, int | None]] = []
        self.leases = Leases(lambda device, until: self.granted.append((device, until)))

    def take(self) -> list[tuple[str, int | None]]:
        granted, self.granted = self.granted, []
        return granted


def test_one_router_renews_at_each_advert() -> None:
    kernel = Kernel()
    for advert in range(5):
        now = advert * 1000 * MS
        kernel.leases.extend("VI_1", ["eth0"], now + 3000 * MS, now)
        assert kernel.take() == [("eth0", now + 3000 * MS)]


def test_many_routers_on_an_interface_share_a_lease_the_shortest_of_theirs() -> None:
    """250 of them, each ten times a second, evenly: renewed some 30 times a second, not 2,500."""
    kernel = Kernel()
    last: dict[int, int] = {}
    renewals = []
    for advert in range(5000):
        router, now = advert % 250, advert * 100 * MS // 250
        last[router] = now + 300 * MS
        kernel.leases.extend(router, ["eth0"], last[router], now)
        for _, until in kernel.take():
            assert until == min(last.values())
            assert until > now + 190 * MS
            renewals.append(now)
    assert 30 <= len([now for now in renewals if now >= 1000 * MS]) <= 42


def test_a_shorter_one_holds_at_once() -> None:
    kernel = Kernel()
    kernel.leases.extend("VI_1", ["eth0"], 3000 * MS, 0)
    kernel.leases.extend("VI_1", ["eth0"], 50 * MS, 1)
    kernel.leases.extend("VI_2", ["eth0"], 40 * MS, 2)
    assert kernel.take() == [("eth0", 3000 * MS), ("eth0", 50 * MS), ("eth0", 40 * MS)]


def test_each_interface_has_its_own_and_the_last_router_ends_it() -> None:
    kernel = Kernel()
    kernel.leases.extend("VI_1", ["eth0", "eth1"], 3000 * MS, 0)
    kernel.leases.extend("VI_2", ["eth1"], 2000 * MS, 0)
    kernel.take()
    kernel.leases.end("VI_1")
    assert kernel.take() == [("eth0", None)]
    kernel.leases.end("VI_2")
    kernel.leases.end("VI_2")
    assert kernel.take() == [("eth1", None)]


def test_who_stays_is_not_left_with_the_lease_of_who_has_gone() -> None:
    kernel = Kernel()
    kernel.leases.extend("VI_1", ["eth0"], 30_000 * MS, 0)
    kernel.leases.extend("VI_2", ["eth0"], 50 * MS, 0)
    kernel.take()
    kernel.leases.end("VI_2")
    assert kernel.take() == [("eth0", 30_000 * MS)]


def test_who_goes_on_after_a_moment_does_not_keep_the_moments_lease() -> None:
    """It was handing over, found nobody, and is Active again: its next advert may be far away."""
    kernel = Kernel()
    kernel.leases.extend("VI_1", ["eth0"], 50 * MS, 0)
    kernel.leases.extend("VI_1", ["eth0"], 3000 * MS, 1 * MS)
    assert kernel.take() == [("eth0", 50 * MS), ("eth0", 3000 * MS)]


def test_it_lasts_until_the_next_advert_of_each() -> None:
    """Two missing adverts are too many for one, and another on its interface speaks in between."""
    kernel = Kernel()
    for advert in range(3):
        now = advert * 1000 * MS
        kernel.leases.extend("VI_1", ["eth0"], now + 2004 * MS, now)
        assert kernel.take()[-1:] == [("eth0", now + 2004 * MS)]
        kernel.leases.extend("VI_2", ["eth0"], now + 50_000 * MS, now + 900 * MS)
