"""vrrp_strict and strict_mode: what the RFC has and nothing else, in keepalived's words."""

from __future__ import annotations

import pytest

from tests.keepalived.memory import codes, instance, instance_text, loaded
from vipkeeper.keepalived.configuration import VirtualMac

S = 1_000_000_000
STRICT = "strict_mode"
SAMPLE = f"version 3\n{STRICT}\nno_accept"


def messages(*lines: str, vips: str = "192.0.2.1/24") -> list[str]:
    return [finding.message for finding in loaded(instance_text(*lines, vips=vips)).findings]


def test_what_is_strict_already_is_left_alone_and_nothing_is_said() -> None:
    assert messages(SAMPLE) == []
    found = instance(SAMPLE)
    assert (found.state, found.accept, found.lower_prio_no_advert) == ("BACKUP", False, False)
    assert (found.garp.lower_prio_repeat, found.garp.master_repeat) == (0, 5)


@pytest.mark.parametrize(
    ("line", "attribute", "value", "message"),
    [
        ("state MASTER\npriority 100", "state", "BACKUP",
         "(V) State MASTER must match being address owner"),
        ("version 2\nauthentication {\nauth_type PASS\nauth_pass secret\n}", "authentication", None,
         "(V) Strict mode does not support authentication. Ignoring."),
        ("preempt_delay 5", "preempt_delay_ns", 0,
         "(V) preempt_delay is incompatible with strict mode - resetting"),
        ("down_timer_adverts 5", "down_timer_adverts", 3,
         "(V) down_timer_adverts is incompatible with strict mode - resetting"),
        ("higher_prio_send_advert", "higher_prio_send_advert", False,
         "(V) higher_prio_send_advert is incompatible with strict mode - resetting"),
        ("version 2\nlower_prio_no_advert off", "lower_prio_no_advert", True,
         "(V) Strict mode requires no lower priority advert. resetting"),
        ("version 3\nlower_prio_no_advert", "lower_prio_no_advert", False,
         "(V) Strict mode requires the answer of RFC 9568 6.4.3. resetting"),
        ("use_vmac\nvmac_xmit_base", "virtual_mac", VirtualMac("vrrp.1"),
         "(V) xmit_base is incompatible with strict mode - resetting"),
    ],
)  # fmt: skip
def test_what_the_rfc_does_not_have_is_taken_away_and_told(
    line: str, attribute: str, value: object, message: str
) -> None:
    assert getattr(instance(STRICT, "no_accept", line), attribute) == value
    assert messages(STRICT, "no_accept", line) == [message]
    assert getattr(instance(line), attribute) != value, "without it the line is followed"


def test_the_repeats_after_a_losing_advert_are_no_part_of_the_rfc() -> None:
    lines = (SAMPLE, "garp_lower_prio_repeat 2", "garp_lower_prio_delay 3")
    assert messages(*lines) == [
        "(V) Strict mode requires no repeat garps. resetting",
        "(V) Strict mode requires no repeat garp delay. resetting",
    ]
    garp = instance(*lines).garp
    assert (garp.lower_prio_repeat, garp.lower_prio_delay_ns) == (0, 0)


@pytest.mark.parametrize(
    ("lines", "accept", "told"),
    [
        ("version 3", False, ["strict-mode"]),
        ("version 3\nno_accept", False, []),
        ("version 3\naccept", True, []),
        ("version 2", False, ["strict-mode"]),
        ("version 2\naccept", False, ["strict-mode", "strict-mode"]),
        ("priority 255", True, []),
        ("priority 255\nversion 2\naccept", True, []),
        ("priority 255\nno_accept", True, []),
    ],
)
def test_who_is_not_the_owner_accepts_nothing_and_that_is_said_loudly(
    lines: str, accept: bool, told: list[str]
) -> None:
    """RFC 9568 6.1: Accept_Mode is off by default; RFC 3768 has none."""
    assert instance(STRICT, lines).accept is accept
    assert codes(loaded(instance_text(STRICT, lines))) == told


def test_an_owner_takes_its_addresses_at_once() -> None:
    assert instance(STRICT, "priority 255").state == "MASTER"


def test_an_ipv6_list_begins_with_a_link_local_address() -> None:
    strict = loaded(instance_text(SAMPLE, vips="2001:db8::1/64"))
    assert "(V) the first IPv6 VIP address must be link local" in [
        finding.message for finding in strict.findings
    ]
    assert strict.configuration.refused == ("V",)
    assert instance(SAMPLE, vips="\nfe80::1/64\n2001:db8::1/64\n").family == 6


@pytest.mark.parametrize(
    ("lines", "mismatch", "owner"),
    [
        ("version 2", True, True),
        ("version 2\nskip_check_adv_addr", False, True),
        ("version 3", False, False),
        ("version 3\nowner_ignore_adverts", False, True),
    ],
)
def test_what_rfc_3768_discards_is_discarded_in_version_2(
    lines: str, mismatch: bool, owner: bool
) -> None:
    found = instance(STRICT, "no_accept", lines)
    assert (found.discard_address_mismatch, found.owner_ignore_adverts) == (mismatch, owner)


def test_an_instance_may_say_otherwise_than_the_whole_file() -> None:
    before = "global_defs {\nvrrp_strict\n}"
    assert not instance(before=before).accept
    assert instance("strict_mode off", before=before).accept
