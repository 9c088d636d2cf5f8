"""A session at a terminal, made of steps that each yield what was seen.

Commands that do not need each other are typed together: the ``openstack`` client takes a second
to start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vipkeeper.demo.observation import web_answer
from vipkeeper.demo.openstack.terminal import Terminal
from vipkeeper.demo.scene import Scene
from vipkeeper.demo.step import Check

BOOT_S = 60.0

MEMBER, ADMIN = "openstack --os-cloud lab", "openstack --os-cloud lab-admin"
"""The client, as one of the two clouds of the clouds.yaml."""


@dataclass(slots=True)
class Session:
    """A step's two hands: the terminal, and the lab that it acts on.

    Attributes:
        address: the virtual IP's floating IP, once it has been seen.
    """

    terminal: Terminal
    scene: Scene
    address: str = "(none)"

    def make(self, *orders: tuple[str, str], show: str = "") -> Iterator[Check]:
        """Commands that must succeed, typed together.

        Args:
            orders: what is made or done, as a sentence, and the command for it.
            show: the columns of what the client prints, with a space between.
        """
        self.scene.watcher.doing(orders[0][0])
        columns = "".join(f" -c {column}" for column in show.split())
        outputs = self.terminal.run_together([command + columns for _, command in orders])
        for (expected, _), seen in zip(orders, outputs, strict=True):
            yield seen.check(expected, seen.code == 0)

    def does(self, expected: str, command: str, *, code: int = 0, says: str = "") -> Check:
        """A command that must end so, and say something."""
        self.scene.watcher.doing(expected)
        seen = self.terminal.run(command)
        return seen.check(expected, seen.code == code and says in seen.text)

    def answers(self, host: str) -> Check:
        """The web server behind the virtual IP is that host's, before long."""
        scene = self.scene
        answer = web_answer(scene.lab, "client", self.address, host)

        def answered() -> bool:
            nonlocal answer
            answer = web_answer(scene.lab, "client", self.address, host)
            return answer.ok

        scene.until(f"{host} answers for {self.address}", answered, timeout=BOOT_S)
        return answer


@dataclass(frozen=True, slots=True)
class Step:
    id: str
    title: str
    go: Callable[[Session], Iterator[Check]]
