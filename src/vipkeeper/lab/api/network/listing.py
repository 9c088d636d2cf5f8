"""Lists: filters, sorting, pages and the choice of fields. Source: neutron/api/api_common.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from vipkeeper.lab.api.errors import bad_request
from vipkeeper.lab.api.numbers import whole_number

View = dict[str, Any]
Query = Sequence[tuple[str, str]]

_CONTROL = ("fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse")
_TAG_FILTERS = ("tags", "tags-any", "not-tags", "not-tags-any")
# Attributes that can be asked for beside those that are shown.
_ALIASES = {"tenant_id": "project_id"}
_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class Page:
    """A list as it is answered.

    Attributes:
        links: to the page before and after, where the request was for a page.
    """

    items: list[View]
    links: list[dict[str, str]]


def select(views: Iterable[View], query: Query, *, url: str, names: Iterable[str]) -> Page:
    """What of the list a request asks for.

    Args:
        views: all that who asks may see, as they are shown.
        url: of the list itself, for the links.
        names: of the attributes that can be filtered by, should the list be empty.

    Raises:
        Refusal: the query asks for something that there is not.
    """
    filters = _filters(query)
    rows = list(views)
    _check_names(filters, set(rows[0]) if rows else set(names))
    found = [view for view in rows if _matches(view, filters)]
    found = _sorted(found, query)
    found, links = _page(found, query, url)
    fields = [value for key, value in query if key == "fields"]
    return Page([pick(view, fields) for view in found], links)


def parameters(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What the query of a list may say, each with its JSON schema.

    Args:
        properties: JSON schemas of the attributes that can be filtered by.
    """
    text, texts = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
    filters = {name: texts for name in properties if name != "tags"}
    tags = dict.fromkeys(_TAG_FILTERS, texts) if "tags" in properties else {}
    return {
        "fields": {"type": "array", "items": {"enum": [*properties]}},
        "sort_key": {"type": "array", "items": {"enum": [*properties]}},
        "sort_dir": {"type": "array", "items": {"enum": ["asc", "desc"]}},
        "limit": {"type": "integer", "minimum": 0},
        "marker": text,
        "page_reverse": {"type": "boolean"},
        **filters,
        **tags,
    }


def pick(view: View, fields: Sequence[str]) -> View:
    """Only these fields of it, if any are named."""
    return {key: view[key] for key in view if key in fields} if fields else view


def fields_of(query: Query) -> list[str]:
    return [value for key, value in query if key == "fields"]


def _filters(query: Query) -> dict[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for key, value in query:
        if key not in _CONTROL:
            filters.setdefault(key, []).append(value)
    return filters


def _check_names(filters: Mapping[str, Sequence[str]], known: set[str]) -> None:
    wrong = [
        name
        for name in filters
        if known and name not in known and name not in _TAG_FILTERS and name not in _ALIASES
    ]
    if wrong:
        raise bad_request(f"{wrong} is invalid attribute for filtering")


def _matches(view: View, filters: Mapping[str, Sequence[str]]) -> bool:
    return all(_matches_one(view, name, values) for name, values in filters.items())


def _matches_one(view: View, name: str, values: Sequence[str]) -> bool:
    if name in _TAG_FILTERS:
        return _matches_tags(view.get("tags", []), name, values)
    value = view.get(_ALIASES.get(name, name))
    if name == "fixed_ips":
        return any(_matches_fixed_ip(value or [], wanted) for wanted in values)
    if isinstance(value, bool):
        return any(_BOOLEANS.get(wanted.lower()) is value for wanted in values)
    if isinstance(value, list):
        return any(wanted in value for wanted in values)
    if value is None:
        return any(wanted in ("", "null", "None") for wanted in values)
    return str(value) in values


def _matches_fixed_ip(fixed_ips: Sequence[Mapping[str, str]], wanted: str) -> bool:
    """``ip_address=1.2.3.4``, ``subnet_id=...``, ``ip_address_substr=1.2``."""
    key, _, text = wanted.partition("=")
    if key == "ip_address_substr":
        return any(text in fixed["ip_address"] for fixed in fixed_ips)
    return any(fixed.get(key) == text for fixed in fixed_ips)


def _matches_tags(tags: Sequence[str], name: str, values: Sequence[str]) -> bool:
    wanted = {tag for value in values for tag in value.split(",")}
    every, some = wanted <= set(tags), bool(wanted & set(tags))
    return {"tags": every, "tags-any": some, "not-tags": not every, "not-tags-any": not some}[name]


def _sorted(rows: list[View], query: Query) -> list[View]:
    keys = [value for key, value in query if key == "sort_key"]
    directions = [value for key, value in query if key == "sort_dir"]
    if directions and len(keys) != len(directions):
        raise bad_request("The number of sort_keys and sort_dirs must be same")
    for direction in directions:
        if direction not in ("asc", "desc"):
            raise bad_request(
                f"Sort direction {direction} is not valid: it is neither 'asc' nor 'desc'"
            )
    directions = directions or ["asc"] * len(keys)
    for key, direction in reversed(list(zip(keys, directions, strict=True))):
        if any(key not in row or isinstance(row[key], list | dict) for row in rows):
            raise bad_request(f"['{key}'] is invalid attribute for sort_key")
        rows = sorted(
            rows,
            key=lambda view: (view[key] is not None, view[key] if view[key] is not None else ""),
            reverse=direction == "desc",
        )
    return rows


def _page(rows: list[View], query: Query, url: str) -> tuple[list[View], list[dict[str, str]]]:
    one = dict(query)
    limit = _limit(one.get("limit"))
    reverse = _BOOLEANS.get(one.get("page_reverse", "").lower(), False)
    marker = one.get("marker")
    ids = [row["id"] for row in rows]
    begin, end = 0, len(rows)
    if marker is not None:
        if marker not in ids:
            raise bad_request(f"The marker {marker} could not be found")
        place = ids.index(marker)
        begin, end = (begin, place) if reverse else (place + 1, end)
    if limit:
        begin, end = (max(begin, end - limit), end) if reverse else (begin, min(end, begin + limit))
    page = rows[begin:end]
    return page, _links(page, query, url, limit, more=end < len(rows), before=begin > 0)


def _limit(text: str | None) -> int:
    if text is None:
        return 0
    limit = whole_number(text)
    if limit is None:
        raise bad_request(f"Limit must be an integer 0 or greater and not '{text}'")
    return limit


def _links(
    page: Sequence[View], query: Query, url: str, limit: int, *, more: bool, before: bool
) -> list[dict[str, str]]:
    if not limit or not page:
        return []
    rest = [(key, value) for key, value in query if key not in ("marker", "page_reverse")]
    links = []
    if more:
        links.append({"rel": "next", "href": _href(url, rest, page[-1]["id"])})
    if before:
        reverse = [("page_reverse", "True")]
        href = _href(url, rest, page[0]["id"], reverse)
        links.append({"rel": "previous", "href": href})
    return links


def _href(url: str, query: Query, marker: str, more: Query = ()) -> str:
    return f"{url}?{urlencode([*query, ('marker', marker), *more])}"
