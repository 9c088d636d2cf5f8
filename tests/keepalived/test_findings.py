"""What a person reads, letter for letter."""

# Messages stand here as they are seen, on one line.
# ruff: noqa: E501

from __future__ import annotations

from textwrap import dedent

import pytest

from tests.keepalived.memory import codes, instance_text, loaded
from vipkeeper.keepalived import Severity, check_against_host


def rendered(text: str) -> str:
    return "\n".join(finding.render() for finding in loaded(text).findings)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            "virtual_router 7",
            """\
            k.conf:4:1: warning: Unknown keyword 'virtual_router'
                virtual_router 7
                ^^^^^^^^^^^^^^
              did you mean 'virtual_router_id'?""",
        ),
        (
            "\tprority\t200   # higher",
            """\
            k.conf:4:2: warning: Unknown keyword 'prority'
                prority 200   # higher
                ^^^^^^^
              did you mean 'priority'?""",
        ),
        (
            "priority 300",
            """\
            k.conf:4:10: warning: Priority '300' not valid! must be between 1 & 255. Using default 100
                priority 300
                         ^^^""",
        ),
        (
            "priority",
            """\
            k.conf:4:1: error: priority is missing its parameter
                priority
                ^^^^^^^^""",
        ),
        (
            "advert_int 0.5",
            """\
            k.conf:4:12: warning: (V) VRRPv2 advertisement interval 0.500000s must be an integer. rounding to 1s
                advert_int 0.5
                           ^^^""",
        ),
        (
            "authentication { auth_type PASS\n  auth_pass abcd123!\n}",
            """\
            k.conf:5:13: warning: '!' starts a comment: what is read here is a password of 7 characters
                auth_pass ********
                          ^^^^^^^^
              if it belongs to the value, write the value between double quotes""",
        ),
        (
            "authentication { auth_type PASS\n  auth_pass correct-horse\n}",
            """\
            k.conf:5:13: warning: Truncating auth_pass to 8 characters: this one has 13
                auth_pass *************
                          ^^^^^^^^^^^^^
              the other routers see the first eight only; write eight, so that nobody is misled""",
        ),
        (
            "nopreempt\nstate MASTER\npriority 10",
            """\
            k.conf:4:1: warning: (V) Warning - nopreempt will not work with initial state MASTER - clearing
                nopreempt
                ^^^^^^^^^
              write 'state BACKUP' on all routers that have nopreempt""",
        ),
        (
            "unicast_src_ip 10.0.0.1",
            """\
            k.conf:4:1: warning: (V) A unicast keyword has been specified without any unicast peers. Defaulting to multicast. This usage is deprecated - please update your configuration.
                unicast_src_ip 10.0.0.1
                ^^^^^^^^^^^^^^
              unicast_peer { ADDRESS }, with the addresses of the other routers""",
        ),
        (
            "unicast_fault_no_peer",
            """\
            k.conf:4:1: error: (V) unicast_fault_no_peer, and there is no unicast peer: the instance is not run
                unicast_fault_no_peer
                ^^^^^^^^^^^^^^^^^^^^^
              unicast_peer { ADDRESS }, with the addresses of the other routers""",
        ),
        (
            "unicast_peer {\n10.0.0.2 min_ttl 9 max_ttl 3\n}",
            """\
            k.conf:5:1: warning: (V) min_ttl 9 > max_ttl 3 - all packets will be discarded
                10.0.0.2 min_ttl 9 max_ttl 3
                ^^^^^^^^""",
        ),
        (
            "unicast_peer {\n10.0.0.2\nfe80::1\n}",
            """\
            k.conf:6:1: warning: Configuration error: VRRP instance[V] and unicast peer address[fe80::1] MUST be of the same family !!! Skipping...
                fe80::1
                ^^^^^^^""",
        ),
        (
            "mcast_dst_ip 10.0.0.5",
            """\
            k.conf:4:14: warning: (V) mcast_dst_ip 10.0.0.5 not multicast. Skipping...
                mcast_dst_ip 10.0.0.5
                             ^^^^^^^^
              an address such as 224.0.0.18""",
        ),
        (
            "what {\n some { thing }\n}",
            """\
            k.conf:4:1: warning: Unknown keyword 'what': the block is skipped
                what {
                ^^^^""",
        ),
        (
            "track_interface eth1",
            """\
            k.conf:4:17: error: Missing '{' after track_interface
                track_interface eth1
                                ^^^^
              write track_interface { ... }, with '{' on this line or alone on the next""",
        ),
        (
            "smtp_alert\nsmtp_alert\nsmtp_alert",
            """\
            k.conf:4:1: note: 'smtp_alert' has no effect yet: no mail is sent (also in line 5, 6)
                smtp_alert
                ^^^^^^^^^^""",
        ),
        (
            "interface ${NIC}",
            """\
            k.conf:4:1: warning: interface is given twice: this one replaces that of line 2
                interface ${NIC}
                ^^^^^^^^^
            k.conf:4:11: warning: ${NIC} is not defined here
                interface ${NIC}
                          ^^^^^^
              define it above: $NIC=VALUE""",
        ),
    ],
)  # fmt: skip
def test_a_message_in_an_instance(lines: str, message: str) -> None:
    assert rendered(instance_text(lines)) == dedent(message)


def test_a_message_never_acts_on_the_terminal() -> None:
    text = instance_text("\x1b[31mred\x07 \udcff")
    assert rendered(text) == dedent(
        """\
        k.conf:4:1: warning: Unknown keyword '\ufffd[31mred\ufffd'
            \ufffd[31mred\ufffd \ufffd
            ^^^^^^^^^"""
    )


@pytest.mark.parametrize(
    "line",
    [
        "authentication { auth_type PASS\nauth_pass sesame!x }",
        "authentication { auth_type PASS\nauth_pass open sesame }",
        'authentication { auth_type PASS\nauth_pass "open sesame" sesame }',
        "authentication { auth_pas sesame }",
        "auth_pass sesame",
        'authentication { auth_type PASS\nauth_pass "sesame }',
    ],
)
def test_no_finding_shows_a_password(line: str) -> None:
    found = loaded(instance_text(line)).findings
    assert found
    assert not any("sesame" in finding.render() + finding.source_line for finding in found)


def test_a_block_that_does_not_end_swallows_no_instance() -> None:
    one = instance_text().removesuffix("}")
    result = loaded(one + instance_text().replace("vrrp_instance V", "vrrp_instance W"))
    assert [i.name for i in result.configuration.instances] == ["W"]
    assert result.configuration.refused == ("V",)
    assert "missing-brace" in codes(result)


def test_errors_of_one_instance_leave_the_others_running() -> None:
    other = "vrrp_instance W { interface eth1\nvirtual_router_id 2\npriority\n}\n"
    result = loaded(other + instance_text())
    assert [i.name for i in result.configuration.instances] == ["V"]
    assert result.configuration.refused == ("W",)
    assert result.fatal == ()


@pytest.mark.parametrize(
    "before", ["net_namespace blue", "global_defs {\nrouter_id\n}", "global_defs"]
)
def test_errors_outside_instances_concern_everything(before: str) -> None:
    assert loaded(f"{before}\n{instance_text()}").fatal


def test_interfaces_are_compared_with_the_machines() -> None:
    text = instance_text("track_interface { eth2\n}", vips="192.0.2.1/24 dev eth3")
    result = loaded(text)
    assert check_against_host(result, ["lo", "eth0", "eth2", "eth3"]) == ()
    missing = check_against_host(result, ["lo", "eno1"])
    assert [finding.message for finding in missing] == [
        "(V) interface eth0 doesn't exist",
        "(V) interface eth3 for an address doesn't exist",
        "(V) interface eth2 in track_interface doesn't exist",
    ]
    assert {finding.severity for finding in missing} == {Severity.ERROR}
    assert missing[0].suggestion == "this machine has eno1, lo"
    dynamic = loaded(f"global_defs {{ dynamic_interfaces\n}}\n{text}")
    assert {f.severity for f in check_against_host(dynamic, [])} == {Severity.WARNING}
