"""What holds for every text, and for every configuration."""

from __future__ import annotations

import string
from ipaddress import IPv4Address, IPv4Interface

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.keepalived.corpus import CORPUS, FILES
from tests.keepalived.memory import Memory, loaded
from tests.keepalived.rendering import as_text
from vipkeeper.keepalived import (
    Authentication,
    AuthenticationType,
    Command,
    GarpSettings,
    Loaded,
    NotifyCommands,
    Severity,
    TrackedInterface,
    VirtualAddress,
    VrrpInstance,
    load,
)
from vipkeeper.keepalived.global_definitions import KEYWORDS as GLOBAL_KEYWORDS
from vipkeeper.keepalived.instances import KEYWORDS as INSTANCE_KEYWORDS
from vipkeeper.keepalived.loading import ROOT_KEYWORDS
from vipkeeper.vrrp.version import VERSIONS

S = 1_000_000_000

# Text that gets past the first step: the language's own words, signs and typical values.
WORDS = sorted(INSTANCE_KEYWORDS | GLOBAL_KEYWORDS | ROOT_KEYWORDS | {"auth_type", "auth_pass"})
SIGNS = ["{", "}", '"', "'", "\\", "#", "!", "@id", "@^id", "$A=", "$A", "${A}", "~SEQ(A,3)"]
SIGNS += ["~LST({A,B},{1,2})", "\n", "\n", "\n", "\r\n", "\t", "include", "k.conf", "\0"]
VALUES = ["0", "1", "-1", "255", "256", "1.5", "eth0", "PASS", "AH", "MASTER", "yes", "weight"]
VALUES += ["192.0.2.1/24", "fe80::1/64", "brd", "dev", "label", "peer", "10.0.0.1", "on", "V"]
tokens = st.sampled_from(WORDS) | st.sampled_from(SIGNS) | st.sampled_from(VALUES)
almost_configurations = st.lists(tokens | st.text(max_size=5), max_size=60).map(" ".join)


def damaged(text: str, at: int, cut: int, junk: str) -> str:
    at %= len(text) + 1
    return text[:at] + junk + text[at + cut :]


damaged_files = st.builds(
    damaged,
    st.sampled_from([(CORPUS / name).read_text() for name in FILES]),
    st.integers(0, 5000),
    st.integers(0, 40),
    almost_configurations,
)


def hold_for_every_text(files: dict[str, str]) -> None:
    result = load("k.conf", Memory(files), config_id="id")
    for finding in result.findings:
        place = finding.location
        lines = files[place.file].split("\n")
        assert 1 <= place.line <= len(lines)
        line = lines[place.line - 1].rstrip("\r")
        assert place.column >= 1
        assert place.length >= 1
        assert place.column - 1 + place.length <= max(1, len(line))
        assert len(finding.source_line) in (0, len(line))
        assert "\n" not in finding.message
        assert finding.render()
    _what_runs_can_run(result)


def _what_runs_can_run(result: Loaded) -> None:
    for instance in result.configuration.instances:
        assert instance.interface
        assert 1 <= instance.virtual_router_id <= 255
        assert 1 <= instance.priority <= 255
        version = VERSIONS[instance.version]
        assert instance.family in version.families
        interval, rest = divmod(instance.advert_int_ns, version.interval_unit_ns)
        assert (1 <= interval <= version.interval_max, rest) == (True, 0)
        assert 1 <= len(instance.virtual_ipaddress) <= (255 if instance.family == 4 else 90)
        versions = {item.interface.version for item in instance.virtual_ipaddress}
        versions |= {peer.address.version for peer in instance.unicast_peer}
        assert versions == {instance.family}
        assert instance.multicast_group.is_multicast
        assert instance.multicast_group.version == instance.family
        assert not (instance.nopreempt and instance.state == "MASTER")
        assert instance.authentication is None or len(instance.authentication.password) in range(
            1, 9
        )
    running = {instance.name for instance in result.configuration.instances}
    assert running.isdisjoint(result.configuration.refused)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    hold_for_every_text({"k.conf": text})


@settings(max_examples=300, deadline=None)
@given(almost_configurations, almost_configurations)
def test_any_almost_configuration_can_be_read(text: str, other: str) -> None:
    hold_for_every_text({"k.conf": text, "other.conf": other})
    hold_for_every_text({"k.conf": f"{text}\ninclude other.conf\n{other}", "other.conf": other})


@settings(max_examples=300, deadline=None)
@given(damaged_files)
def test_any_damaged_file_can_be_read(text: str) -> None:
    hold_for_every_text({"k.conf": text})


def test_deep_nesting_can_be_read() -> None:
    hold_for_every_text({"k.conf": "a {\n" * 20_000 + "}\n" * 20_000})


names = st.text(string.ascii_letters + string.digits + "-._", min_size=1, max_size=15)
seconds = st.integers(0, 4294).map(lambda value: value * S)
counts = st.integers(1, 2**31 - 1)
addresses = st.builds(
    VirtualAddress,
    interface=st.builds(
        lambda number, length: IPv4Interface((number, length)),
        st.integers(0, 2**32 - 1),
        st.integers(0, 32),
    ),
    device=names,
    broadcast=st.none() | st.integers(0, 2**32 - 1).map(IPv4Address),
    label=st.just("") | names,
    scope=st.integers(0, 255),
    no_track=st.booleans(),
)
commands = st.builds(
    Command,
    argv=st.lists(
        st.text(string.ascii_letters + string.digits + " /#!-_.", max_size=10),
        min_size=1,
        max_size=4,
    ).map(tuple),
    user=names,
    group=names,
)
passwords = st.text(string.ascii_letters + string.digits + "#!' {}$%", min_size=1, max_size=8).map(
    str.encode
)


@st.composite
def instances(draw: st.DrawFn) -> VrrpInstance:
    own = draw(names)
    state = draw(st.sampled_from(["MASTER", "BACKUP"]))
    priority = draw(st.integers(1, 255))
    nopreempt = state == "BACKUP" and priority < 255 and draw(st.booleans())
    may_delay = state == "BACKUP" and not nopreempt
    tracked = draw(
        st.lists(
            st.builds(TrackedInterface, names, st.integers(-253, 253), st.booleans()),
            max_size=3,
            unique_by=lambda interface: interface.name,
        )
    )
    return VrrpInstance(
        name=draw(names),
        interface=own,
        virtual_router_id=draw(st.integers(1, 255)),
        state=state,
        priority=priority,
        advert_int_ns=draw(st.integers(1, 255)) * S,
        authentication=draw(
            st.none()
            | passwords.map(lambda password: Authentication(AuthenticationType.PASS, password))
        ),
        virtual_ipaddress=tuple(draw(st.lists(addresses, min_size=1, max_size=4))),
        virtual_ipaddress_excluded=tuple(draw(st.lists(addresses, max_size=4))),
        nopreempt=nopreempt,
        preempt_delay_ns=draw(st.integers(0, 10**9)) * 1000 if may_delay else 0,
        garp=draw(st.builds(GarpSettings, seconds, counts, seconds, counts, seconds, counts)),
        lower_prio_no_advert=draw(st.booleans()),
        higher_prio_send_advert=draw(st.sampled_from((None, True, False))),
        skip_check_adv_addr=draw(st.booleans()),
        down_timer_adverts=draw(st.integers(1, 100)),
        dont_track_primary=draw(st.booleans()),
        track_interface=tuple(interface for interface in tracked if interface.name != own),
        notify=draw(
            st.builds(NotifyCommands, *[st.none() | commands] * len(NotifyCommands.__slots__))
        ),
    )


@settings(deadline=None)
@given(instances())
def test_an_instance_written_out_reads_back_to_itself(instance: VrrpInstance) -> None:
    result = loaded(as_text(instance))
    assert result.configuration.instances == (instance,), result.findings
    # Only that an address stands there twice may be said of it.
    assert {finding.code for finding in result.findings} <= {"duplicate-address"}
    assert not any(finding.severity is Severity.ERROR for finding in result.findings)
