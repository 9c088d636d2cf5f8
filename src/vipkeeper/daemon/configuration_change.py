"""What a new configuration changes: instance by instance, in keepalived's words. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from vipkeeper.daemon import translation
from vipkeeper.daemon.settings import (
    Identity,
    InstanceSettings,
    Plain,
    TrackedInterface,
    VirtualMac,
)
from vipkeeper.keepalived.commands import NOTIFY
from vipkeeper.keepalived.configuration import Configuration, NotifyCommands
from vipkeeper.vrrp.advertisement import ChecksumForm
from vipkeeper.vrrp.router import Peer

KEYWORDS = {
    "name": "vrrp_instance",
    "advertisement_interval_ns": "advert_int",
    "version": "version",
    "preempt": "preempt",
    "preempt_delay_ns": "preempt_delay",
    "password": "auth_pass",
    "down_interval_adverts": "down_timer_adverts",
    "answer_losing_adverts": "lower_prio_no_advert",
    "advertise_before_yielding": "higher_prio_send_advert",
    "owner_starts_active": "state",
    "tracked": "track_interface",
    "ignore_own_interface": "dont_track_primary",
    "owner_ignores_adverts": "owner_ignore_adverts",
    "discard_address_list_mismatch": "discard_address_mismatch",
    "source": "unicast_src_ip/mcast_src_ip",
    "track_source": "track_src_ip",
    "group": "multicast_group",
    "peers": "unicast_peer",
    "peers_only": "check_unicast_src",
    "ttl": "unicast_ttl",
    "checksum_form": "checksum as v2",
    "virtual_mac": "use_vmac",
}
"""Of the fields of :class:`InstanceSettings` that keepalived.conf calls by another name."""

GARP_KEYWORDS = {
    "repeat": "garp_master_repeat",
    "delay_ns": "garp_master_delay",
    "refresh_ns": "garp_master_refresh",
    "refresh_repeat": "garp_master_refresh_repeat",
    "lower_prio_repeat": "garp_lower_prio_repeat",
    "lower_prio_delay_ns": "garp_lower_prio_delay",
    "interval_ns": "garp_interval",
}
"""Of those of :class:`~vipkeeper.vrrp.announcement.AnnouncementSettings`."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    keyword: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.keyword} {self.old} -> {self.new}"


@dataclass(frozen=True, slots=True)
class InstanceChange:
    """What becomes of one instance.

    Attributes:
        name: as the new file has it; as the old one had it where it is removed.
        kind: "added", "removed", "started anew", "changed" or "unchanged".
        reasons: what it cannot go on with; only of one that is started anew.
        addresses_added, addresses_removed: as ``address/prefix dev interface``.
        warning: what the other nodes may make of it; empty if nothing.
    """

    name: str
    kind: str
    fields: tuple[FieldChange, ...] = ()
    reasons: tuple[str, ...] = ()
    addresses_added: tuple[str, ...] = ()
    addresses_removed: tuple[str, ...] = ()
    warning: str = ""

    def lines(self) -> list[str]:
        """One line of text for each difference."""
        because = f" ({', '.join(self.reasons)} changed)" if self.reasons else ""
        head = f"({self.name}) "
        told = [] if self.kind == "changed" else [f"{head}{self.kind}{because}"]
        told += [f"{head}{change}" for change in self.fields]
        told += [f"{head}address added: {address}" for address in self.addresses_added]
        told += [f"{head}address removed: {address}" for address in self.addresses_removed]
        return told

    def to_plain(self) -> Plain:
        return {**asdict(self), "lines": self.lines()}


def compare(old: Configuration, new: Configuration) -> list[InstanceChange]:
    """What becomes of each instance, in the order of the new file; the removed ones come last."""
    before, after = _running(old), _running(new)
    changes = [_change(before.get(identity), *now) for identity, now in after.items()]
    for identity, (settings, _) in before.items():
        if identity not in after:
            gone = tuple(str(address) for address in settings.addresses)
            changes.append(InstanceChange(settings.name, "removed", addresses_removed=gone))
    return changes


def _running(
    configuration: Configuration,
) -> dict[Identity, tuple[InstanceSettings, NotifyCommands]]:
    settings = translation.instances(configuration)
    return {
        item.identity: (item, instance.notify)
        for item, instance in zip(settings, configuration.instances, strict=True)
    }


def _change(
    before: tuple[InstanceSettings, NotifyCommands] | None,
    new: InstanceSettings,
    notify: NotifyCommands,
) -> InstanceChange:
    if before is None:
        addresses = tuple(str(address) for address in new.addresses)
        return InstanceChange(new.name, "added", addresses_added=addresses)
    old, old_notify = before
    differing = (*_field_changes(old, new), *_notify_changes(old_notify, notify))
    added = tuple(str(item) for item in new.addresses if item not in old.addresses)
    removed = tuple(str(item) for item in old.addresses if item not in new.addresses)
    reasons = tuple(name for name, value in old.match_key.items() if value != new.match_key[name])
    goes_on = "changed" if differing or old != new else "unchanged"
    kind = "started anew" if reasons else goes_on
    warning = _address_list_warning(old, new)
    return InstanceChange(new.name, kind, differing, reasons, added, removed, warning)


def _field_changes(old: InstanceSettings, new: InstanceSettings) -> tuple[FieldChange, ...]:
    own = tuple(
        FieldChange(KEYWORDS.get(item.name, item.name), *_shown(item.name, old, new))
        for item in fields(InstanceSettings)
        if item.name not in ("addresses", "announcements")
        and getattr(old, item.name) != getattr(new, item.name)
    )
    before, after = old.announcements, new.announcements
    garp = tuple(
        FieldChange(keyword, _text(name, getattr(before, name)), _text(name, getattr(after, name)))
        for name, keyword in GARP_KEYWORDS.items()
        if getattr(before, name) != getattr(after, name)
    )
    return own + garp


def _shown(name: str, old: InstanceSettings, new: InstanceSettings) -> tuple[str, str]:
    if name == "password":  # a log is read by more people than the file
        return "(the old one)", "(the new one)"
    return _text(name, getattr(old, name)), _text(name, getattr(new, name))


def _text(name: str, value: Any) -> str:
    match name, value:
        case "answer_losing_adverts", bool():
            return "off" if value else "on"
        case "owner_starts_active", bool():
            return "MASTER" if value else "BACKUP"
        case _, None | ():
            return "none"
        case _, bool():
            return "on" if value else "off"
        case _, TrackedInterface():
            weight = f" weight {value.weight}" if value.weight else ""
            return f"{value.name}{weight}{' reverse' if value.reverse else ''}"
        case _, Peer():
            return str(value.address)
        case _, VirtualMac():
            return f"{value.interface} {value.mac}"
        case _, ChecksumForm():
            return value.value
        case _, tuple():
            return ", ".join(_text("", item) for item in value)
    if name.endswith("_ns"):
        return f"{value / 1_000_000_000:g}"
    return str(value)


def _notify_changes(old: NotifyCommands, new: NotifyCommands) -> tuple[FieldChange, ...]:
    def text(commands: NotifyCommands, kind: str) -> str:
        command = getattr(commands, kind)
        return "none" if command is None else " ".join(command.argv)

    return tuple(
        FieldChange(keyword, text(old, kind), text(new, kind))
        for keyword, kind in NOTIFY.items()
        if getattr(old, kind) != getattr(new, kind)
    )


def _address_list_warning(old: InstanceSettings, new: InstanceSettings) -> str:
    """A keepalived compares the list of an advert with its own, and may drop the advert."""
    if set(old.advertised) == set(new.advertised):
        return ""
    router = new.virtual_router()
    down_s = router.active_down_interval_ns(router.advertisement_interval_ns) / 1_000_000_000
    return (
        f"({new.name}) the adverts list other addresses than before: keepalived before 2.3.3 "
        "drops adverts whose addresses differ from its own, and becomes a second master. Change "
        f"all nodes within one down interval ({down_s:.1f} s), or write the address into "
        "virtual_ipaddress_excluded"
    )
