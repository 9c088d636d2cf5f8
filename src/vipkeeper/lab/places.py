"""Values of a YAML document, each with the way to it, so that a complaint can say where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv4Network
from typing import Any, TypeVar

from vipkeeper.errors import ConfigError, LabError

Value = TypeVar("Value")


class Place:
    """A value of a document.

    Attributes:
        path: the way to it, as ``instances.test01.ports[0]``; empty for the whole.

    Every method that takes the value apart raises ConfigError where it is not of that kind.
    """

    def __init__(self, file: str, path: str, value: object) -> None:
        self.file = file
        self.path = path
        self.value = value

    def wrong(self, what: str, *, remedy: str = "") -> ConfigError:
        path = f"{self.path}: " if self.path else ""
        return ConfigError(f"{self.file}: {path}{what}", remedy=remedy)

    @contextmanager
    def located(self) -> Iterator[None]:
        """Complaints of the values themselves, which know no file, get the place put before."""
        try:
            yield
        except LabError as error:
            raise self.wrong(error.message, remedy=error.remedy) from error

    def _below(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def keys(self, *allowed: str, required: tuple[str, ...] = ()) -> dict[str, Place]:
        """The entries of a mapping whose keys are known."""
        entries = self.entries()
        for key, place in entries.items():
            if key not in allowed:
                raise place.wrong("is not known here", remedy=f"allowed: {', '.join(allowed)}")
        for key in required:
            if key not in entries:
                raise self.wrong(f"{key!r} is missing")
        return entries

    def entries(self) -> dict[str, Place]:
        """The entries of a mapping whose keys are names."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.wrong(f"is {_kind(self.value)}, a mapping is wanted")
        for key in self.value:
            if not isinstance(key, str):
                raise self.wrong(f"the key {key!r} is {_kind(key)}", remedy="put it in quotes")
        return {key: Place(self.file, self._below(key), value) for key, value in self.value.items()}

    def items(self) -> list[Place]:
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.wrong(f"is {_kind(self.value)}, a list is wanted")
        return [
            Place(self.file, f"{self.path}[{index}]", value)
            for index, value in enumerate(self.value)
        ]

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong(f"is {_kind(self.value)}, text is wanted", remedy="put it in quotes")
        return self.value

    def text_or_number(self) -> str:
        """For protocols, where ``112`` and ``vrrp`` are the same."""
        return str(self.value) if type(self.value) is int else self.text()

    def integer(self) -> int:
        if type(self.value) is not int:
            raise self.wrong(f"is {_kind(self.value)}, a whole number is wanted")
        return self.value

    def boolean(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.wrong(f"is {_kind(self.value)}, true or false is wanted")
        return self.value

    def choice(self, allowed: tuple[str, ...]) -> Any:
        if self.value not in allowed:
            raise self.wrong(f"is {self.value!r}", remedy=f"allowed: {', '.join(allowed)}")
        return self.value

    def address(self) -> IPv4Address:
        return self._made_from_text(IPv4Address, "an IPv4 address as 192.168.100.1")

    def network(self) -> IPv4Network:
        return self._made_from_text(IPv4Network, "an IPv4 network as 192.168.100.0/24")

    def _made_from_text(self, make: Callable[[str], Value], wanted: str) -> Value:
        try:
            return make(self.text())
        except ValueError as error:
            raise self.wrong(f"is {self.value!r}, {wanted} is wanted") from error


def _kind(value: object) -> str:
    if value is None:
        return "empty"
    names = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return names.get(type(value), "a mapping" if isinstance(value, dict) else str(type(value)))
