"""What one data plane has that another has not: what is sent of the next one.

Ports are by far the most of a plane, and a change touches few of them. All else is sent whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from vipkeeper.lab.plane import Plane, Port


@dataclass(frozen=True, slots=True)
class PlaneDifference:
    """The way from one plane to the next.

    Attributes:
        rest: the next plane without its ports.
        ports: those that are new, or are not what they were.
        gone: ids.
    """

    rest: Plane
    ports: tuple[Port, ...]
    gone: tuple[str, ...]

    @classmethod
    def between(cls, before: Plane, after: Plane) -> PlaneDifference:
        had = {port.id: port for port in before.ports}
        have = {port.id for port in after.ports}
        return cls(
            replace(after, ports=()),
            tuple(port for port in after.ports if had.get(port.id) != port),
            tuple(id for id in had if id not in have),
        )

    def applied_to(self, before: Plane) -> Plane:
        """The next plane. A port that was there keeps its place, and new ones come last."""
        ports = {port.id: port for port in before.ports}
        for id in self.gone:
            ports.pop(id, None)
        ports.update({port.id: port for port in self.ports})
        return replace(self.rest, ports=tuple(ports.values()))
