"""The speaker: the real-time process that sends, receives and holds addresses.

It reads no file, runs no program and writes no log: all that is the keeper's, at the other end
of the channel. It imports the standard library alone and stops collecting garbage once it is
configured. When the keeper ends, however it ends, the speaker hands over, and becomes the daemon
anew unless a service manager does that.
"""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Iterable

from vipkeeper.daemon import ietf_vrrp, revival
from vipkeeper.daemon.channel import Channel
from vipkeeper.daemon.command_line import FENCES
from vipkeeper.daemon.fence import Fence, choose
from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.journal import DiscardLog, Record
from vipkeeper.daemon.loop import Loop
from vipkeeper.daemon.reception import Reception
from vipkeeper.daemon.revival import Invocation
from vipkeeper.daemon.settings import Identity, InstanceSettings
from vipkeeper.daemon.signals import DUMP_SIGNALS, SignalReader
from vipkeeper.daemon.statistics import global_statistics
from vipkeeper.daemon.successors import Successors
from vipkeeper.daemon.surroundings import Surroundings
from vipkeeper.errors import KernelError
from vipkeeper.linux import scheduling
from vipkeeper.linux.vrrp_socket import VrrpReceiver
from vipkeeper.vrrp.datagram import Datagram
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

    def __init__(self, channel: Channel, loop: Loop, fence: Fence) -> None:
        self.invocation: Invocation | None = None
        self._channel = channel
        self._keeper_pid = os.getppid()
        self._loop = loop
        self._instances: dict[Identity, Instance] = {}
        self._statistics = global_statistics(loop.now())
        self._discards = DiscardLog(self.report)
        self._reception = Reception(self._instances, self._statistics, self._discards)
        self._surroundings = Surroundings(
            loop, self._instances, fence, self._packets_came, self.report, self._schedule
        )
        self._successors = Successors(loop, self._schedule)
        self._untold: list[Record] = []
        loop.on_waking_late = self._woke_late
        loop.before_waiting = self._tell
        loop.watch(self._surroundings, self._surroundings_changed)
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
        self._surroundings.changed()  # what the keeper has made for them is there
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
                    settings, self._surroundings.effects, self.report, self._discards, now
                )
            elif known.settings != settings:
                known.reconfigure(settings, now)
        self._surroundings.fit_sockets()
        self._surroundings.reconsider()
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
        self._surroundings.out_of_service = cause
        if cause is not None and cause.is_planned:
            self._listen_for_successors(self._instances.values())
        self._surroundings.reconsider()

    def _surroundings_changed(self) -> None:
        self._surroundings.changed()
        if self._stops:
            self._end_if_all_is_done()

    def stop(self) -> None:
        """Hand over everywhere, then end. Whoever says so twice does not want to wait."""
        again = self._stops
        self._set_out_of_service(ShutdownCause.STOPPED_AT_ONCE if again else ShutdownCause.STOPPED)
        self._end_if_all_is_done()

    @property
    def _stops(self) -> bool:
        cause = self._surroundings.out_of_service
        return cause in (ShutdownCause.STOPPED, ShutdownCause.STOPPED_AT_ONCE)

    def terminated(self, signals: SignalReader) -> None:
        """SIGTERM: somebody's, or the kernel's, whose word of the keeper's end is a second one."""
        if signals.read() and not (self._stops and self._keeper_has_gone()):
            self.stop()

    def _listen_for_successors(self, going: Iterable[Instance]) -> None:
        """Before the first word of going, for the answer may come at once."""
        active = [one for one in going if isinstance(one.state, Active)]
        already = [one for one in self._instances.values() if one.is_handing_over]
        for interface, error in self._successors.listen([*already, *active]):
            self._surroundings.tell_failure(interface, error)

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
            self._surroundings.effects.finish()  # nobody else will do it
        self._successors.close()
        self._surroundings.close()
        self._channel.close()
        return keeper_has_gone

    def _keeper_has_gone(self) -> bool:
        return os.getppid() != self._keeper_pid

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
            self._surroundings.sockets.drain()
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
        chosen, instead = choose(arguments.fence, arguments.fence_table)
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
