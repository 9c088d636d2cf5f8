"""The interfaces with virtual MAC addresses, and the settings that they need around them.

The keeper makes them before the speaker hears of their instances. They are down until their
router becomes Active: what is sent to the virtual MAC of a Backup is discarded (RFC 9568 6.4.2).

Measured on Linux 6.18, with the virtual address on a macvlan and the host's own on its parent:
only with arp_ignore=1 on both, and an rp_filter other than 1 on the macvlan, does the virtual MAC
alone answer for the virtual address and the physical one alone for the host's. The larger one of
rp_filter's values for all interfaces and for this one holds, so 2 leaves the other untouched.
arp_announce=2 on the parent keeps the host from asking for its neighbours' addresses in the name
of the virtual address with its physical MAC: they would believe it (RFC 9568 8.1.2).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path

from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.daemon.state_file import HostChanges, StateFile
from vipkeeper.errors import KernelError
from vipkeeper.linux import sysctl
from vipkeeper.linux.macvlan import Macvlans
from vipkeeper.linux.solicited_node import SolicitedNodeGroups

_OF_PARENT = {"arp_ignore": "1", "arp_announce": "2"}
_OF_MACVLAN = {"arp_ignore": "1", "rp_filter": "2"}


@dataclass(frozen=True, slots=True)
class _Wanted:
    parent: str
    mac: bytes
    has_ipv6: bool


class VirtualInterfaces:
    """Has the interfaces that the instances need.

    Args:
        state_file: where every change is noted before it is made.
        tell: is told in words what was done and what could not be done.
    """

    def __init__(self, state_file: StateFile, tell: Callable[[str], None]) -> None:
        self._state_file = state_file
        self._tell = tell
        self._made: dict[str, _Wanted] = {}
        self._groups: dict[str, SolicitedNodeGroups] = {}

    def undo_leftovers(self, left: HostChanges) -> None:
        """What a daemon that was killed has left goes, before this one begins."""
        for name in left.macvlans:
            if self._delete(name):
                self._tell(f"removed interface {name}, left by a daemon that was killed")
        for path, (before, ours) in left.sysctls.items():
            if _restore(Path(path), before, ours, self._tell):
                self._tell(f"set {path} back to {before}, left by a daemon that was killed")

    def make(self, instances: Collection[InstanceSettings]) -> None:
        """Make what these instances need and is not there, also if it was and has gone."""
        wanted = _wanted(instances)
        if not wanted:
            return
        there = self._names()
        for name, item in wanted.items():
            made = self._made.get(name)
            if made is not None and made != item:
                self._delete(name)
            elif made is not None and name in there:
                continue
            self._made.pop(name, None)  # somebody else deleted it, or its parent has gone
            if _index(item.parent):
                self._make(name, item)
        self._hold_groups(instances)
        self._save()

    def remove_all_but(self, instances: Iterable[InstanceSettings]) -> None:
        """Remove what these instances do not need; the router on it has resigned before."""
        if not self._made and not self._state_file.changes:
            return
        wanted = _wanted(instances)
        for name in set(self._made) - set(wanted):
            self._delete(name)
            del self._made[name]
            self._let_groups_go(name)
        self._restore_parents({item.parent for item in wanted.values()})
        self._save()

    # -- one interface ---------------------------------------------------------------------

    def _make(self, name: str, wanted: _Wanted) -> None:
        if _index(name):
            self._tell(
                f"cannot make interface {name}: there is one of that name that is not ours;"
                " its instance waits until it has gone, or name another: use_vmac NAME"
            )
            return
        self._made[name] = wanted
        try:
            for setting, value in _OF_PARENT.items():
                self._set_for_now(sysctl.of_interface(4, wanted.parent, setting), value)
            self._save()
            macvlans = Macvlans()
            try:
                macvlans.add(name, _index(wanted.parent), wanted.mac)
            finally:
                macvlans.close()
            _settle(name, wanted)
        except KernelError as error:
            advice = f"; {error.remedy}" if error.remedy else ""
            self._tell(f"{error.message}: the instance on {name} waits{advice}")
            self._delete(name)
            del self._made[name]

    def _delete(self, name: str) -> bool:
        macvlans = Macvlans()
        try:
            for macvlan in macvlans.all():
                if macvlan.name == name:
                    return macvlans.delete(macvlan.index)
        except KernelError as error:
            self._tell(str(error))
        finally:
            macvlans.close()
        return False

    def _names(self) -> set[str]:
        macvlans = Macvlans()
        try:
            return {macvlan.name for macvlan in macvlans.all()}
        finally:
            macvlans.close()

    # -- what an interface is silent about --------------------------------------------------

    def _hold_groups(self, instances: Collection[InstanceSettings]) -> None:
        """So that the addresses come and go without a word from the virtual MAC to the routers."""
        for name in self._made:
            index, addresses = _index(name), _ipv6_addresses(name, instances)
            if name in self._groups and self._groups[name].index != index:
                self._let_groups_go(name)  # it was made anew
            if not index or not (addresses or name in self._groups):
                continue
            try:
                if name not in self._groups:
                    self._groups[name] = SolicitedNodeGroups(index)
                self._groups[name].hold(addresses)
            except KernelError as error:
                self._tell(f"{error} on {name}")

    def _let_groups_go(self, name: str) -> None:
        if groups := self._groups.pop(name, None):
            groups.close()

    # -- settings of the parents -----------------------------------------------------------

    def _set_for_now(self, path: Path, value: str) -> None:
        before = sysctl.read(path)
        if before is None or before == value:
            return
        self._state_file.changes.sysctls[str(path)] = (before, value)
        self._save()
        sysctl.write(path, value)

    def _restore_parents(self, still_used: set[str]) -> None:
        changed = self._state_file.changes.sysctls
        for path, (before, ours) in list(changed.items()):
            if Path(path).parent.name not in still_used:
                _restore(Path(path), before, ours, self._tell)
                del changed[path]

    def _save(self) -> None:
        self._state_file.changes.macvlans = list(self._made)
        self._state_file.save()


def _wanted(instances: Iterable[InstanceSettings]) -> dict[str, _Wanted]:
    wanted = {}
    for settings in instances:
        if settings.virtual_mac is not None:
            name = settings.virtual_mac.interface
            has_ipv6 = settings.family == 6 or bool(_ipv6_addresses(name, [settings]))
            wanted[name] = _Wanted(settings.interface, settings.virtual_mac.packed, has_ipv6)
    return wanted


def _ipv6_addresses(name: str, instances: Iterable[InstanceSettings]) -> set[IPv6Address]:
    return {
        item.address
        for settings in instances
        for item in settings.addresses
        if item.device == name and isinstance(item.address, IPv6Address)
    }


def _settle(name: str, wanted: _Wanted) -> None:
    """An interface of its own kind: it speaks for the virtual addresses and for nothing else."""
    ipv6 = {"accept_ra": "0"} if wanted.has_ipv6 else {"disable_ipv6": "1"}
    for family, settings in ((4, _OF_MACVLAN), (6, ipv6)):
        for setting, value in settings.items():
            path = sysctl.of_interface(family, name, setting)
            # A kernel without IPv6 has none; where it cannot be written it may be right already.
            if sysctl.read(path) not in (None, value):
                sysctl.write(path, value)


def _restore(path: Path, before: str, ours: str, tell: Callable[[str], None]) -> bool:
    """Put a value back, unless somebody has set yet another one meanwhile."""
    if sysctl.read(path) != ours:
        return False
    try:
        sysctl.write(path, before)
    except KernelError as error:
        tell(str(error))
        return False
    return True


def _index(name: str) -> int:
    """An interface's index, 0 if there is none of that name."""
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return 0
