"""Recorded exchanges with Neutron, and their replay (``tests/cases/neutron``).

A file is a list of exchanges, in order::

    - name: port_404              # the name that the recording gave it
      as: member                  # or admin, nobody (no token), stranger (a token that is none)
      GET: ports/<unknown>        # or POST, PUT, DELETE; below /v2.0, from a slash on below /
      if-revision: 1              # the header If-Match
      body: {...}
      status: 404
      answer: {...}               # all of it, and nothing else; or
      has: {...}                  # an object's members that are compared, the others are not; or
      error: [PortNotFound, Port <unknown> could not be found.]

``<name>`` in what is expected stands for anything when it is first met, and for the same from
then on; in what is sent it stands for what it was. ``<time>`` is an instant and ``<any>`` anything,
each time anew. A case whose answer cannot be the recorded one says why in a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.lab.api.rest import Rest

CASES = Path(__file__).parents[2] / "cases" / "neutron"
_PLACE = re.compile(r"<([a-z0-9_]+)>")
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
_METHODS = ("GET", "POST", "PUT", "DELETE")
_NULL_ID = "00000000-0000-0000-0000-000000000000"


class Exchanges:
    """Replays files against one Neutron, for which ``askers`` speak."""

    def __init__(self, askers: dict[str, Rest]) -> None:
        self._askers = askers
        self._bound: dict[str, Any] = {"unknown": _NULL_ID}

    def replay(self, file: str) -> list[str]:
        """What was not answered as recorded, a line each."""
        cases = yaml.safe_load((CASES / file).read_text())
        return [f"{file} {case['name']}: {text}" for case in cases for text in self._replay(case)]

    def _replay(self, case: dict[str, Any]) -> Iterator[str]:
        method = next(one for one in _METHODS if one in case)
        path = str(self._filled(case[method]))
        asker = self._askers[case["as"]]
        headers = {}
        if "if-revision" in case:
            headers["If-Match"] = f"revision_number={case['if-revision']}"
        if path.startswith("/"):
            path = asker.url + path
        body = self._filled(case.get("body"))
        status, answer, _ = asker.send(method, path, body, **headers)
        if status != case["status"]:
            yield f"status {status} in place of {case['status']}: {answer}"
            return
        if "error" in case:
            type, message = case["error"]
            error = {"type": type, "message": message, "detail": ""}
            yield from self._differences({"NeutronError": error}, answer, "")
        elif "has" in case:
            yield from self._differences(case["has"], answer, "", only_these=True)
        elif "answer" in case:
            yield from self._differences(case["answer"], answer, "")

    def _filled(self, value: Any) -> Any:
        """What is sent, with what is bound put in."""
        if isinstance(value, dict):
            return {key: self._filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        if not isinstance(value, str):
            return value
        whole = _PLACE.fullmatch(value)
        if whole:
            return self._bound[whole[1]]
        return _PLACE.sub(lambda place: str(self._bound[place[1]]), value)

    def _differences(
        self, wanted: Any, found: Any, where: str, *, only_these: bool = False
    ) -> Iterator[str]:
        if isinstance(wanted, dict) and isinstance(found, dict):
            missing = sorted(wanted.keys() - found.keys())
            more = [] if only_these else sorted(found.keys() - wanted.keys())
            if missing or more:
                yield f"{where or 'answer'}: without {missing}, with {more}"
            for key in wanted.keys() & found.keys():
                place = f"{where}.{key}" if where else key
                yield from self._differences(wanted[key], found[key], place, only_these=only_these)
        elif isinstance(wanted, list) and isinstance(found, list):
            if len(wanted) != len(found):
                yield f"{where}: {found} in place of {wanted}"
                return
            for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
                yield from self._differences(
                    one, other, f"{where}[{number}]", only_these=only_these
                )
        elif isinstance(wanted, str) and _PLACE.search(wanted):
            if not self._matches(wanted, found):
                yield f"{where}: {found!r} in place of {self._known(wanted)!r}"
        elif type(wanted) is not type(found) or wanted != found:
            yield f"{where}: {found!r} in place of {wanted!r}"

    def _matches(self, wanted: str, found: Any) -> bool:
        whole = _PLACE.fullmatch(wanted)
        if whole and whole[1] == "any":
            return True
        if whole and whole[1] != "time":
            return bool(self._bound.setdefault(whole[1], found) == found)
        if not isinstance(found, str):
            return False
        matched = re.fullmatch(self._pattern(wanted), found)
        if matched is None:
            return False
        self._bound.update(matched.groupdict())
        return True

    def _pattern(self, wanted: str) -> str:
        parts = []
        for number, part in enumerate(_PLACE.split(wanted)):
            if number % 2 == 0:
                parts.append(re.escape(part))
            elif part == "time":
                parts.append(_TIME)
            elif part in self._bound:
                parts.append(re.escape(str(self._bound[part])))
            else:
                parts.append(".+?" if part == "any" else f"(?P<{part}>.+?)")
        return "".join(parts)

    def _known(self, wanted: str) -> str:
        return _PLACE.sub(lambda place: str(self._bound.get(place[1], place[0])), wanted)
