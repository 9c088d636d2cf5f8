"""Numbers for what comes and goes, each kept for as long as its owner is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from vipkeeper.errors import LabError


class Numbers(Mapping[str, int]):
    """Gives out numbers from 1 on; one that is free again is the last to be given out again.

    Packets that are on their way, and known connections, may still bear the old owner's.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._given: dict[str, int] = {}
        self._last = 0

    def keep(self, owners: Iterable[str]) -> None:
        """Give each of the owners a number, and take it from everybody else.

        Raises:
            LabError: there are more owners than numbers.
        """
        wanted = dict.fromkeys(owners)
        if len(wanted) > self._most:
            raise LabError(f"more than {self._most} of a kind are not possible in a lab")
        for gone in self._given.keys() - wanted.keys():
            del self._given[gone]
        used = set(self._given.values())
        for owner in wanted:
            if owner not in self._given:
                while True:
                    self._last = self._last % self._most + 1
                    if self._last not in used:
                        break
                self._given[owner] = self._last
                used.add(self._last)

    def __getitem__(self, owner: str) -> int:
        return self._given[owner]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)
