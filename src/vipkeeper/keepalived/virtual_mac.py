"""The use_vmac lines of an instance: an interface with the virtual router's own MAC address.

Which name the interface gets, and what becomes of a line that cannot be followed, is as keepalived
2.2.7 does it (tried out).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from vipkeeper.keepalived.blocks import Statement
from vipkeeper.keepalived.configuration import VirtualMac
from vipkeeper.keepalived.report import Report
from vipkeeper.keepalived.words import Word

DEFAULT_PREFIX = "vrrp"
LONGEST_NAME = 15  # IFNAMSIZ - 1

_MAC = re.compile(r"[0-9A-Fa-f]{1,2}(:[0-9A-Fa-f]{1,2}){5}")
_NAME = re.compile(r"[^\s/:]{1,15}")  # what the kernel takes (dev_valid_name)
_OF_THE_RFC = ("00:00:5e:00:01:", "00:00:5e:00:02:")  # RFC 9568 7.3


@dataclass(slots=True)
class VirtualMacLine:
    """``use_vmac [NAME] [MAC]`` as written; empty where it says nothing."""

    statement: Statement
    name: str = ""
    mac: str = ""


def read_virtual_mac(statement: Statement, report: Report) -> VirtualMacLine:
    """What the line says; what is wrong in it is left out, and told."""
    line = VirtualMacLine(statement)
    words = iter(statement.parameters)
    for word in words:
        if word.value == "netlink_notify_msg":
            _has_no_effect(word, "the kernel reports the new interface by itself", report)
        elif word.value == "group":
            next(words, None)
            _has_no_effect(word, "the interface is in no group of interfaces", report)
        elif ":" in word.value and not line.mac:
            line.mac = _mac(word, report)
        elif not line.name:
            line.name = _name(word, report)
        else:
            report.extra_words([word], statement.keyword)
    return line


def _has_no_effect(word: Word, consequence: str, report: Report) -> None:
    report.note(word, "not-yet-supported", f"'use_vmac {word.value}' has no effect: {consequence}")


def _name(word: Word, report: Report) -> str:
    if _NAME.fullmatch(word.value) and word.value not in (".", ".."):
        return word.value
    message = f"VMAC interface name '{word.value}' too long or invalid characters - ignoring"
    report.warning(word, "bad-value", message, f"at most {LONGEST_NAME} characters, no '/'")
    return ""


def _mac(word: Word, report: Report) -> str:
    if not _MAC.fullmatch(word.value):
        message = f"VMAC invalid MAC address {word.value} - ignored"
        report.warning(word, "bad-value", message, "six bytes, as 02:00:5e:10:00:01")
        return ""
    mac = ":".join(f"{int(byte, 16):02x}" for byte in word.value.split(":"))
    if mac.startswith(_OF_THE_RFC):
        message = f"VMAC MAC address not allowed to be RFC5798 address ({mac}) - ignoring"
        report.warning(word, "bad-value", message, "it is chosen by the VRID: leave it out")
        return ""
    if int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
        message = f"VMAC MAC address {mac} is none that an interface can have - ignoring"
        report.warning(word, "bad-value", message, "the lowest bit of its first byte must be 0")
        return ""
    return mac


class VirtualInterfaceNames:
    """Names for the interfaces that name none, unique in a file.

    Args:
        written: the names that the file gives itself.
        prefix: global_defs' vmac_prefix.
    """

    def __init__(self, written: Iterable[str], prefix: str = DEFAULT_PREFIX) -> None:
        self._taken = set(written)
        self._given: set[str] = set()
        self._prefix = prefix

    def take(self, name: str) -> bool:
        """Whether a written name is still free."""
        if name in self._given:
            return False
        self._given.add(name)
        return True

    def default(self, family: int, vrid: int) -> str:
        """The first that is free of vrrp.51, for IPv6 vrrp6.51, then vrrp1.51, vrrp2.51, ..."""
        prefixes = [self._prefix]
        if family == 6:
            prefixes.append(f"{self._prefix}6")
        number = 0
        while (name := f"{prefixes[0]}.{vrid}") in self._taken:
            prefixes.pop(0)
            if not prefixes:
                number += 1
                prefixes.append(f"{self._prefix}{number}")
        self._taken.add(name)
        return name


def settle_virtual_mac(
    line: VirtualMacLine | None,
    transmit_on_base: Statement | None,
    *,
    family: int,
    vrid: int,
    unicast: bool,
    names: VirtualInterfaceNames,
    report: Report,
) -> VirtualMac | None:
    """What is in force, None without use_vmac.

    Args:
        transmit_on_base: the vmac_xmit_base line.
        unicast: the instance has peers.
    """
    if line is None:
        if transmit_on_base is not None:
            message = f"({report.instance}) vmac_xmit_base is only valid with a vmac"
            report.warning(transmit_on_base.words[0], "no-virtual-mac", message, "add use_vmac")
        return None
    if unicast and transmit_on_base is None:
        message = f"({report.instance}) unicast with use_vmac requires vmac_xmit_base - setting"
        report.warning(line.statement.words[0], "unicast-with-vmac", message, "add vmac_xmit_base")
    name = line.name
    if name and not names.take(name):
        message = f"({report.instance}) interface {name} is another instance's: ignoring it"
        report.warning(
            line.statement.words[1], "duplicate-interface", message, "give it another name"
        )
        name = ""
    return VirtualMac(
        interface=name or names.default(family, vrid),
        mac=line.mac,
        transmit_on_base=unicast or transmit_on_base is not None,
    )
