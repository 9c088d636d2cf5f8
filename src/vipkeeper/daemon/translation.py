"""From a keepalived.conf, as read, to what the speaker is told."""

from __future__ import annotations

from vipkeeper.daemon.settings import (
    InstanceSettings,
    TrackedInterface,
    VirtualAddress,
    VirtualMac,
)
from vipkeeper.keepalived.configuration import (
    Configuration,
    VrrpInstance,
)
from vipkeeper.keepalived.configuration import VirtualAddress as ConfiguredAddress
from vipkeeper.vrrp.advertisement import ChecksumForm
from vipkeeper.vrrp.announcement import AnnouncementSettings
from vipkeeper.vrrp.datagram import Address
from vipkeeper.vrrp.router import Peer, virtual_mac
from vipkeeper.vrrp.version import Family


def instances(configuration: Configuration) -> list[InstanceSettings]:
    """The settings of every instance that can run."""
    return [_instance(instance) for instance in configuration.instances]


def _instance(instance: VrrpInstance) -> InstanceSettings:
    authentication = instance.authentication
    return InstanceSettings(
        name=instance.name,
        interface=instance.interface,
        vrid=instance.virtual_router_id,
        version=instance.version,
        family=instance.family,
        priority=instance.priority,
        advertisement_interval_ns=instance.advert_int_ns,
        addresses=(
            *(_address(item, advertised=True) for item in instance.virtual_ipaddress),
            *(_address(item, advertised=False) for item in instance.virtual_ipaddress_excluded),
        ),
        preempt=not instance.nopreempt,
        preempt_delay_ns=instance.preempt_delay_ns,
        password=None if authentication is None else authentication.password.decode("latin-1"),
        down_interval_adverts=instance.down_timer_adverts,
        answer_losing_adverts=not instance.lower_prio_no_advert,
        # Unless the file says otherwise: who has won must announce the addresses again, and knows
        # that there was another holder only if it hears of it.
        advertise_before_yielding=instance.higher_prio_send_advert is not False,
        owner_starts_active=instance.state == "MASTER",
        announcements=_announcements(instance),
        tracked=tuple(
            TrackedInterface(item.name, item.weight, item.reverse)
            for item in instance.track_interface
        ),
        ignore_own_interface=instance.dont_track_primary,
        owner_ignores_adverts=instance.owner_ignore_adverts,
        discard_address_list_mismatch=instance.discard_address_mismatch,
        source=_source(instance),
        track_source=instance.track_src_ip,
        group=instance.multicast_group,
        peers=tuple(
            Peer(peer.address, peer.min_ttl, peer.max_ttl) for peer in instance.unicast_peer
        ),
        peers_only=instance.check_unicast_src,
        ttl=instance.unicast_ttl,
        checksum_form=ChecksumForm.MESSAGE if _checksum_as_v2(instance) else None,
        accept=instance.accept,
        virtual_mac=_virtual_mac(instance),
    )


def _virtual_mac(instance: VrrpInstance) -> VirtualMac | None:
    written = instance.virtual_mac
    if written is None:
        return None
    of_the_rfc = virtual_mac(Family(instance.family), instance.virtual_router_id).hex(":")
    return VirtualMac(written.interface, written.mac or of_the_rfc, not written.transmit_on_base)


def _source(instance: VrrpInstance) -> Address | None:
    """Keepalived has one source, whichever of the two keywords names it."""
    if instance.unicast_peer:
        return instance.unicast_src_ip or instance.mcast_src_ip
    return instance.mcast_src_ip or instance.unicast_src_ip


def _checksum_as_v2(instance: VrrpInstance) -> bool:
    return instance.checksum_as_v2 and (instance.version, instance.family) == (3, 4)


def _address(address: ConfiguredAddress, *, advertised: bool) -> VirtualAddress:
    return VirtualAddress(
        interface=address.interface,
        device=address.device,
        broadcast=address.broadcast,
        scope=address.scope,
        label=address.label or None,
        advertised=advertised,
        preferred_seconds=address.preferred_lft,
    )


def _announcements(instance: VrrpInstance) -> AnnouncementSettings:
    garp = instance.garp
    return AnnouncementSettings(
        repeat=garp.master_repeat,
        delay_ns=garp.master_delay_ns,
        refresh_ns=garp.master_refresh_ns,
        refresh_repeat=garp.master_refresh_repeat,
        lower_prio_repeat=garp.lower_prio_repeat,
        lower_prio_delay_ns=garp.lower_prio_delay_ns,
        interval_ns=garp.interval_ns if instance.family == 4 else garp.gna_interval_ns,
        once_more_ns=_once_more_ns(instance),
    )


def _once_more_ns(instance: VrrpInstance) -> int:
    """Adverts that leave from the virtual MAC tell the switch anew where it is; others do not."""
    written = instance.virtual_mac
    silent = written is not None and (written.transmit_on_base or instance.unicast_peer)
    return instance.advert_int_ns if silent else 0
