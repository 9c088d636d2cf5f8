"""Time, and what it brings: the hosts of a scenario, its faults, and the end of them."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable
from hashlib import blake2b
from itertools import count
from random import Random

from vipkeeper.daemon.instance import Instance
from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.simulate.faults import REFUSED, Fault, Kind
from vipkeeper.simulate.host import Host, MakeInstance
from vipkeeper.simulate.monitor import Monitor
from vipkeeper.simulate.network import Network
from vipkeeper.simulate.observation import RouterFacts
from vipkeeper.simulate.scenario import HostPlan, Scenario
from vipkeeper.vrrp.advertisement import GROUPS, ChecksumForm
from vipkeeper.vrrp.version import Family

BEGIN_NS = 1_000_000_000_000
"""Well away from zero, so that a duration taken for an instant shows."""

KEPT_LINES = 60


class World:
    """One run, from its seed to its end or to the first violation.

    Args:
        make_instance: what stands in for the daemon's instance, in the tests of the checkers.
        keep: how many of the last lines of the trace are kept.
    """

    def __init__(
        self,
        scenario: Scenario,
        make_instance: MakeInstance = Instance,
        keep: int | None = KEPT_LINES,
    ) -> None:
        self.scenario = scenario
        self.now = BEGIN_NS
        self.lines: deque[str] = deque(maxlen=keep)
        self.faults: Counter[Kind] = Counter()
        self._digest = blake2b(digest_size=16)
        self._random = Random(f"{scenario.seed} run")  # noqa: S311 - as in scenario.draw
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._end: int | None = None
        self.monitor = Monitor(_facts(scenario), scenario.delay_ns[1], scenario.lateness_ns)
        self.network = Network(self._random, self.monitor, self.at, scenario.delay_ns)
        self.hosts = self._make_hosts(make_instance)
        self.network.connect(self.hosts)
        self._plan()

    def _make_hosts(self, make_instance: MakeInstance) -> list[Host]:
        numbers = count()
        return [
            Host(
                plan,
                {settings.identity: next(numbers) for settings in plan.settings},
                self,
                self.monitor,
                self.network,
                make_instance,
            )
            for plan in self.scenario.hosts
        ]

    def _plan(self) -> None:
        for host in self.hosts:
            self.at(BEGIN_NS + host.plan.starts_at_ns, host.start)
        for fault in self.scenario.faults:
            self.at(BEGIN_NS + fault.at_ns, lambda fault=fault: self._begin(fault))  # type: ignore[misc]
            self.at(BEGIN_NS + fault.until_ns, lambda fault=fault: self._finish(fault))  # type: ignore[misc]
        self.at(BEGIN_NS + self.scenario.heals_at_ns, self._heal)

    # -- time ------------------------------------------------------------------------------

    @property
    def elapsed_ns(self) -> int:
        return self.now - BEGIN_NS

    @property
    def digest(self) -> str:
        """Of the whole trace."""
        return self._digest.hexdigest()

    def at(self, instant: int, callback: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (instant, next(self._order), callback))

    def wake(self, host: Host, instant: int) -> None:
        late = int(self._random.random() * self.scenario.lateness_ns)

        def served() -> None:
            if host.wants_wake == instant:
                host.turn()

        self.at(max(instant, self.now) + late, served)

    def up_to(self, longest_ns: int) -> int:
        return int(self._random.random() * longest_ns)

    def tell(self, what: str) -> None:
        line = f"{self.elapsed_ns / 1e9:.9f} {what}"
        self.lines.append(line)
        self._digest.update(line.encode())

    def run(self) -> None:
        """Live through it all.

        Raises:
            Violation: a checker has found something.
        """
        heap, pop, passes = self._heap, heapq.heappop, self.monitor.passes
        while heap and (self._end is None or heap[0][0] <= self._end):
            instant, _, callback = pop(heap)
            if instant > self.now:
                self.now = instant
                passes(instant)
            callback()
        assert self._end is not None
        self.now = self._end + 1
        self.monitor.passes(self.now)

    # -- faults ----------------------------------------------------------------------------

    def _begin(self, fault: Fault) -> None:
        self.faults[fault.kind] += 1
        self.tell(f"fault: {fault}")
        host = self.hosts[fault.host]
        match fault.kind:
            case Kind.POWER:
                host.lose_power()
            case Kind.KILL:
                host.kill()
            case Kind.STOP:
                host.stop()
            case Kind.PAUSE:
                host.pause()
            case Kind.SUSPEND:
                host.fall_asleep()
            case Kind.HANDOVER:
                host.hand_over()
            case _:
                self._switch(fault, 1)

    def _finish(self, fault: Fault) -> None:
        self.tell(f"over: {fault}")
        host = self.hosts[fault.host]
        match fault.kind:
            case Kind.POWER | Kind.KILL | Kind.STOP:
                host.start()
            case Kind.PAUSE:
                host.resume()
            case Kind.SUSPEND:
                host.wake()
            case Kind.HANDOVER:
                pass
            case _:
                self._switch(fault, -1)

    def _switch(self, fault: Fault, change: int) -> None:
        """What a fault does while it lasts; several of a kind may last at once."""
        host, network = self.hosts[fault.host], self.network
        match fault.kind:
            case Kind.LOSS:
                _keep(network.losses(fault.host, fault.other), fault.amount, change)
            case Kind.LOSS_EVERYWHERE:
                for sender, receiver in self._ways():
                    _keep(network.losses(sender, receiver), fault.amount, change)
            case Kind.DUPLICATION:
                _keep(network.duplication, fault.amount, change)
            case Kind.NOISE:
                _keep(network.noise, fault.amount, change)
            case Kind.DELAY:
                _keep(network.extra_delays_ns, int(fault.amount * 1e6), change)
            case Kind.CUT:
                network.cut(self.now, fault.host, fault.other, change)
            case Kind.SPLIT:
                mask = int(fault.amount)
                self._split(lambda number: mask >> number & 1, change)
            case Kind.LINK:
                host.set_link(change < 0)
            case Kind.TRACKED:
                host.set_uplink(change < 0)
            case Kind.MAINTENANCE:
                host.set_maintenance(change)
            case Kind.REFUSAL:
                host.refused[REFUSED[int(fault.amount)]] += change

    def _ways(self) -> list[tuple[int, int]]:
        numbers = range(len(self.hosts))
        return [(a, b) for a in numbers for b in numbers if a != b]

    def _split(self, part: Callable[[int], int], change: int) -> None:
        for sender, receiver in self._ways():
            if part(sender) != part(receiver):
                self.network.cut(self.now, sender, receiver, change)

    def _heal(self) -> None:
        """All faults are over, unless the link is to stay in parts."""
        self.tell("all is healed")
        segments = self.scenario.segments
        part = {number: n for n, hosts in enumerate(segments) for number in hosts}
        self._split(part.__getitem__, 1)
        self._end = self.monitor.healed(self.now, self.network.last_arrival, segments)


def _keep(values: list[float] | list[int], value: float, change: int) -> None:
    if change > 0:
        values.append(value)  # type: ignore[arg-type]
    else:
        values.remove(value)  # type: ignore[arg-type]


def _facts(scenario: Scenario) -> list[RouterFacts]:
    return [_router_facts(host, settings) for host in scenario.hosts for settings in host.settings]


def _router_facts(host: HostPlan, settings: InstanceSettings) -> RouterFacts:
    """The settings as the checkers read them: numbers and bytes."""
    primary = host.addresses[0 if settings.family == 4 else 1].packed
    addresses = tuple(item.address.packed for item in settings.addresses)
    password = settings.password
    return RouterFacts(
        name=f"{host.name} {settings.name}",
        host=host.number,
        vrid=settings.vrid,
        version=settings.version,
        family=settings.family,
        priority=settings.priority,
        weight=sum(item.weight for item in settings.tracked),
        interval_ns=settings.advertisement_interval_ns,
        primary=primary,
        addresses=addresses,
        own=frozenset(addresses) & {primary},
        preempt=settings.preempt,
        preempt_delay_ns=settings.preempt_delay_ns,
        down_adverts=settings.down_interval_adverts,
        answers=settings.answer_losing_adverts,
        last_word=settings.advertise_before_yielding,
        owner_starts_active=settings.owner_starts_active,
        owner_ignores=settings.owner_ignores_adverts,
        password=None if password is None else password.encode().ljust(8, b"\0"),
        group=GROUPS[Family(settings.family)].packed,
        peers=tuple(peer.address.packed for peer in settings.peers),
        ttl=settings.ttl,
        message_checksum=settings.checksum_form is ChecksumForm.MESSAGE,
    )
