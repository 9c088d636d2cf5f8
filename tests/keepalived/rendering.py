"""An instance as text that reads back to it."""

from __future__ import annotations

from vipkeeper.keepalived import Command, VirtualAddress, VrrpInstance
from vipkeeper.keepalived.commands import NOTIFY

S = 1_000_000_000


def as_text(instance: VrrpInstance) -> str:
    """Every value written out, none left to a default."""
    garp = instance.garp
    lines = [
        f'vrrp_instance "{instance.name}" {{',
        f"interface {instance.interface}",
        f"virtual_router_id {instance.virtual_router_id}",
        f"state {instance.state}",
        f"priority {instance.priority}",
        f"advert_int {instance.advert_int_ns // S}",
        f"version {instance.version}",
        f"preempt_delay {instance.preempt_delay_ns / S:.6f}",
        f"garp_master_delay {garp.master_delay_ns // S}",
        f"garp_master_repeat {garp.master_repeat}",
        f"garp_master_refresh {garp.master_refresh_ns // S}",
        f"garp_master_refresh_repeat {garp.master_refresh_repeat}",
        f"garp_lower_prio_delay {garp.lower_prio_delay_ns // S}",
        f"garp_lower_prio_repeat {garp.lower_prio_repeat}",
        f"lower_prio_no_advert {_switch(instance.lower_prio_no_advert)}",
        *_optional_switch("higher_prio_send_advert", instance.higher_prio_send_advert),
        f"skip_check_adv_addr {_switch(instance.skip_check_adv_addr)}",
        f"down_timer_adverts {instance.down_timer_adverts}",
        *(["nopreempt"] if instance.nopreempt else []),
        *(["dont_track_primary"] if instance.dont_track_primary else []),
        *_authentication(instance),
        "track_interface {",
        *(
            f"{tracked.name} weight {tracked.weight}{' reverse' if tracked.reverse else ''}"
            for tracked in instance.track_interface
        ),
        "}",
        *(
            f"{keyword} {_command(command)}"
            for keyword, kind in NOTIFY.items()
            if (command := getattr(instance.notify, kind)) is not None
        ),
        "virtual_ipaddress {",
        *(_address(address) for address in instance.virtual_ipaddress),
        "}",
        "virtual_ipaddress_excluded {",
        *(_address(address) for address in instance.virtual_ipaddress_excluded),
        "}",
        "}",
    ]
    return "\n".join(lines)


def _optional_switch(keyword: str, value: bool | None) -> list[str]:
    return [] if value is None else [f"{keyword} {_switch(value)}"]


def _switch(value: bool) -> str:
    return "on" if value else "off"


def _authentication(instance: VrrpInstance) -> list[str]:
    if instance.authentication is None:
        return []
    password = instance.authentication.password.decode()
    kind = instance.authentication.type.name
    return ["authentication {", f"auth_type {kind}", f'auth_pass "{password}"', "}"]


def _command(command: Command) -> str:
    quoted = " ".join(f"'{argument}'" for argument in command.argv)
    return f'"{quoted}" {command.user} {command.group}'


def _address(address: VirtualAddress) -> str:
    parts = [f"{address.interface} dev {address.device} scope {address.scope}"]
    if address.broadcast is not None:
        parts.append(f"brd {address.broadcast}")
    if address.label:
        parts.append(f"label {address.label}")
    if address.no_track:
        parts.append("no_track")
    return " ".join(parts)
