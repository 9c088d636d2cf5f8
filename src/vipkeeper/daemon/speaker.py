"""The speaker: the real-time process that sends, receives and holds addresses.

It reads no file, runs no program and writes no log: all that is the keeper's, at the other end
of the channel. It imports the standard library alone and stops collecting garbage once it is
configured. When the keeper ends, however it ends, the speaker resigns and ends too.
"""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Iterable

from vipkeeper.daemon import circumstances, fence, ietf_vrrp, revival
from vipkeeper.daemon.channel import Channel
from vipkeeper.daemon.command_line import FENCES
from vipkeeper.daemon.fence import Fence
from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.interfaces import Interfaces
from vipkeeper.daemon.journal import DiscardLog, Record, kernel_error_record
from vipkeeper.daemon.kernel_effects import KernelEffects
from vipkeeper.daemon.loop import Loop
from vipkeeper.daemon.reception import Reception
from vipkeeper.daemon.revival import Invocation
from vipkeeper.daemon.settings import Identity, InstanceSettings, VirtualAddress
from vipkeeper.daemon.signals import DUMP_SIGNALS, SignalReader
from vipkeeper.daemon.statistics import global_statistics
from vipkeeper.daemon.successors import Successors
from vipkeeper.daemon.vrrp_sockets import Place, VrrpSockets
from vipkeeper.errors import KernelError
from vipkeeper.linux import scheduling
from vipkeeper.linux.rtnetlink import (
    AddressGone,
    Change,
    InterfaceAddress,
    Link,
    LinkGone,
    RouteMonitor,
    RouteNetlink,
)
from vipkeeper.linux.vrrp_socket import VrrpReceiver
from vipkeeper.vrrp.datagram import Address, Datagram
from vipkeeper.vrrp.events import ShutdownCause
from vipkeeper.vrrp.states import Active, Initialize
from vipkeeper.vrrp.version import Family

PACKETS_A_TURN = 64
"""So many packets of one interface, then the timers get their turn: a flood delays no advert."""

FLUSH_AFTER_NS = 20_000_000
PROCESS_NAME = "vipkeeperd_vrrp"


class Speaker:
    """All instances, and the sockets they share.

    Attributes:
        invocation: how the daemon was started, once the keeper has said so.
    """

    def __init__(self, channel: Channel, loop: Loop, kept_by: Fence) -> None:
        self.invocation: Invocation | None = None
        self._channel = channel
        self._keeper_pid = os.getppid()
        self._loop = loop
        self._instances: dict[Identity, Instance] = {}
        self._statistics = global_statistics(loop.now())
        self._discards = DiscardLog(self.report)
        self._reception = Reception(self._instances, self._statistics, self._discards)
        self._interfaces = Interfaces()
        self._netlink = RouteNetlink()
        self._monitor = RouteMonitor()
        self._fence = kept_by
        self._effects = KernelEffects(self._interfaces, self._netlink, kept_by, self._tell_failure)
        self._sockets = VrrpSockets(loop, self._interfaces, self._effects, self._packets_came)
        self._successors = Successors(loop, self._schedule)
        self._virtual: set[Address] = set()
        self._guarded: dict[VirtualAddress, int] = {}
        self._out_of_service: ShutdownCause | None = None
        self._untold: list[Record] = []
        loop.on_waking_late = self._woke_late
        loop.before_waiting = self._tell
        self._list_interfaces()
        loop.watch(self._monitor, self._interfaces_changed)
        loop.watch(channel, self._commanded)

    # -- commands --------------------------------------------------------------------------

    def report(self, record: Record) -> None:
        """Tell the keeper, once there is nothing more urgent to be done."""
        self._untold.append(record)

    def _tell(self) -> None:
        untold, self._untold = self._untold, []
        sent = [self._channel.send(record) for record in untold]
        if not all(sent):
            self._flush_later()

    def _flush_later(self) -> None:
        def flush() -> None:
            if not self._channel.flush():
                self._flush_later()

        self._loop.schedule.set("flush", self._loop.now() + FLUSH_AFTER_NS, flush)

    def _commanded(self) -> None:
        commands = self._channel.receive()
        if commands is None:
            self._loop.forget(self._channel)
            if not self._stops:  # the signal of the keeper's end may have come first
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
                case "remember":
                    self.invocation = Invocation.from_plain(command["invocation"])
                case "hand-over":
                    self._hand_over(command["instances"])
                case "maintenance":
                    self._set_out_of_service(ShutdownCause.MAINTENANCE if command["on"] else None)
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

    # -- going ------------------------------------------------------------------------------

    def _hand_over(self, names: list[str]) -> None:
        going = [one for one in self._instances.values() if one.settings.name in names]
        self._listen_for_successors(going)
        for instance in going:
            instance.hand_over(self._loop.now())
            self._schedule(instance)

    def _set_out_of_service(self, cause: ShutdownCause | None) -> None:
        """From now on no instance takes part, or all do again."""
        self._out_of_service = cause
        if cause is not None and cause.is_planned:
            self._listen_for_successors(self._instances.values())
        self._reconsider()

    def stop(self) -> None:
        """Hand over everywhere, then end. Whoever says so twice does not want to wait."""
        again = self._stops
        self._set_out_of_service(ShutdownCause.STOPPED_AT_ONCE if again else ShutdownCause.STOPPED)
        self._end_if_all_is_done()

    @property
    def _stops(self) -> bool:
        return self._out_of_service in (ShutdownCause.STOPPED, ShutdownCause.STOPPED_AT_ONCE)

    def terminated(self, signals: SignalReader) -> None:
        """SIGTERM: somebody's, or the kernel's, whose word of the keeper's end is a second one."""
        if signals.read() and not (self._stops and self._keeper_has_gone()):
            self.stop()

    def _listen_for_successors(self, going: Iterable[Instance]) -> None:
        """Before the first word of going, for the answer may come at once."""
        active = [one for one in going if isinstance(one.state, Active)]
        already = [one for one in self._instances.values() if one.is_handing_over]
        for interface, error in self._successors.listen([*already, *active]):
            self._tell_failure(interface, error)

    def _end_if_all_is_done(self) -> None:
        """What was handed over is needed no more; the adverts are on the wire."""
        instances = self._instances.values()
        self._successors.listen(one for one in instances if one.is_handing_over)
        if self._stops and all(isinstance(one.state, Initialize) for one in instances):
            self._loop.stop()

    def close(self) -> bool:
        """Returns whether the keeper has ended, and this process is all that is left."""
        self._tell()
        keeper_has_gone = self._keeper_has_gone()
        if keeper_has_gone:
            self._effects.finish()  # nobody else will do it
        self._successors.close()
        self._effects.remove_fence()
        self._sockets.close()
        self._effects.close()
        self._monitor.close()
        self._netlink.close()
        self._channel.close()
        return keeper_has_gone

    def _keeper_has_gone(self) -> bool:
        return os.getppid() != self._keeper_pid

    # -- interfaces ------------------------------------------------------------------------

    def _list_interfaces(self) -> None:
        self._interfaces.replace_all(self._netlink.links(), self._netlink.addresses())

    def _interfaces_changed(self) -> None:
        self._tell_failures()
        macs = self._interfaces.macs()
        changes = self._monitor.read()
        if changes is None:
            self._list_interfaces()
        else:
            used = self._used_interfaces()
            for change in changes:
                self._tell_link(change, used)
                self._interfaces.apply(change)
        if changes is None or not all(map(self._is_of_our_making, changes)):
            self._fit_sockets()
            self._reconsider()
        if changes is None or any(isinstance(change, AddressGone | Link) for change in changes):
            self._restore_addresses()
        if changes is None or any(isinstance(change, Link) for change in changes):
            self._announce_new_macs(macs)
        if changes is None or any(isinstance(change, Link | LinkGone) for change in changes):
            self._ask_for_virtual_interfaces()

    def _is_of_our_making(self, change: Change) -> bool:
        """A virtual address came or went: that changes no router's circumstances.

        Where 250 routers take over at once there are as many of these.
        """
        return (
            isinstance(change, InterfaceAddress | AddressGone) and change.address in self._virtual
        )

    def _announce_new_macs(self, before: dict[str, bytes]) -> None:
        """Whose hardware address has changed answers for its addresses with another one now."""
        changed = {
            name for name, mac in self._interfaces.macs().items() if before.get(name, mac) != mac
        }
        for instance in self._instances.values() if changed else ():
            if not changed.isdisjoint(item.device for item in instance.settings.addresses):
                instance.announce_again(self._loop.now())
                self._schedule(instance)

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

    def _tell_failure(self, interface: str, error: KernelError) -> None:
        self.report(kernel_error_record(interface, error, self._loop.now()))

    def _tell_failures(self) -> None:
        for interface, error in self._effects.failures():
            self._tell_failure(interface, error)

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
            self._tell_failure(interface, error)

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
        self._virtual = virtual - {one.settings.source for one in self._instances.values()}
        now = self._loop.now()
        for instance in self._instances.values():
            settings = instance.settings
            source = circumstances.source_address(settings, self._interfaces, virtual)
            obstacle = circumstances.obstacle(settings, self._interfaces, source)
            place = (settings.interface, instance.router.family)
            if obstacle is None and place not in self._sockets:
                obstacle = ShutdownCause.KERNEL_ERROR
            if obstacle is None and instance.lacks_primary_address:
                obstacle = self._join_again(place)
            if obstacle is None:
                obstacle = self._out_of_service
            priority = circumstances.effective_priority(settings, self._interfaces)
            instance.circumstances_changed(obstacle, priority, source, now)
            self._schedule(instance)
        self._fit_fence()
        if self._stops:
            self._end_if_all_is_done()

    def _fit_fence(self) -> None:
        """Around all that is ours to hold: an owner's own address is the host's."""
        guarded = {
            item: instance.router.lease_ns
            for instance in self._instances.values()
            for item in instance.settings.addresses
            if item.address != instance.router.primary_address
        }
        if guarded == self._guarded:
            return
        try:
            self._fence.fit(guarded)
            self._guarded = guarded
        except KernelError as error:
            self._tell_failure("fence", error)

    def _join_again(self, place: Place) -> ShutdownCause | None:
        """A router that does not hear its group takes over from one that is there."""
        try:
            self._sockets.join_again(place)
        except KernelError as error:
            self.report(kernel_error_record(place[0], error, self._loop.now()))
            return ShutdownCause.NO_PRIMARY_ADDRESS
        return None

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
            handed_over = instance.is_handing_over
            instance.on_timer(self._loop.now())
            self._schedule(instance)
            if handed_over and not instance.is_handing_over:
                self._end_if_all_is_done()

        self._loop.schedule.set(instance.settings.identity, instance.deadline(), expired)

    def _woke_late(self, lateness_ns: int) -> None:
        """This process or its host was stopped: who has missed too much begins anew.

        What has queued up meanwhile is about a time that has passed, and so is what we would
        answer: it is thrown away.
        """
        now = self._loop.now()
        overslept = [one for one in self._instances.values() if one.has_overslept(now)]
        for instance in overslept:
            instance.on_timer(now)
            self._schedule(instance)
        if overslept:
            self._sockets.drain()
            self.report({"record": "overslept", "at_ns": now, "lateness_ns": lateness_ns})


def main() -> None:
    parser = argparse.ArgumentParser(description="the real-time half of vipkeeperd")
    parser.add_argument("--channel", type=int, required=True, help="descriptor to the keeper")
    parser.add_argument("--fence", choices=FENCES, required=True)
    parser.add_argument("--fence-table", required=True, help="name of its nftables tables")
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
        chosen, instead = fence.choose(arguments.fence, arguments.fence_table)
        speaker = Speaker(channel, loop, chosen)
    except KernelError as error:
        channel.send({"record": "failed", "message": str(error)})
        raise SystemExit(error.exit_code) from None
    loop.watch(signals, lambda: speaker.terminated(signals))
    speaker.report(
        {
            "record": "started",
            "pid": os.getpid(),
            "not_permitted": refused,
            "no_nftables": instead,
        }
    )
    loop.run()
    keeper_has_gone = speaker.close()
    if keeper_has_gone and speaker.invocation is not None and revival.is_wanted():
        revival.start_again(speaker.invocation)


if __name__ == "__main__":
    main()
