"""A range of the lab's ids for each instance, the cloud's own left out."""

from __future__ import annotations

from pathlib import Path

from vipkeeper.errors import LabError
from vipkeeper.lab.order import CHUNK
from vipkeeper.lab.spec import MAX_INSTANCES
from vipkeeper.linux.namespaces import IdMap

_ONE_ID: IdMap = ((0, 0, 1),)


class IdRanges:
    """What is free and who has what. A lab with one id has that one for everybody."""

    def __init__(self, total: int) -> None:
        """``total`` is how many ids the lab's user namespace has."""
        self._free = list(range(CHUNK, total, CHUNK))
        self._one_id = total == 1
        self._used = 0

    @classmethod
    def of_this_process(cls) -> IdRanges:
        return cls(int(Path("/proc/self/uid_map").read_text().split()[2]))

    def allot(self) -> IdMap:
        """The lowest range that is free.

        Raises:
            LabError: there is none left.
        """
        if self._used >= MAX_INSTANCES:
            raise LabError(
                f"a lab has at most {MAX_INSTANCES} instances",
                remedy="delete one, or start another lab beside this one",
            )
        self._used += 1
        return _ONE_ID if self._one_id else ((0, self._free.pop(0), CHUNK),)

    def give_back(self, ids: IdMap) -> None:
        self._used -= 1
        if not self._one_id:
            self._free.append(ids[0][1])
            self._free.sort()
