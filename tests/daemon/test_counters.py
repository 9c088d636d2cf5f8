"""Every counter is moved by what it is for, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.daemon.odd_packets import (
    IPV6,
    ODD_PACKETS,
    OUR_LINK_LOCAL,
    OURS,
    PLAIN,
    VERSION_3,
    OddPacket,
    message,
    settings,
)
from tests.daemon.recording import Recorder
from vipkeeper.daemon import ietf_vrrp
from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.journal import DiscardLog, Record
from vipkeeper.daemon.reception import Reception
from vipkeeper.daemon.settings import Identity
from vipkeeper.daemon.statistics import GLOBAL_REASONS, INSTANCE_COUNTERS, global_statistics
from vipkeeper.vrrp.events import ShutdownCause
from vipkeeper.vrrp.states import Active
from vipkeeper.vrrp.version import Family

Counters = dict[str, int]


class Host:
    """The virtual routers of the file, all Active, in virtual time."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.effects = Recorder()
        discards = DiscardLog(self.records.append)
        self.instances = {
            vrid: Instance(item, self.effects, self.records.append, discards)
            for vrid, item in settings().items()
        }
        self.statistics = global_statistics()
        by_identity: dict[Identity, Instance] = {
            instance.settings.identity: instance for instance in self.instances.values()
        }
        self._reception = Reception(by_identity, self.statistics, discards)
        self.now = 0
        for vrid, instance in self.instances.items():
            source = OUR_LINK_LOCAL if vrid == IPV6 else OURS
            instance.circumstances_changed(None, instance.settings.priority, source, 0)
            due = instance.deadline()
            assert due is not None
            instance.on_timer(due)
            self.now = max(self.now, due)
        for instance in self.instances.values():
            # Right after its own advert: an answer to a lower router would come later.
            instance.on_timer(self.now)

    def hear(self, packet: OddPacket) -> None:
        for instance in self.instances.values():
            # An answer is owed to somebody else: for that the addresses have been announced.
            if isinstance(instance.state, Active):
                instance.state = replace(instance.state, owes_answer=True)
        datagram = packet.datagram()
        family = Family(packet.source.version)
        self._reception.packet_came("eth0", family, datagram, self.now)

    def counters(self) -> Counters:
        """All of them, those of the instances as VRID/NAME."""
        tables = {"": self.statistics} | {
            f"{vrid}/": instance.statistics for vrid, instance in self.instances.items()
        }
        return {
            prefix + name: value
            for prefix, statistics in tables.items()
            for name, value in statistics.to_plain().items()
        }


def moved(before: Counters, after: Counters) -> Counters:
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def expected(packet: OddPacket) -> Counters:
    is_global = packet.counter in {reason.value for reason in GLOBAL_REASONS}
    changes = {packet.counter if is_global else f"{packet.vrid}/{packet.counter}": 1}
    if packet.acted_on:
        changes[f"{packet.vrid}/advertisement-rcvd"] = 1
        if "checksum" not in packet.counter:
            form = "pseudo-header" if packet.vrid in (VERSION_3, IPV6) else "message"
            changes[f"{packet.vrid}/checksum-{form}-rcvd"] = 1
    return changes


@pytest.mark.parametrize("packet", ODD_PACKETS, ids=str)
def test_an_odd_packet_moves_its_counter_and_no_other(packet: OddPacket) -> None:
    host = Host()
    before = host.counters()
    host.hear(packet)
    assert moved(before, host.counters()) == expected(packet)


def test_a_good_advert_is_received_and_no_more() -> None:
    host = Host()
    before = host.counters()
    host.hear(OddPacket("good", PLAIN, "", message(PLAIN, 100)))
    assert moved(before, host.counters()) == {
        f"{PLAIN}/advertisement-rcvd": 1,
        f"{PLAIN}/checksum-message-rcvd": 1,
    }


@pytest.mark.parametrize(
    ("vrid", "announcements"),
    [(PLAIN, "gratuitous-arps-sent"), (IPV6, "neighbor-advertisements-sent")],
)
def test_what_is_sent_is_counted(vrid: int, announcements: str) -> None:
    host = Host()
    before = host.counters()
    instance = host.instances[vrid]
    due = instance.deadline()
    assert due is not None
    instance.on_timer(due)
    assert moved(before, host.counters()) == {f"{vrid}/advertisement-sent": 1}

    before = host.counters()
    instance.shutdown(ShutdownCause.STOPPED_AT_ONCE, due)
    assert moved(before, host.counters()) == {
        f"{vrid}/advertisement-sent": 1,
        f"{vrid}/priority-zero-pkts-sent": 1,
    }

    before = host.counters()
    own = OUR_LINK_LOCAL if vrid == IPV6 else OURS
    instance.circumstances_changed(None, instance.settings.priority, own, due)
    due = instance.deadline()
    assert due is not None
    instance.on_timer(due)
    addresses = len(instance.settings.addresses)
    assert moved(before, host.counters()) == {
        f"{vrid}/master-transitions": 1,
        f"{vrid}/advertisement-sent": 1,
        f"{vrid}/{announcements}": 5 * addresses,
    }


def test_what_could_not_be_sent_is_counted_for_itself() -> None:
    host = Host()
    before = host.counters()
    instance = host.instances[PLAIN]
    host.effects.failing = {"send"}
    due = instance.deadline()
    assert due is not None
    instance.on_timer(due)
    # The advert, and the resignation that followed from it.
    assert moved(before, host.counters()) == {f"{PLAIN}/send-errors": 2}


def test_there_is_no_counter_that_nothing_here_moves() -> None:
    sent_or_moved_by_them = {
        "master-transitions",
        "advertisement-rcvd",
        "advertisement-sent",
        "priority-zero-pkts-sent",
        "gratuitous-arps-sent",
        "neighbor-advertisements-sent",
        "send-errors",
    }
    tried = {packet.counter for packet in ODD_PACKETS} | sent_or_moved_by_them
    assert tried == {*INSTANCE_COUNTERS, *(reason.value for reason in GLOBAL_REASONS)}
    assert tried >= {*ietf_vrrp.INSTANCE_COUNTERS, *ietf_vrrp.GLOBAL_COUNTERS}


def test_an_advert_while_it_takes_no_part_moves_nothing() -> None:
    """RFC 9568 6.4.1: in Initialize there is no virtual router that it could reach."""
    host = Host()
    host.instances[PLAIN].shutdown(ShutdownCause.INTERFACE_DOWN, host.now)
    before = host.counters()
    host.hear(OddPacket("good", PLAIN, "", message(PLAIN, 100)))
    assert moved(before, host.counters()) == {}


def test_the_error_of_a_discard_is_named_in_the_models_words() -> None:
    errors: dict[str, str] = {}
    for packet in ODD_PACKETS:
        host = Host()
        host.records.clear()
        host.hear(packet)
        errors |= {
            record["reason"]: record["error"]
            for record in host.records
            if record["record"] == "discard" and record["error"]
        }
    assert errors == {
        "checksum-errors": "checksum-error",
        "ip-ttl-errors": "ip-ttl-error",
        "version-errors": "version-error",
        "vrid-errors": "vrid-error",
        "address-list-errors": "address-list-error",
        "interval-errors": "interval-error",
        "packet-length-errors": "packet-length-error",
    }
