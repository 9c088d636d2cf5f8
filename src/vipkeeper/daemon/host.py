"""What the keeper changes on the host for its instances, and undoes."""

from __future__ import annotations

from collections.abc import Callable, Collection

from vipkeeper.daemon import leftovers
from vipkeeper.daemon.accept_mode import AcceptMode
from vipkeeper.daemon.command_line import Options
from vipkeeper.daemon.settings import InstanceSettings
from vipkeeper.daemon.state_file import StateFile
from vipkeeper.daemon.virtual_interfaces import VirtualInterfaces
from vipkeeper.linux import nft


class Host:
    """Everything is in the state file before it is on the host.

    Args:
        tell: is told in words what was done and what could not be done.

    Attributes:
        fence_table: what the speaker's nftables tables are called.
    """

    def __init__(self, options: Options, tell: Callable[[str], None]) -> None:
        self.fence_table = nft.table_name("fence", options.pid_file)
        self._has_fence_tables = options.fence == "nftables"
        self._tell = tell
        self._state_file = StateFile(options.pid_file.with_suffix(".state"), tell)
        self._virtual_interfaces = VirtualInterfaces(self._state_file, tell)
        self._accept_mode = AcceptMode(options.pid_file, self._state_file, tell)

    @property
    def in_maintenance(self) -> bool:
        """No change of the host's, but what outlives the daemon as they do."""
        return self._state_file.changes.in_maintenance

    @in_maintenance.setter
    def in_maintenance(self, on: bool) -> None:
        self._state_file.changes.in_maintenance = on
        self._state_file.save()

    def undo_leftovers(self) -> None:
        """A daemon that was killed has left what only its successor can undo.

        The addresses go first and the fence last: they are silent until they have gone.
        """
        left = self._state_file.left()
        self._state_file.changes.in_maintenance = left.in_maintenance
        leftovers.remove_addresses(left.addresses, self._tell)
        self._virtual_interfaces.undo_leftovers(left)
        self._accept_mode.undo_leftovers(left)
        leftovers.remove_fences(left.fences, self._tell)
        self._state_file.save()

    def prepare(self, instances: Collection[InstanceSettings]) -> None:
        """What these need is there after it, and nothing has gone yet."""
        changes = self._state_file.changes
        wanted = leftovers.addresses_of(instances)
        changes.addresses = list(dict.fromkeys((*changes.addresses, *wanted)))
        if self._has_fence_tables:
            changes.fences = [self.fence_table]
        self._state_file.save()
        self._accept_mode.fit(instances)
        self._virtual_interfaces.make(instances)

    def make_virtual_interfaces(self, instances: Collection[InstanceSettings]) -> None:
        """Those that have gone meanwhile."""
        self._virtual_interfaces.make(instances)

    def remove_all_but(self, instances: Collection[InstanceSettings]) -> None:
        """What only others needed goes; their routers have resigned."""
        self._state_file.changes.addresses = leftovers.addresses_of(instances)
        self._virtual_interfaces.remove_all_but(instances)
        self._state_file.save()

    def leave(self) -> None:
        """There is no instance any more, nor a speaker."""
        leftovers.remove_fences(self._state_file.changes.fences, self._tell)
        self._state_file.changes.fences = []
        self._accept_mode.fit(())
        self.remove_all_but(())
