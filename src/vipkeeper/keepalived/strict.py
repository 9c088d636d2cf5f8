"""vrrp_strict and strict_mode: nothing but what the RFC of the version has.

What keepalived 2.2.7 does with them (its manual, and tried out), in its words. Two things more,
where its manual says "others may be added": in VRRPv2 an owner discards adverts, and an advert with
another list of addresses is discarded (RFC 3768 7.1). One thing less: in VRRPv3 a losing advert is
answered, for which RFC 9568 6.4.3 is younger than keepalived's rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.configuration import GarpSettings, VirtualMac, VrrpInstance
from vipkeeper.keepalived.instances import InstanceLines
from vipkeeper.keepalived.report import Report

T = TypeVar("T")

OWNER_PRIORITY = 255  # RFC 9568 5.2.4


def made_strict(
    instance: VrrpInstance,
    lines: InstanceLines,
    places: Mapping[str, Statement],
    report: Report,
) -> VrrpInstance:
    """The instance with what the RFC does not have taken away, each with a finding.

    Args:
        places: where each keyword stands, global_defs' too.
    """
    complaints = _Complaints(instance.name, lines, places, report)
    is_v2 = instance.version == 2
    _require_link_local_first(instance, lines, report)
    if instance.authentication is not None:
        message = "Strict mode does not support authentication. Ignoring."
        complaints.add("authentication", message)
    accept = _accept(instance, lines, complaints)
    if not accept and lines.accept is not False:
        complaints.add(
            "strict_mode",
            "strict mode: nobody reaches the virtual addresses of a router that is not their"
            " owner, packets to them are dropped",
            "remove vrrp_strict unless the addresses are a gateway's only",
        )
    return replace(
        instance,
        state=_state(instance, complaints),
        authentication=None,
        preempt_delay_ns=_reset(instance.preempt_delay_ns, 0, complaints, "preempt_delay"),
        down_timer_adverts=_reset(instance.down_timer_adverts, 3, complaints, "down_timer_adverts"),
        higher_prio_send_advert=_reset(
            instance.higher_prio_send_advert or False, False, complaints, "higher_prio_send_advert"
        ),
        accept=accept,
        garp=_garp(instance.garp, lines, complaints),
        lower_prio_no_advert=_silence(instance, lines, complaints),
        owner_ignore_adverts=instance.owner_ignore_adverts or is_v2,
        discard_address_mismatch=is_v2 and not instance.skip_check_adv_addr,
        virtual_mac=_transmitting(instance, complaints),
    )


class _Complaints:
    """Warnings at the keyword that asked for too much."""

    def __init__(
        self,
        name: str,
        lines: InstanceLines,
        places: Mapping[str, Statement],
        report: Report,
    ) -> None:
        self._name = name
        self._places = places
        self._heading = lines.statement
        self._report = report

    def add(self, keyword: str, message: str, suggestion: str = "") -> None:
        place = (
            self._places.get(keyword) or self._places.get(f"vrrp_{keyword}")
            or self._places.get("vrrp_strict") or self._heading
        )  # fmt: skip
        text = f"({self._name}) {message}"
        self._report.warning(place.words[0], "strict-mode", text, suggestion)


def _require_link_local_first(instance: VrrpInstance, lines: InstanceLines, report: Report) -> None:
    """RFC 9568 5.2.9."""
    if instance.family == 6 and instance.virtual_ipaddress:
        first = instance.virtual_ipaddress[0].interface.ip
        if not first.is_link_local:
            place = lines.virtual_ipaddress[0].statement.words[0]
            message = f"({instance.name}) the first IPv6 VIP address must be link local"
            report.error(place, "first-not-link-local", message)


def _state(instance: VrrpInstance, complaints: _Complaints) -> str:
    """The owner is Active at once (RFC 9568 6.4.1), and nobody else is."""
    is_owner = instance.priority == OWNER_PRIORITY
    if instance.state == "MASTER" and not is_owner:
        complaints.add("state", "State MASTER must match being address owner")
    return "MASTER" if is_owner else "BACKUP"


def _reset(value: T, rfc: T, complaints: _Complaints, keyword: str) -> T:
    if value != rfc:
        complaints.add(keyword, f"{keyword} is incompatible with strict mode - resetting")
    return rfc


def _accept(instance: VrrpInstance, lines: InstanceLines, complaints: _Complaints) -> bool:
    if instance.priority == OWNER_PRIORITY:
        return True
    if lines.accept and instance.version == 2:
        complaints.add(
            "accept",
            "warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting",
        )
        return False
    return bool(lines.accept)


def _garp(garp: GarpSettings, lines: InstanceLines, complaints: _Complaints) -> GarpSettings:
    if lines.garp.lower_prio_repeat:
        message = "Strict mode requires no repeat garps. resetting"
        complaints.add("garp_lower_prio_repeat", message)
    if lines.garp.lower_prio_delay_ns:
        message = "Strict mode requires no repeat garp delay. resetting"
        complaints.add("garp_lower_prio_delay", message)
    return replace(garp, lower_prio_repeat=0, lower_prio_delay_ns=0)


def _silence(instance: VrrpInstance, lines: InstanceLines, complaints: _Complaints) -> bool:
    """No answer to a losing advert in VRRPv2 (RFC 3768 6.4.3), one in VRRPv3 (RFC 9568 6.4.3)."""
    wanted = instance.version == 2
    if lines.lower_prio_no_advert is not None and lines.lower_prio_no_advert != wanted:
        answer = "no lower priority advert" if wanted else "the answer of RFC 9568 6.4.3"
        complaints.add("lower_prio_no_advert", f"Strict mode requires {answer}. resetting")
    return wanted


def _transmitting(instance: VrrpInstance, complaints: _Complaints) -> VirtualMac | None:
    """Adverts leave with the virtual MAC (RFC 9568 7.2)."""
    virtual_mac = instance.virtual_mac
    if virtual_mac is None or not virtual_mac.transmit_on_base or instance.unicast_peer:
        return virtual_mac
    complaints.add("vmac_xmit_base", "xmit_base is incompatible with strict mode - resetting")
    return replace(virtual_mac, transmit_on_base=False)
