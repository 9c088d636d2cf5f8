"""The times that follow from a router's parameters, to the nanosecond."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.vrrp.examples import V2, V3, VIRTUAL_IP
from vipkeeper.vrrp.advertisement import AUTHENTICATION_NONE, AUTHENTICATION_SIMPLE
from vipkeeper.vrrp.router import VirtualRouter, virtual_mac
from vipkeeper.vrrp.version import CENTISECOND_NS, SECOND_NS, Family


@pytest.mark.parametrize("router", [V2, V3], ids=["v2 at 1 s", "v3 at 100 cs"])
@pytest.mark.parametrize(
    ("priority", "skew_ns", "down_ns"),
    [
        (1, 996_093_750, 3_996_093_750),
        (50, 804_687_500, 3_804_687_500),
        (100, 609_375_000, 3_609_375_000),
        (200, 218_750_000, 3_218_750_000),
        (254, 7_812_500, 3_007_812_500),
        (255, 3_906_250, 3_003_906_250),
    ],
)
def test_times_at_an_interval_of_a_second(
    router: VirtualRouter, priority: int, skew_ns: int, down_ns: int
) -> None:
    router = replace(router, priority=priority)

    assert router.skew_time_ns(SECOND_NS) == skew_ns
    assert router.active_down_interval_ns(SECOND_NS) == down_ns


@pytest.mark.parametrize(
    ("priority", "skew_ns"),
    [(1, 9_960_937), (100, 6_093_750), (200, 2_187_500), (254, 78_125)],
)
def test_v3_skews_by_less_than_its_unit(priority: int, skew_ns: int) -> None:
    router = replace(V3, priority=priority)

    assert router.skew_time_ns(CENTISECOND_NS) == skew_ns
    assert router.active_down_interval_ns(CENTISECOND_NS) == 3 * CENTISECOND_NS + skew_ns


def test_v2_skews_by_a_part_of_a_second_whatever_the_interval() -> None:
    assert V2.skew_time_ns(30 * SECOND_NS) == 609_375_000
    assert V2.active_down_interval_ns(30 * SECOND_NS) == 90_609_375_000


def test_v3_skews_by_a_part_of_the_interval() -> None:
    assert V3.skew_time_ns(30 * SECOND_NS) == 18_281_250_000


def test_how_many_adverts_may_be_missed_is_a_setting() -> None:
    assert replace(V2, down_interval_adverts=1).active_down_interval_ns(SECOND_NS) == 1_609_375_000


def test_virtual_mac() -> None:
    assert virtual_mac(Family.IPV4, 0x2A).hex(":") == "00:00:5e:00:01:2a"
    assert virtual_mac(Family.IPV6, 1).hex(":") == "00:00:5e:00:02:01"


def test_advertisement_says_what_holds_now() -> None:
    assert V2.advertisement().interval == 1
    assert V3.advertisement().interval == 100
    assert V2.advertisement().addresses == (VIRTUAL_IP,)
    assert V2.advertisement().priority == 100
    assert replace(V2, priority=80).advertisement().priority == 80
    assert V2.advertisement(priority=0).priority == 0


def test_password() -> None:
    assert V2.advertisement().authentication_type == AUTHENTICATION_NONE
    with_password = replace(V2, password=b"password")
    assert with_password.advertisement().authentication_type == AUTHENTICATION_SIMPLE
    assert with_password.advertisement().authentication_data == b"password"


def test_v3_has_no_authentication_even_where_a_password_is_configured() -> None:
    """RFC 9568 9: removed. A router that asked for it would discard every advert there is."""
    router = replace(V3, password=b"password")

    assert router.authentication_type == AUTHENTICATION_NONE
    assert router.advertisement() == V3.advertisement()


def test_owner() -> None:
    assert replace(V2, priority=255).is_owner
    assert not replace(V2, priority=254).is_owner
