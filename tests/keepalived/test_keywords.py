"""What each keyword's value becomes; the file below is otherwise without faults."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

import pytest

from tests.keepalived.memory import codes, instance, instance_text, loaded
from vipkeeper.keepalived import (
    Authentication,
    AuthenticationType,
    Command,
    GarpSettings,
    TrackedInterface,
    UnicastPeer,
    VirtualAddress,
)

MS = 1_000_000
S = 1_000_000_000
VIP = IPv4Interface("192.0.2.1/24")
PEER = IPv4Address("192.0.2.2")


def test_an_instance_that_says_little_has_keepaliveds_defaults() -> None:
    found = instance()
    assert (found.name, found.interface, found.virtual_router_id) == ("V", "eth0", 1)
    assert (found.state, found.priority, found.advert_int_ns) == ("BACKUP", 100, S)
    assert (found.version, found.family, found.authentication) == (2, 4, None)
    assert found.virtual_ipaddress == (VirtualAddress(VIP, "eth0"),)
    assert found.virtual_ipaddress_excluded == ()
    assert (found.nopreempt, found.preempt_delay_ns, found.down_timer_adverts) == (False, 0, 3)
    assert found.garp == GarpSettings(5 * S, 5, 0, 1, 5 * S, 5, 0, 0)
    assert found.accept
    assert not found.lower_prio_no_advert
    assert found.higher_prio_send_advert is None
    assert not found.skip_check_adv_addr
    assert not found.dont_track_primary
    assert found.multicast_group == IPv4Address("224.0.0.18")
    assert loaded(instance_text()).findings == ()


@pytest.mark.parametrize(
    ("line", "attribute", "value"),
    [
        ("priority 1", "priority", 1),
        ("priority +5", "priority", 5),
        ('priority " 7"', "priority", 7),
        ("priority 255", "priority", 255),
        ("state BACKUP", "state", "BACKUP"),
        ("state MASTER\npriority 9", "state", "MASTER"),
        ("state MASTER\npriority 9", "priority", 9),
        ("version 2", "version", 2),
        ("version 3", "version", 3),
        ("version 3\nadvert_int 0.01", "advert_int_ns", 10 * MS),
        ("version 3\nadvert_int 0.05", "advert_int_ns", 50 * MS),
        ("version 3\nadvert_int 40.95", "advert_int_ns", 40_950 * MS),
        ("mcast_src_ip 192.0.2.9", "mcast_src_ip", IPv4Address("192.0.2.9")),
        ("mcast_dst_ip 224.0.0.99", "multicast_group", IPv4Address("224.0.0.99")),
        ("unicast_peer { 192.0.2.2 }", "unicast_peer", (UnicastPeer(PEER),)),
        ("unicast_peer {\n192.0.2.2\n192.0.2.2\n}", "unicast_peer", (UnicastPeer(PEER),)),
        (
            "unicast_peer {\n192.0.2.2 min_ttl 3 max_ttl 9\n}",
            "unicast_peer",
            (UnicastPeer(PEER, 3, 9),),
        ),
        ("unicast_peer {\n192.0.2.2\n}\nunicast_ttl 64", "unicast_ttl", 64),
        ("unicast_peer {\n192.0.2.2\n}", "unicast_ttl", 255),
        (
            "unicast_peer {\n192.0.2.2\n}\nunicast_src_ip 192.0.2.1",
            "unicast_src_ip",
            IPv4Address("192.0.2.1"),
        ),
        ("unicast_peer {\n192.0.2.2\n}\ncheck_unicast_src", "check_unicast_src", True),
        ("track_src_ip", "track_src_ip", True),
        ("owner_ignore_adverts", "owner_ignore_adverts", True),
        ("version 3\nv3_checksum_as_v2", "checksum_as_v2", True),
        ("advert_int 3", "advert_int_ns", 3 * S),
        ("advert_int 255", "advert_int_ns", 255 * S),
        ("advert_int 2.000000", "advert_int_ns", 2 * S),
        ("nopreempt", "nopreempt", True),
        ("nopreempt\npreempt", "nopreempt", False),
        ("preempt_delay 1.5", "preempt_delay_ns", 1500 * MS),
        ("preempt_delay .5", "preempt_delay_ns", 500 * MS),
        ("preempt_delay 1000", "preempt_delay_ns", 1000 * S),
        ("lower_prio_no_advert", "lower_prio_no_advert", True),
        ("lower_prio_no_advert yes", "lower_prio_no_advert", True),
        ("lower_prio_no_advert off", "lower_prio_no_advert", False),
        ("higher_prio_send_advert true", "higher_prio_send_advert", True),
        ("skip_check_adv_addr on", "skip_check_adv_addr", True),
        ("down_timer_adverts 7", "down_timer_adverts", 7),
        ("dont_track_primary", "dont_track_primary", True),
        ("accept", "accept", True),
        ("strict_mode off", "strict_mode", False),
    ],
)
def test_a_value_of_an_instance(line: str, attribute: str, value: object) -> None:
    assert getattr(instance(line), attribute) == value


@pytest.mark.parametrize(
    ("keyword", "attribute", "unit"),
    [
        ("garp_master_delay", "master_delay_ns", S),
        ("garp_master_repeat", "master_repeat", 1),
        ("garp_master_refresh", "master_refresh_ns", S),
        ("garp_master_refresh_repeat", "master_refresh_repeat", 1),
        ("garp_lower_prio_delay", "lower_prio_delay_ns", S),
        ("garp_lower_prio_repeat", "lower_prio_repeat", 1),
    ],
)
def test_garp_settings_of_the_instance_win_over_global_ones(
    keyword: str, attribute: str, unit: int
) -> None:
    before = f"global_defs {{ vrrp_{keyword} 8\n}}"
    assert getattr(instance(before=before).garp, attribute) == 8 * unit
    assert getattr(instance(f"{keyword} 9", before=before).garp, attribute) == 9 * unit


def test_lower_prio_garps_follow_the_global_master_ones_only() -> None:
    # Measured: an instance's own garp_master_* leave its garp_lower_prio_* alone.
    found = instance("garp_master_delay 2", "garp_master_repeat 9").garp
    assert (found.lower_prio_delay_ns, found.lower_prio_repeat) == (5 * S, 5)
    before = "global_defs { vrrp_garp_master_repeat 3\nvrrp_garp_master_delay 7\n}"
    found = instance(before=before).garp
    assert (found.lower_prio_delay_ns, found.lower_prio_repeat) == (7 * S, 3)


@pytest.mark.parametrize(
    ("line", "attribute", "value"),
    [
        ("vrrp_lower_prio_no_advert", "lower_prio_no_advert", True),
        ("vrrp_higher_prio_send_advert", "higher_prio_send_advert", True),
        ("vrrp_skip_check_adv_addr", "skip_check_adv_addr", True),
        ("vrrp_down_timer_adverts 5", "down_timer_adverts", 5),
    ],
)
def test_a_global_value_is_the_instances_default(line: str, attribute: str, value: object) -> None:
    assert getattr(instance(before=f"global_defs {{ {line}\n}}"), attribute) == value


def test_intervals_between_garps_are_global() -> None:
    before = "global_defs { vrrp_garp_interval 0.001\nvrrp_gna_interval 0.000001\n}"
    found = instance(before=before).garp
    assert (found.interval_ns, found.gna_interval_ns) == (MS, 1000)


def test_global_defs_may_follow_and_may_be_split() -> None:
    text = "global_defs { router_id a b\n}\n" + instance_text() + "\nglobal_defs { router_id c\n}"
    assert loaded(text).configuration.global_defs.router_id == "c"


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("192.0.2.1", VirtualAddress(IPv4Interface("192.0.2.1/32"), "eth0")),
        ("192.0.2.1/24 dev eth7", VirtualAddress(VIP, "eth7")),
        ("192.0.2.1/24 brd 192.0.2.9",
         VirtualAddress(VIP, "eth0", broadcast=IPv4Address("192.0.2.9"))),
        ("192.0.2.1/24 brd +", VirtualAddress(VIP, "eth0", broadcast=IPv4Address("192.0.2.255"))),
        ("192.0.2.1/24 brd -", VirtualAddress(VIP, "eth0", broadcast=IPv4Address("192.0.2.0"))),
        ("192.0.2.1/24 label eth0:1", VirtualAddress(VIP, "eth0", label="eth0:1")),
        ("192.0.2.1/24 scope link", VirtualAddress(VIP, "eth0", scope=253)),
        ("192.0.2.1/24 scope host", VirtualAddress(VIP, "eth0", scope=254)),
        ("192.0.2.1/24 scope 200", VirtualAddress(VIP, "eth0", scope=200)),
        ("192.0.2.1/24 no_track", VirtualAddress(VIP, "eth0", no_track=True)),
        ("192.0.2.1/24 label a dev b scope site",
         VirtualAddress(VIP, "b", label="a", scope=200)),
    ],
)  # fmt: skip
def test_an_address_line(line: str, address: VirtualAddress) -> None:
    assert instance(vips=line).virtual_ipaddress == (address,)
    excluded = instance(f"virtual_ipaddress_excluded {{ {line}\n}}", vips="10.0.0.1")
    assert excluded.virtual_ipaddress_excluded == (address,)


@pytest.mark.parametrize(
    ("password", "read"),
    [
        ("password", b"password"),
        ("123456789", b"12345678"),
        ('"a b!#c"', b"a b!#c"),
        ("a'b", b"a'b"),
        ('"a b\\\\"', b"a b\\\\"),
        ('"a b\\"', b"a b\\"),
        ("pässwörd", "pässwö".encode()),
        ("a${_BANG}b", b"a!b"),
    ],
)
def test_a_password(password: str, read: bytes) -> None:
    block = f"authentication {{ auth_type PASS\nauth_pass {password}\n}}"
    assert instance(block).authentication == Authentication(AuthenticationType.PASS, read)


@pytest.mark.parametrize(
    "block",
    [
        "authentication { auth_pass secret }",
        "authentication { auth_type PASS }",
        "authentication {\n}",
        "authentication { auth_type CHAP\nauth_pass secret }",
    ],
)
def test_half_an_authentication_is_none(block: str) -> None:
    assert instance(block).authentication is None
    assert "authentication-ignored" in codes(loaded(instance_text(block)))


@pytest.mark.parametrize(
    ("line", "tracked"),
    [
        ("eth1", TrackedInterface("eth1")),
        ("eth1 weight 20", TrackedInterface("eth1", 20)),
        ("eth1 weight -253", TrackedInterface("eth1", -253)),
        ("eth1 weight 20 reverse", TrackedInterface("eth1", 20, reverse=True)),
        ("eth1 weight 20 noreverse", TrackedInterface("eth1", 20)),
        ("eth1 weight 300", TrackedInterface("eth1")),
    ],
)
def test_a_tracked_interface(line: str, tracked: TrackedInterface) -> None:
    assert instance(f"track_interface {{ {line}\n}}").track_interface == (tracked,)


def test_the_own_interface_and_a_second_time_are_not_tracked() -> None:
    found = instance("track_interface { eth0\neth1\neth1 weight 5\n}")
    assert found.track_interface == (TrackedInterface("eth1"),)


def test_notify_commands_have_their_user_or_the_global_one() -> None:
    notify = instance(
        "notify_master \"/bin/m 'a b'\" root wheel",
        "notify_backup /bin/b",
        "notify /bin/any\nnotify /bin/second",
        before="global_defs { script_user nobody nogroup\n}",
    ).notify
    assert notify.master == Command(("/bin/m", "a b"), "root", "wheel")
    assert notify.backup == Command(("/bin/b",), "nobody", "nogroup")
    assert notify.any == Command(("/bin/any",), "nobody", "nogroup")
    assert notify.fault is None


def test_scripts_and_groups_are_data() -> None:
    text = """
        vrrp_script chk { script "/bin/c -x"
            interval 0.5
            weight -20 reverse
            fall 3
            user nobody
        }
        vrrp_sync_group G { group { V W
            X } }
    """ + instance_text("track_script { chk weight 5 }")
    configuration = loaded(text).configuration
    (script,) = configuration.vrrp_scripts
    assert script.command == Command(("/bin/c", "-x"), "nobody")
    assert (script.interval_ns, script.timeout_ns) == (500 * MS, 500 * MS)
    assert (script.weight, script.reverse, script.fall, script.rise) == (-20, True, 3, 1)
    (group,) = configuration.sync_groups
    assert group.members == ("V", "W", "X")
    assert configuration.instances[0].track_script[0].weight == 5


@pytest.mark.parametrize(
    ("written", "in_force_ns"), [("1.5", 2 * S), ("2.49", 2 * S), ("0.4", S), ("0.01", S)]
)
def test_a_fractional_interval_is_rounded_as_keepalived_does(
    written: str, in_force_ns: int
) -> None:
    text = instance_text(f"advert_int {written}")
    assert loaded(text).configuration.instances[0].advert_int_ns == in_force_ns
    assert codes(loaded(text)) == ["rounded-interval"]


def test_master_without_a_priority_is_the_owner() -> None:
    text = instance_text("state MASTER")
    assert loaded(text).configuration.instances[0].priority == 255
    assert codes(loaded(text)) == ["owner-by-default"]


def test_master_with_a_bad_priority_is_not() -> None:
    assert instance("state MASTER", "priority 256").priority == 100


def test_once_master_stays_master() -> None:
    assert instance("state MASTER", "priority 9", "state BACKUP").state == "MASTER"


def test_what_master_clears() -> None:
    found = instance("state MASTER", "priority 9", "nopreempt", "preempt_delay 5")
    assert (found.nopreempt, found.preempt_delay_ns) == (False, 0)
    assert instance("priority 255", "nopreempt").nopreempt is False
    found = instance("nopreempt", "preempt_delay 5")
    assert (found.nopreempt, found.preempt_delay_ns) == (True, 0)


def test_addresses_beyond_what_an_advert_holds_are_excluded_ones() -> None:
    vips = "\n".join(f"10.0.{n // 250}.{n % 250 + 1}/32" for n in range(260))
    found = instance(vips=vips)
    assert (len(found.virtual_ipaddress), len(found.virtual_ipaddress_excluded)) == (255, 5)


def test_version_2_is_not_for_ipv6() -> None:
    """keepalived 2.2.7 takes the word and speaks a VRRPv2 over IPv6 that no RFC has."""
    text = instance_text("version 2", vips="fe80::1/64")
    assert codes(loaded(text)) == ["version-of-ipv6"]
    assert loaded(text).configuration.instances[0].version == 3
    for line in ("version 3", ""):
        assert codes(loaded(instance_text(line, vips="fe80::1/64"))) == []


def test_ninety_ipv6_addresses_fit_into_an_advert() -> None:
    """RFC 9568 5.2.5 counts to 255; an Ethernet frame holds 1500 bytes."""
    vips = "\n".join(("fe80::1/64", *(f"2001:db8::{n}/64" for n in range(1, 100))))
    found = instance(vips=vips)
    assert (len(found.virtual_ipaddress), len(found.virtual_ipaddress_excluded)) == (90, 10)


def test_an_ipv6_list_that_begins_with_no_link_local_address_runs_with_a_warning() -> None:
    text = instance_text(vips="2001:db8::1/64")
    assert codes(loaded(text)) == ["first-not-link-local"]
    assert instance(vips="2001:db8::1/64").family == 6


@pytest.mark.parametrize(
    "line",
    [
        "priority 0",
        "priority 256",
        "virtual_router_id 0",
        "virtual_router_id 256",
        "advert_int 0",
        "advert_int 256",
        "version 3\nadvert_int 0.001",
        "version 4",
    ],
)
def test_what_no_packet_can_hold_is_not_taken(line: str) -> None:
    """RFC 9568 5.2.3, 5.2.4, 5.2.7; RFC 3768 5.3.7. The value before it, or the default, stays."""
    assert instance(line) == instance("version 3" if "version 3" in line else "")
    assert "bad-value" in codes(loaded(instance_text(line)))
