"""The keeper: everything but the real-time part.

It reads the configuration, starts the speaker and restarts it when it dies, writes the log,
runs the notify commands, and answers ``vipkeeper status``.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

from vipkeeper import __version__
from vipkeeper.daemon import ietf_vrrp, log_lines, survivor, systemd, translation
from vipkeeper.daemon.channel import Record
from vipkeeper.daemon.command_line import Options
from vipkeeper.daemon.control import Answer, ControlServer, SocketInUseError
from vipkeeper.daemon.history import History, steady_wall_clock, wall_clock
from vipkeeper.daemon.hooks import HookRunner, hooks, still_active_hooks
from vipkeeper.daemon.host import Host
from vipkeeper.daemon.log import LOG_ERR, LOG_WARNING, SPEAKER_IDENT, Log
from vipkeeper.daemon.loop import Loop
from vipkeeper.daemon.pidfile import PidFile
from vipkeeper.daemon.proposal import Proposal, read_proposal
from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.daemon.signals import DUMP_SIGNALS, SignalReader
from vipkeeper.daemon.speaker_process import SpeakerProcess
from vipkeeper.keepalived import Finding, Loaded, NotifyCommands, Severity

STOP_TIMEOUT_NS = 5_000_000_000  # keepalived's child_wait_time
HOOKS_AT_STOP_NS = 1_000_000_000  # keepalived gives its scripts as long
HOOK_POLL_NS = 1_000_000_000
RESPAWN_DELAY_NS = 1_000_000_000

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Keeper:
    """The supervisor. ``loaded`` has passed the checks of start-up."""

    def __init__(self, options: Options, loaded: Loaded, log: Log, loop: Loop) -> None:
        self._options = options
        self._loaded = loaded
        self._log = log
        self._loop = loop
        self._settings: list[InstanceSettings] = translation.instances(loaded.configuration)
        self._speaker: SpeakerProcess | None = None
        self._speaker_started_at = 0
        self._speaker_pid_file = PidFile(options.vrrp_pid_file)
        self._speaker_pid_file.acquire()
        self._history = History()
        self._not_permitted: list[str] = []
        self._started = wall_clock(loop.now())
        self._status_requests: dict[int, Answer] = {}
        self._next_request = 0
        self._hooks = HookRunner(self._warn)
        self._host = Host(options, self._warn)
        self._virtual_interfaces_made_at = 0
        self._stopping = False
        self.exit_code = 0
        self._signals = SignalReader((*_SIGNALS, *DUMP_SIGNALS.values()))
        self._control: ControlServer | None = None
        try:
            self._control = ControlServer(options.control_socket, loop, self._requested)
        except (
            SocketInUseError
        ) as error:  # several daemons run beside each other on Neutron's hosts
            self._warn(str(error))

    def run(self) -> None:
        """Until a SIGTERM or SIGINT, and what has to be done after it."""
        self._loop.watch(self._signals, self._signalled)
        self._log.write(f"Starting vipkeeperd v{__version__}")
        self._tell_findings(self._loaded.findings)
        for option in self._options.ignored:
            self._warn(f"option {option} has no effect here")
        self._host.undo_leftovers()
        if self._host.in_maintenance:
            self._warn("in maintenance: it takes no part until `vipkeeper maintenance off`")
        self._start_speaker()
        try:
            self._loop.run()
        finally:
            if self._speaker is not None:
                self._speaker.kill()
            self._host.leave()
            if self._control is not None:
                self._control.close()
            self._speaker_pid_file.release()
        self._log.write(f"Stopped vipkeeperd v{__version__}")

    # -- signals ---------------------------------------------------------------------------

    def _signalled(self) -> None:
        for number in self._signals.read():
            match number:
                case signal.SIGTERM | signal.SIGINT:
                    self._stop()
                case signal.SIGHUP:
                    self._reload()
                case signal.SIGCHLD:
                    self._child_ended()
                case _:
                    self._warn("no dump is written here: ask `vipkeeper status --json`")

    def _stop(self) -> None:
        if self._stopping:
            if self._speaker is not None:
                self._speaker.channel.send({"do": "stop"})  # once more: at once
            return
        self._stopping = True
        self._log.write("Stopping")
        longest_ns = max((one.handover_ns for one in self._settings), default=0)
        timeout_ns = longest_ns + STOP_TIMEOUT_NS
        systemd.notify(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={2 * timeout_ns // 1000}")
        if self._speaker is None:
            self._loop.schedule.set("respawn", None, self._start_speaker)
            self._finish_stopping()
            return
        self._speaker.channel.send({"do": "stop"})
        self._loop.schedule.set("stop", self._loop.now() + timeout_ns, self._stop_by_force)

    def _stop_by_force(self) -> None:
        if self._speaker is not None:
            self._warn("the VRRP process does not stop, killing it")
            self._speaker.kill()
            self._child_ended()

    # -- the speaker -----------------------------------------------------------------------

    def _start_speaker(self) -> None:
        self._speaker = SpeakerProcess(self._options.fence, self._host.fence_table)
        self._speaker_started_at = self._loop.now()
        self._speaker_pid_file.write(self._speaker.pid)
        self._log.write(f"Starting VRRP child process, pid={self._speaker.pid}")
        self._loop.watch(self._speaker.channel, self._speaker_says)
        invocation = self._options.invocation.to_plain()
        self._tell_speaker({"do": "remember", "invocation": invocation})
        self._configure_speaker()

    def _configure_speaker(self) -> None:
        """What the instances need is there before they are told of, and goes after them."""
        self._host.prepare(self._settings)
        if self._speaker is not None:
            plain = [settings.to_plain() for settings in self._settings]
            self._tell_speaker({"do": "maintenance", "on": self._host.in_maintenance})
            self._tell_speaker({"do": "configure", "instances": plain})

    def _tell_speaker(self, command: Record) -> None:
        if self._speaker is not None and not self._speaker.channel.send(command):
            self._flush_later()

    def _make_virtual_interfaces_again(self) -> None:
        """At once, but not again and again where it does not succeed."""

        def make() -> None:
            self._host.make_virtual_interfaces(self._settings)
            self._virtual_interfaces_made_at = self._loop.now()

        at = max(self._loop.now(), self._virtual_interfaces_made_at + RESPAWN_DELAY_NS)
        self._loop.schedule.set("virtual interfaces", at, make)

    def _flush_later(self) -> None:
        def flush() -> None:
            if self._speaker is not None and not self._speaker.channel.flush():
                self._flush_later()

        self._loop.schedule.set("flush", self._loop.now() + 5_000_000, flush)

    def _speaker_says(self) -> None:
        if self._speaker is None:
            return
        records = self._speaker.channel.receive()
        if records is None:
            self._loop.forget(self._speaker.channel)  # its end comes as SIGCHLD
            return
        for record in records:
            self._take(record)

    def _child_ended(self) -> None:
        self._hooks.poll(self._loop.now())
        if self._speaker is None or self._speaker.exit_code() is None:
            return
        code, pid = self._speaker.exit_code(), self._speaker.pid
        self._take_last_words(self._speaker)
        self._speaker = None
        if code != 0:
            self._release_what_it_held()
        if self._stopping:
            self._finish_stopping()
            return
        if code == 0:
            self._warn(f"VRRP child process({pid}) was stopped: Respawning")
        else:
            self._log.write(f"VRRP child process({pid}) died: Respawning", level=LOG_ERR)
        if code is not None and code > 0 and self._history.is_empty:
            self.exit_code = code  # it never got to work: the reason is in the log
            self._stopping = True
            self._loop.stop()
            return
        self._history.forget_states()
        # At once, but not again and again where it does not stay alive.
        at = max(self._loop.now(), self._speaker_started_at + RESPAWN_DELAY_NS)
        self._loop.schedule.set("respawn", at, self._start_speaker)

    def _take_last_words(self, speaker: SpeakerProcess) -> None:
        for record in speaker.channel.receive() or ():
            self._take(record)
        with suppress(KeyError):
            self._loop.forget(speaker.channel)
        speaker.channel.close()
        for answer in self._status_requests.values():
            answer({"ok": False, "error": "the VRRP process has ended"})
        self._status_requests.clear()

    def _release_what_it_held(self) -> None:
        """A process that was killed neither resigns nor lets go of its addresses."""
        held = [one for one in self._settings if self._history.holds_addresses(one.name)]
        survivor.give_up(held, lambda text: self._log.write(text, level=LOG_ERR))

    def _finish_stopping(self) -> None:
        now = self._loop.now()
        for instance in self._loaded.configuration.instances:
            self._hooks.add(hooks(instance.name, instance.notify, "STOP", instance.priority), now)
        deadline = now + HOOKS_AT_STOP_NS

        def end_when_idle() -> None:
            now = self._loop.now()
            self._hooks.poll(now)
            if self._hooks.is_idle or now >= deadline:
                self._hooks.start_all()
                self._loop.stop()
            else:
                self._loop.schedule.set("stop", now + 10_000_000, end_when_idle)

        end_when_idle()

    # -- records ---------------------------------------------------------------------------

    def _take(self, record: Record) -> None:
        match record["record"]:
            case "started":
                self._speaker_started(record)
            case "failed":
                self._say(record["message"], level=LOG_ERR)
            case "status":
                answer = self._status_requests.pop(record["request"], None)
                if answer is not None:
                    answer({"ok": True, "status": self._status(record)})
            case "renamed":
                self._history.rename(record["names"])
            case "configured":
                self._host.remove_all_but(self._settings)
            case "virtual-interface-missing":
                self._make_virtual_interfaces_again()
            case _:
                self._write_lines(record)
                if record["record"] in ("transition", "waiting"):
                    self._state_changed(record)
                elif record["record"] == "still-active":
                    self._still_active(record["instance"])

    def _speaker_started(self, record: Record) -> None:
        for reason in record["not_permitted"]:
            if reason not in self._not_permitted:
                self._not_permitted.append(reason)
                self._say(f"not permitted: {reason}; timers may be late on a busy machine")
        if record["no_nftables"] is not None:
            self._say(
                f"{record['no_nftables']}: the lifetimes of the addresses keep this host from"
                " answering for them when this daemon is killed or stopped"
            )
        systemd.notify("READY=1")

    def _write_lines(self, record: Record) -> None:
        for line in log_lines.lines(record):
            if self._options.log_detail or not line.detail:
                self._say(line.text)
        if record["record"] == "transition" and record["old"] != record["new"]:
            self._say(log_lines.structured(record))

    def _state_changed(self, record: Record) -> None:
        state = self._history.note(record)
        if state is None or self._stopping:
            return  # STOP is told once the addresses have gone
        name, priority = record["instance"], record.get("priority", 0)
        self._hooks.add(hooks(name, self._notify(name), state, priority), self._loop.now())
        self._watch_hooks()

    def _still_active(self, name: str) -> None:
        self._hooks.add(still_active_hooks(name, self._notify(name)), self._loop.now())
        self._watch_hooks()

    def _notify(self, name: str) -> NotifyCommands:
        for instance in self._loaded.configuration.instances:
            if instance.name == name:
                return instance.notify
        return NotifyCommands()

    def _watch_hooks(self) -> None:
        """SIGCHLD tells of an end; this is for a script that does not come to one."""

        def poll() -> None:
            self._hooks.poll(self._loop.now())
            self._watch_hooks()

        idle = self._hooks.is_idle
        self._loop.schedule.set("hooks", None if idle else self._loop.now() + HOOK_POLL_NS, poll)

    def _say(self, text: str, level: int = 6) -> None:
        pid = 0 if self._speaker is None else self._speaker.pid
        self._log.write(text, level=level, ident=SPEAKER_IDENT, pid=pid)

    def _warn(self, text: str) -> None:
        self._log.write(text, level=LOG_WARNING)

    # -- the configuration -----------------------------------------------------------------

    def _tell_findings(self, findings: tuple[Finding, ...]) -> None:
        for finding in findings:
            level = LOG_ERR if finding.severity is Severity.ERROR else LOG_WARNING
            for line in finding.render().splitlines():
                self._log.write(line, level=level)

    def _reload(self) -> Proposal:
        """Take the new configuration if it is without an error, otherwise keep the old one."""
        self._log.write("Reloading")
        proposal = read_proposal(self._options, self._loaded)
        self._tell_findings(proposal.findings)
        if proposal.loaded is None:
            self._warn(proposal.refusal)
            return proposal
        for change in proposal.changes:
            for line in change.lines():
                self._log.write(line)
            if change.warning:
                self._warn(change.warning)
        self._loaded = proposal.loaded
        self._settings = translation.instances(proposal.loaded.configuration)
        self._configure_speaker()
        return proposal

    # -- requests --------------------------------------------------------------------------

    def _requested(self, request: dict[str, Any], answer: Answer) -> None:
        match request:
            case {"request": "reload"}:
                self._reload_requested(request, answer)
            case _ if self._speaker is None:
                answer({"ok": False, "error": "the VRRP process is being restarted"})
            case {"request": "status"}:
                self._next_request += 1
                self._status_requests[self._next_request] = answer
                self._tell_speaker({"do": "status", "request": self._next_request})
            case {"request": "hand-over", "instances": list(names)}:
                self._hand_over(names, answer)
            case {"request": "maintenance", "on": bool(on)}:
                self._set_maintenance(on, answer)
            case _:
                answer({"ok": False, "error": f"unknown request {request.get('request')!r}"})

    def _hand_over(self, names: list[str], answer: Answer) -> None:
        """Of those named, or of all; the answer says of which, not what comes of it."""
        there = [settings.name for settings in self._settings]
        unknown = [name for name in names if name not in there]
        if unknown:
            error = f"there is no instance {', '.join(unknown)}; there are: {', '.join(there)}"
            answer({"ok": False, "error": error})
            return
        self._log.write("Handing over, as somebody wants it")
        self._tell_speaker({"do": "hand-over", "instances": names or there})
        answer({"ok": True, "instances": names or there})

    def _set_maintenance(self, on: bool, answer: Answer) -> None:
        """It outlives this daemon, but not the machine's next start."""
        changed = on != self._host.in_maintenance
        self._host.in_maintenance = on
        if changed:
            self._log.write(f"Maintenance {'begins' if on else 'is over'}")
        self._tell_speaker({"do": "maintenance", "on": on})
        answer({"ok": True, "changed": changed})

    def _reload_requested(self, request: dict[str, Any], answer: Answer) -> None:
        if self._stopping:
            answer({"ok": False, "error": "the daemon is stopping"})
        elif request.get("dry_run"):
            proposal = read_proposal(self._options, self._loaded)
            answer({"ok": True, "reload": proposal.to_plain(applied=False)})
        else:
            proposal = self._reload()
            applied = proposal.loaded is not None
            answer({"ok": True, "reload": proposal.to_plain(applied=applied)})

    def _status(self, record: Record) -> dict[str, Any]:
        return {
            "version": __version__,
            "pid": os.getpid(),
            "vrrp_pid": 0 if self._speaker is None else self._speaker.pid,
            "started": self._started,
            "configuration": str(self._options.configuration),
            "findings": [finding.headline for finding in self._loaded.findings],
            "refused": list(self._loaded.configuration.refused),
            "not_permitted": self._not_permitted,
            "in_maintenance": self._host.in_maintenance,
            "statistics": ietf_vrrp.with_datetimes(record["statistics"], steady_wall_clock),
            "ietf-vrrp": ietf_vrrp.with_datetimes(record["ietf-vrrp"], steady_wall_clock),
            "instances": [self._history.complete(item) for item in record["instances"]],
        }
