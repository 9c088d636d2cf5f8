"""One configuration, the two programs in one pair of roles: all that must hold, in one go."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

import pytest

from tests.interop.configurations import Configuration, VirtualMac
from tests.interop.scene import Scene, Sight
from tests.interop.verdict import complaints
from tests.programs import Speaker
from tests.topology import Network, wait_until

TAKEOVER_SECONDS = 40.0
"""A bound for waiting, not a measurement: 3.8 s by the timers, more on a busy machine."""
FOLLOW_SECONDS = 15.0
POLL_SECONDS = 0.2
"""A look at all machines costs 10 ms, and many encounters go on at once."""
ADVERTS_WITHOUT_PREEMPTION = 5
"""One that preempts has done so after four: its Active_Down_Interval is less than that."""


class Check(Enum):
    """A column of the matrix."""

    ELECTION = "election"
    LINK_CUT = "link cut"
    RETURN = "return"
    CLEAN_STOP = "clean stop"
    RESTART = "restart"
    POWER_OFF = "power off"
    NEIGHBOURS = "neighbours"
    SWITCH = "switch"
    ANSWERS = "answers"
    COUNTERS = "counters"


Outcome = dict[Check, str]
"""What went wrong with each; nothing where it is as it must be."""

OBSERVED = (Check.NEIGHBOURS, Check.SWITCH, Check.ANSWERS, Check.COUNTERS)
"""What is looked at in every phase."""


class Encounter:
    """test01 is the better router; the kinds are those of test01 and of test02."""

    def __init__(
        self,
        network: Network,
        configuration: Configuration,
        kinds: tuple[str, str],
        directory: Path,
    ) -> None:
        self._configuration = configuration
        self._scene = Scene(network, configuration)
        self._better, self._lesser = (
            Speaker(node, kind, configuration.text(name), directory)
            for (name, node), kind in zip(self._scene.routers.items(), kinds, strict=True)
        )
        self._outcome: Outcome = dict.fromkeys(Check, "")

    def run(self) -> Outcome:
        phases: dict[Check, Callable[[], None]] = {
            Check.ELECTION: self._elect,
            Check.LINK_CUT: self._cut,
            Check.RETURN: self._return,
            Check.CLEAN_STOP: self._stop_the_active_one,
            Check.RESTART: self._start_it_again,
            Check.POWER_OFF: self._power_off_the_active_one,
        }
        for number, (check, phase) in enumerate(phases.items()):
            try:
                phase()
            except (Exception, pytest.fail.Exception) as failure:  # noqa: BLE001 it is the outcome
                self._outcome[check] = f"{type(failure).__name__}: {failure}\n{self._logs()}"
                for never in (*list(phases)[number + 1 :], *OBSERVED):
                    self._outcome[never] = self._outcome[never] or f"{check.value} went wrong"
                break
        return self._outcome

    # -- the phases ------------------------------------------------------------------------

    def _elect(self) -> None:
        for speaker in (self._better, self._lesser):
            if self._needs_introduction(speaker):
                self._scene.introduce_watcher_to(speaker.node.name)
            speaker.start()
        wait_until(
            lambda: self._is_held_by(self._scene.look(), self._better),
            seconds=TAKEOVER_SECONDS,
            poll_seconds=POLL_SECONDS,
            what="the better router is Active",
        )
        self._look_whether_it_answers()
        self._scene.never_ask_again()
        self._wait_for(self._better)

    def _cut(self) -> None:
        self._scene.network.unplug(self._better.node.name)
        self._wait_for(self._lesser)

    def _return(self) -> None:
        heard = self._heard(self._better)
        self._scene.network.plug(self._better.node.name)
        if self._configuration.preempt:
            self._wait_for(self._better)
        else:
            self._wait_until_it_has_listened(self._better, since=heard)
            self._wait_for(self._lesser)

    def _stop_the_active_one(self) -> None:
        active, backup = self._in_their_roles()
        self._judge(active)
        resignations = self._resignations(backup)
        assert active.stop() == 0
        self._wait_for(backup)
        assert self._resignations(backup) > resignations, "no priority 0 was heard"
        assert "vrrp.51" not in self._scene.look().interfaces[active.node.name]

    def _start_it_again(self) -> None:
        stopped, other = self._in_their_roles()
        stopped.start()
        if self._configuration.preempt:
            self._wait_for(stopped)
        else:
            self._wait_until_it_has_listened(stopped, since=0)
            self._wait_for(other)

    def _power_off_the_active_one(self) -> None:
        self._judge(self._better)
        self._judge(self._lesser)
        self._scene.power_off(self._better.node.name)
        wait_until(
            lambda: self._is_held(self._scene.look(), self._lesser),
            seconds=TAKEOVER_SECONDS,
            poll_seconds=POLL_SECONDS,
            what=f"{self._lesser.node.name} takes over",
        )
        self._look_where_it_is(self._lesser)
        self._judge(self._lesser)
        assert self._lesser.stop() == 0

    def _in_their_roles(self) -> tuple[Speaker, Speaker]:
        """Active and Backup, once the better one has come back."""
        roles = (self._better, self._lesser)
        return roles if self._configuration.preempt else (roles[1], roles[0])

    # -- what is waited for ----------------------------------------------------------------

    def _wait_for(self, active: Speaker) -> None:
        """It alone has the addresses; neighbours and switch know where, without asking."""
        wait_until(
            lambda: self._is_held_by(self._scene.look(), active),
            seconds=TAKEOVER_SECONDS,
            poll_seconds=POLL_SECONDS,
            what=lambda: f"{active.node.name} alone is Active: {self._scene.look()}",
        )
        self._look_where_it_is(active)

    def _wait_until_it_has_listened(self, speaker: Speaker, *, since: int) -> None:
        wait_until(
            lambda: self._heard(speaker) >= since + ADVERTS_WITHOUT_PREEMPTION,
            seconds=TAKEOVER_SECONDS,
            poll_seconds=POLL_SECONDS,
            what=lambda: f"{speaker.node.name} hears the Active router",
        )

    def _look_where_it_is(self, active: Speaker) -> None:
        mac = self._scene.mac_when_active(active.node.name)
        addresses = self._configuration.addresses
        self._observe(
            Check.NEIGHBOURS,
            lambda sight: all(sight.neighbours.get(address) == mac for address in addresses),
            f"{addresses} at {mac}, {active.node.name}'s",
        )
        self._observe(
            Check.SWITCH,
            lambda sight: sight.ports.get(mac) == active.node.name,
            f"{mac} at {active.node.name}'s port",
        )
        self._look_whether_it_answers()

    def _look_whether_it_answers(self) -> None:
        for address in self._configuration.addresses:
            if not self._scene.ping(address):
                self._note(Check.ANSWERS, f"{address} does not answer")

    def _observe(self, check: Check, condition: Callable[[Sight], bool], what: str) -> None:
        try:
            wait_until(
                lambda: condition(self._scene.look()),
                seconds=FOLLOW_SECONDS,
                poll_seconds=POLL_SECONDS,
                what=lambda: f"{what}: {self._scene.look()}",
            )
        except pytest.fail.Exception as failure:
            self._note(check, str(failure))

    def _judge(self, speaker: Speaker) -> None:
        for complaint in complaints(speaker, self._configuration):
            self._note(Check.COUNTERS, f"{speaker.node.name}, {speaker.kind}: {complaint}")

    def _note(self, check: Check, what: str) -> None:
        """The first thing that went wrong is kept: the others mostly follow from it."""
        self._outcome[check] = self._outcome[check] or f"{what}\n{self._logs()}"

    # -- what is seen ----------------------------------------------------------------------

    def _is_held(self, sight: Sight, speaker: Speaker) -> bool:
        return set(self._configuration.addresses) <= sight.addresses[speaker.node.name]

    def _is_held_by(self, sight: Sight, speaker: Speaker) -> bool:
        (other,) = {self._better, self._lesser} - {speaker}
        none = set(self._configuration.addresses).isdisjoint(sight.addresses[other.node.name])
        return none and self._is_held(sight, speaker)

    def _heard(self, speaker: Speaker) -> int:
        names = {"vipkeeperd": "advertisement-rcvd", "keepalived": "Advertisements Received"}
        return speaker.counters()[names[speaker.kind]]

    def _resignations(self, speaker: Speaker) -> int:
        names = {"vipkeeperd": "priority-zero-pkts-rcvd", "keepalived": "Priority Zero Received"}
        return speaker.counters()[names[speaker.kind]]

    def _needs_introduction(self, speaker: Speaker) -> bool:
        """keepalived's host asks for a neighbour in the name of the virtual address.

        It does so with its own MAC address, which the neighbour then believes.
        """
        has_virtual_mac = self._configuration.virtual_mac is not VirtualMac.NONE
        return has_virtual_mac and speaker.kind == "keepalived"

    def _logs(self) -> str:
        return "\n".join(
            f"--- {speaker.node.name}, {speaker.kind}\n{speaker.log()}"
            for speaker in (self._better, self._lesser)
        )
