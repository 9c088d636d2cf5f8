"""The speaker: the real-time process that sends, receives and holds addresses.

It reads no file, runs no program and writes no log: all that is the keeper's, at the other end
of the channel. It imports the standard library alone and stops collecting garbage once it is
configured. When the keeper ends, however it ends, the speaker resigns and ends too.
"""

from __future__ import annotations

import argparse
import os
import signal

from vipkeeper.daemon import circumstances, ietf_vrrp
from vipkeeper.daemon.channel import Channel
from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.journal import DiscardLog, Record, kernel_error_record
from vipkeeper.daemon.kernel_effects import KernelEffects
from vipkeeper.daemon.loop import Loop
from vipkeeper.daemon.reception import Reception
from vipkeeper.daemon.settings import Identity, InstanceSettings
from vipkeeper.daemon.signals import DUMP_SIGNALS, SignalReader
from vipkeeper.daemon.statistics import global_statistics
from vipkeeper.daemon.vrrp_sockets import Place, VrrpSockets
from vipkeeper.errors import KernelError
from vipkeeper.linux import scheduling
from vipkeeper.linux.rtnetlink import AddressGone, Link, LinkGone, RouteMonitor, RouteNetlink
from vipkeeper.linux.vrrp_socket import VrrpReceiver
from vipkeeper.vrrp.datagram import Address, Datagram
from vipkeeper.vrrp.events import ShutdownCause
from vipkeeper.vrrp.states import Active
from vipkeeper.vrrp.version import Family

PACKETS_A_TURN = 64
"""So many packets of one interface, then the timers get their turn: a flood delays no advert."""

FLUSH_AFTER_NS = 20_000_000
PROCESS_NAME = "vipkeeperd_vrrp"


class Speaker:
    """All instances, and the sockets they share."""

    def __init__(self, channel: Channel, loop: Loop) -> None:
        self._channel = channel
        self._loop = loop
        self._instances: dict[Identity, Instance] = {}
        self._statistics = global_statistics(loop.now())
        self._discards = DiscardLog(self.report)
        self._reception = Reception(self._instances, self._statistics, self._discards)
        self._interfaces = Interfaces()
        self._netlink = RouteNetlink()
        self._monitor = RouteMonitor()
        self._effects = KernelEffects(self._interfaces, self._netlink)
        self._sockets = VrrpSockets(loop, self._interfaces, self._effects, self._packets_came)
        self._list_interfaces()
        loop.watch(self._monitor, self._interfaces_changed)
        loop.watch(channel, self._commanded)

    # -- commands --------------------------------------------------------------------------

    def report(self, record: Record) -> None:
        if not self._channel.send(record):
            self._flush_later()

    def _flush_later(self) -> None:
        def flush() -> None:
            if not self._channel.flush():
                self._flush_later()

        self._loop.schedule.set("flush", self._loop.now() + FLUSH_AFTER_NS, flush)

    def _commanded(self) -> None:
        commands = self._channel.receive()
        if commands is None:
            self.stop()
            self._effects.finish()  # the keeper has gone, and nobody else will do it
            return
        for command in commands:
            match command["do"]:
                case "configure":
                    self._configure(
                        [InstanceSettings.from_plain(plain) for plain in command["instances"]]
                    )
                case "status":
                    self._report_status(command["request"])
                case "stop":
                    self.stop()

    def _configure(self, wanted: list[InstanceSettings]) -> None:
        """Take these instances and no others.

        One that goes on keeps its state, whatever else changes about it: it is known by its
        identity, not by its name. Addresses are released before any is acquired, since one may
        move from an instance to another.
        """
        self._interfaces_changed()  # what the keeper has made for them is there
        now = self._loop.now()
        settings_of = {settings.identity: settings for settings in wanted}
        for identity, instance in list(self._instances.items()):
            new = settings_of.get(identity)
            if new is None or new.match_key != instance.settings.match_key:
                instance.shutdown(ShutdownCause.RECONFIGURED, now)
                self._loop.schedule.set(identity, None, lambda: None)
                del self._instances[identity]
            else:
                instance.release_what_is_not_in(new, now)
        self._tell_names(settings_of)
        for identity, settings in settings_of.items():
            known = self._instances.get(identity)
            if known is None:
                self._instances[identity] = Instance(
                    settings, self._effects, self.report, self._discards, now
                )
            elif known.settings != settings:
                known.reconfigure(settings, now)
        self._fit_sockets()
        self._reconsider()
        scheduling.freeze_garbage_collection()
        self.report({"record": "configured"})

    def _tell_names(self, settings_of: dict[Identity, InstanceSettings]) -> None:
        names = {
            instance.settings.name: settings_of[identity].name
            for identity, instance in self._instances.items()
            if instance.settings.name != settings_of[identity].name
        }
        if names:
            self.report({"record": "renamed", "names": names})

    def _report_status(self, request: int) -> None:
        now = self._loop.now()
        self.report(
            {
                "record": "status",
                "request": request,
                "at_ns": now,
                "statistics": self._statistics.to_plain(),
                "ietf-vrrp": ietf_vrrp.vrrp(
                    [instance.settings for instance in self._instances.values()], self._statistics
                ),
                "records_dropped": self._channel.dropped,
                "instances": [instance.to_plain(now) for instance in self._instances.values()],
            }
        )

    def stop(self) -> None:
        """Resign everywhere, then end; the adverts are on the wire before the sockets close."""
        now = self._loop.now()
        for instance in self._instances.values():
            instance.shutdown(ShutdownCause.STOPPED, now)
        self._instances.clear()
        self._loop.stop()

    def close(self) -> None:
        self._channel.flush()
        self._sockets.close()
        self._effects.close()
        self._monitor.close()
        self._netlink.close()

    # -- interfaces ------------------------------------------------------------------------

    def _list_interfaces(self) -> None:
        self._interfaces.replace_all(self._netlink.links(), self._netlink.addresses())

    def _interfaces_changed(self) -> None:
        self._tell_failures()
        changes = self._monitor.read()
        if changes is None:
            self._list_interfaces()
        else:
            used = self._used_interfaces()
            for change in changes:
                self._tell_link(change, used)
                self._interfaces.apply(change)
        self._fit_sockets()
        self._reconsider()
        if changes is None or any(isinstance(change, AddressGone | Link) for change in changes):
            self._restore_addresses()
        if changes is None or any(isinstance(change, Link | LinkGone) for change in changes):
            self._ask_for_virtual_interfaces()

    def _ask_for_virtual_interfaces(self) -> None:
        """Somebody has deleted one, or what it lay on has come back without it."""
        if any(
            circumstances.lacks_virtual_interface(instance.settings, self._interfaces)
            and self._interfaces.link(instance.settings.interface)
            for instance in self._instances.values()
        ):
            self.report({"record": "virtual-interface-missing"})

    def _used_interfaces(self) -> set[str]:
        return {
            name
            for instance in self._instances.values()
            for name in (
                instance.settings.interface,
                *(tracked.name for tracked in instance.settings.tracked),
            )
        }

    def _tell_failures(self) -> None:
        for interface, error in self._effects.failures():
            self.report(kernel_error_record(interface, error, self._loop.now()))

    def _restore_addresses(self) -> None:
        """An Active router has its addresses, whoever takes them or their interface away."""
        for instance in self._instances.values():
            if not isinstance(instance.state, Active):
                continue
            lost = [
                address
                for address in instance.settings.addresses
                if not self._interfaces.has_address(address.device, address.address)
            ]
            virtual_mac = instance.settings.virtual_mac
            is_down = virtual_mac and not self._interfaces.is_usable(virtual_mac.interface)
            if lost or is_down:
                instance.restore(lost, self._loop.now())
                self._schedule(instance)

    def _tell_link(self, change: object, used: set[str]) -> None:
        if not isinstance(change, Link) or change.name not in used:
            return
        if change.usable != self._interfaces.is_usable(change.name):
            self.report(
                {
                    "record": "link",
                    "at_ns": self._loop.now(),
                    "interface": change.name,
                    "usable": change.usable,
                }
            )

    def _fit_sockets(self) -> None:
        routers = [instance.router for instance in self._instances.values()]
        for place in self._sockets.stale(routers):
            self._resign_at(place)  # while its sockets are open
        for interface, error in self._sockets.fit(routers):
            self.report(kernel_error_record(interface, error, self._loop.now()))

    def _resign_at(self, place: Place) -> None:
        for instance in self._instances.values():
            if (instance.router.interface, instance.router.family) == place:
                instance.shutdown(ShutdownCause.NO_INTERFACE, self._loop.now())

    def _reconsider(self) -> None:
        """Tell each instance what its interfaces are like now."""
        virtual: set[Address] = {
            item.address
            for instance in self._instances.values()
            if not instance.settings.is_owner  # they are the host's own (RFC 9568 1.6)
            for item in instance.settings.addresses
        }
        now = self._loop.now()
        for instance in self._instances.values():
            settings = instance.settings
            source = circumstances.source_address(settings, self._interfaces, virtual)
            obstacle = circumstances.obstacle(settings, self._interfaces, source)
            place = (settings.interface, instance.router.family)
            if obstacle is None and place not in self._sockets:
                obstacle = ShutdownCause.KERNEL_ERROR
            priority = circumstances.effective_priority(settings, self._interfaces)
            instance.circumstances_changed(obstacle, priority, source, now)
            self._schedule(instance)

    # -- packets and timers ----------------------------------------------------------------

    def _packets_came(self, receiver: VrrpReceiver) -> None:
        for _ in range(PACKETS_A_TURN):
            datagram = receiver.receive()
            if datagram is None:
                return
            self._packet_came(receiver.interface, receiver.family, datagram)

    def _packet_came(self, interface: str, family: Family, datagram: Datagram) -> None:
        instance = self._reception.packet_came(interface, family, datagram, self._loop.now())
        if instance is not None:
            self._schedule(instance)

    def _schedule(self, instance: Instance) -> None:
        def expired() -> None:
            instance.on_timer(self._loop.now())
            self._schedule(instance)

        self._loop.schedule.set(instance.settings.identity, instance.deadline(), expired)


def main() -> None:
    parser = argparse.ArgumentParser(description="the real-time half of vipkeeperd")
    parser.add_argument("--channel", type=int, required=True, help="descriptor to the keeper")
    arguments = parser.parse_args()
    scheduling.name_process(PROCESS_NAME)
    scheduling.die_with_parent(signal.SIGTERM)
    channel = Channel.from_descriptor(arguments.channel)
    refused = [
        reason
        for reason in (scheduling.request_realtime(), scheduling.request_locked_memory())
        if reason is not None
    ]
    loop = Loop()
    signals = SignalReader((signal.SIGTERM,))
    for number in (signal.SIGINT, signal.SIGHUP, *DUMP_SIGNALS.values()):
        signal.signal(number, signal.SIG_IGN)  # the keeper's to handle
    try:
        speaker = Speaker(channel, loop)
    except KernelError as error:
        channel.send({"record": "failed", "message": str(error)})
        raise SystemExit(error.exit_code) from None
    loop.watch(signals, speaker.stop)
    speaker.report({"record": "started", "pid": os.getpid(), "not_permitted": refused})
    loop.run()
    speaker.close()


if __name__ == "__main__":
    main()
