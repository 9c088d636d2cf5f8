"""The speaker: the real-time process that sends, receives and holds addresses.

It reads no file, runs no program and writes no log: all that is the keeper's, at the other end
of the channel. It imports the standard library alone and stops collecting garbage once it is
configured. When the keeper ends, however it ends, the speaker resigns and ends too.
"""

from __future__ import annotations

import argparse
import os
import signal

from vipkeeper.daemon.channel import Channel
from vipkeeper.daemon.effects import KernelEffects
from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.journal import DiscardLog, Record
from vipkeeper.daemon.loop import Loop
from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.daemon.signals import SignalReader
from vipkeeper.daemon.statistics import GLOBAL_REASONS, global_statistics
from vipkeeper.errors import KernelError
from vipkeeper.linux import scheduling
from vipkeeper.linux.rtnetlink import Link, RouteMonitor, RouteNetlink
from vipkeeper.linux.vrrp_socket import VrrpReceiver, parse_ipv4
from vipkeeper.vrrp.advertisement import Address, Discard, DiscardReason, decode
from vipkeeper.vrrp.machine import ShutdownCause
from vipkeeper.vrrp.version import Family

PACKETS_A_TURN = 64
"""So many packets of one interface, then the timers get their turn: a flood delays no advert."""

FLUSH_AFTER_NS = 20_000_000
PROCESS_NAME = "vipkeeperd_vrrp"

_MIN_PRIORITY, _MAX_PRIORITY = 1, 254


class Speaker:
    """All instances, and the sockets they share."""

    def __init__(self, channel: Channel, loop: Loop) -> None:
        self._channel = channel
        self._loop = loop
        self._instances: dict[str, Instance] = {}
        self._by_vrid: dict[tuple[str, int], Instance] = {}
        self._statistics = global_statistics()
        self._discards = DiscardLog(self.report)
        self._interfaces = Interfaces()
        self._receivers: dict[str, tuple[int, VrrpReceiver]] = {}
        self._netlink = RouteNetlink()
        self._monitor = RouteMonitor()
        self._effects = KernelEffects(self._interfaces, self._netlink)
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
        """Take these instances and no others; one whose settings are the same is untouched."""
        now = self._loop.now()
        by_name = {settings.name: settings for settings in wanted}
        for name, instance in list(self._instances.items()):
            if by_name.get(name) != instance.settings:
                instance.shutdown(ShutdownCause.RECONFIGURED, now)
                self._loop.schedule.set(name, None, lambda: None)
                del self._instances[name]
        for settings in wanted:
            if settings.name not in self._instances:
                self._instances[settings.name] = Instance(
                    settings, self._effects, self.report, self._discards
                )
        self._by_vrid = {
            (instance.settings.interface, instance.settings.vrid): instance
            for instance in self._instances.values()
        }
        self._fit_sockets()
        self._reconsider()
        scheduling.freeze_garbage_collection()

    def _report_status(self, request: int) -> None:
        now = self._loop.now()
        self.report(
            {
                "record": "status",
                "request": request,
                "at_ns": now,
                "statistics": self._statistics.to_plain(),
                "records_dropped": self._channel.dropped,
                "instances": [instance.to_plain() for instance in self._instances.values()],
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
        self._effects.close()
        for _, receiver in self._receivers.values():
            receiver.close()
        self._monitor.close()
        self._netlink.close()

    # -- interfaces ------------------------------------------------------------------------

    def _list_interfaces(self) -> None:
        self._interfaces.replace_all(self._netlink.links(), self._netlink.addresses())

    def _interfaces_changed(self) -> None:
        changes = self._monitor.read()
        if changes is None:
            self._list_interfaces()
        else:
            used = {instance.settings.interface for instance in self._instances.values()}
            for change in changes:
                self._tell_link(change, used)
                self._interfaces.apply(change)
        self._fit_sockets()
        self._reconsider()

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
        """One receiver and one sender on each interface that an instance runs on."""
        wanted = {}
        for instance in self._instances.values():
            if link := self._interfaces.link(instance.settings.interface):
                wanted[link.name] = link.index
        for name, (index, receiver) in list(self._receivers.items()):
            if wanted.get(name) != index:
                self._loop.forget(receiver)
                receiver.close()
                del self._receivers[name]
                self._effects.close_sender(name)
        for name, index in wanted.items():
            if name not in self._receivers:
                try:
                    self._open_sockets(name, index)
                except KernelError as error:
                    self.report(
                        {
                            "record": "kernel-error",
                            "at_ns": self._loop.now(),
                            "instance": name,
                            "message": str(error),
                        }
                    )

    def _open_sockets(self, name: str, index: int) -> None:
        receiver = VrrpReceiver(name, index)
        self._effects.open_sender(name, index)
        self._receivers[name] = (index, receiver)
        self._loop.watch(receiver, lambda: self._packets_came(receiver))

    def _reconsider(self) -> None:
        """Tell each instance what its interfaces are like now."""
        virtual: set[Address] = {
            item.address
            for instance in self._instances.values()
            for item in instance.settings.addresses
        }
        now = self._loop.now()
        for instance in self._instances.values():
            source = self._source(instance.settings, virtual)
            obstacle = self._obstacle(instance.settings, source)
            priority = self._effective_priority(instance.settings)
            instance.circumstances_changed(obstacle, priority, source, now)
            self._schedule(instance)

    def _source(self, settings: InstanceSettings, virtual: set[Address]) -> Address | None:
        family = Family(settings.family)
        own = self._interfaces.primary_address(settings.interface, family, virtual)
        # The owner's addresses are virtual and its own at once (RFC 9568 1.6).
        return own or self._interfaces.primary_address(settings.interface, family, ())

    def _obstacle(self, settings: InstanceSettings, source: Address | None) -> ShutdownCause | None:
        if self._interfaces.link(settings.interface) is None:
            return ShutdownCause.NO_INTERFACE
        if settings.interface not in self._receivers:
            return ShutdownCause.KERNEL_ERROR
        if not settings.ignore_own_interface and not self._interfaces.is_usable(settings.interface):
            return ShutdownCause.INTERFACE_DOWN
        if source is None:
            return ShutdownCause.NO_PRIMARY_ADDRESS
        for tracked in settings.tracked:
            if tracked.weight == 0 and self._interfaces.is_usable(tracked.name) == tracked.reverse:
                return ShutdownCause.TRACKED_INTERFACE_DOWN
        return None

    def _effective_priority(self, settings: InstanceSettings) -> int:
        """Keepalived's weights: added while up if positive, taken off while down if negative."""
        if settings.priority > _MAX_PRIORITY:
            return settings.priority  # the owner stays the owner
        priority = settings.priority
        for tracked in settings.tracked:
            is_good = self._interfaces.is_usable(tracked.name) != tracked.reverse
            if is_good == (tracked.weight > 0):
                priority += tracked.weight
        return min(max(priority, _MIN_PRIORITY), _MAX_PRIORITY)

    # -- packets and timers ----------------------------------------------------------------

    def _packets_came(self, receiver: VrrpReceiver) -> None:
        for _ in range(PACKETS_A_TURN):
            packet = receiver.receive()
            if packet is None:
                return
            self._packet_came(receiver.interface, packet)

    def _packet_came(self, interface: str, packet: bytes) -> None:
        now = self._loop.now()
        datagram = parse_ipv4(packet)
        if datagram is None:
            self._discard(
                interface, Discard(DiscardReason.INCOMPLETE_PACKET, "no IPv4 packet"), "?", now
            )
            return
        verdict = decode(datagram.payload, datagram.source, datagram.destination)
        if isinstance(verdict, Discard):
            self._discard(interface, verdict, str(datagram.source), now)
            return
        instance = self._by_vrid.get((interface, verdict.vrid))
        if instance is None:
            unknown = Discard(
                DiscardReason.VRID,
                f"Unknown VRID({verdict.vrid}) received on interface({interface}). ignoring...",
                verdict.vrid,
            )
            self._discard(interface, unknown, str(datagram.source), now)
            return
        discarded = instance.receive(verdict, datagram.source, datagram.ttl, now)
        if discarded is not None and discarded.reason in GLOBAL_REASONS:
            self._statistics.count(discarded.reason.value)
        self._schedule(instance)

    def _discard(self, interface: str, discard: Discard, source: str, now: int) -> None:
        """A packet that came to nobody, or that its virtual router cannot read."""
        if discard.reason in GLOBAL_REASONS or discard.reason is DiscardReason.INCOMPLETE_PACKET:
            self._statistics.count(discard.reason.value)
        instance = self._by_vrid.get((interface, discard.vrid or 0))
        if instance is None:
            self._discards.discarded(interface, None, discard, source, now)
        else:
            instance.discard(discard, source, now)

    def _schedule(self, instance: Instance) -> None:
        def expired() -> None:
            instance.on_timer(self._loop.now())
            self._schedule(instance)

        self._loop.schedule.set(instance.settings.name, instance.deadline(), expired)


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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the keeper's to handle
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
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
