"""Lists: filters, sorting, pages and the choice of fields. Source: neutron/api/api_common.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from vipkeeper.lab.api.errors import bad_request
from vipkeeper.lab.api.network import refusals
from vipkeeper.lab.api.numbers import whole_number

View = dict[str, Any]
Query = Sequence[tuple[str, str]]

_CONTROL = ("fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse")
_TAG_FILTERS = ("tags", "tags-any", "not-tags", "not-tags-any")
# What the records do not hold and all of them show.
_ALWAYS = ("tenant_id", "status")
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


def select(
    views: Iterable[View], query: Query, *, url: str, kind: str, names: Iterable[str]
) -> Page:
    """What of the list a request asks for.

    Args:
        views: all that who asks may see, as they are shown.
        url: of the list itself, for the links.
        kind: of what is listed, as ``security_group``.
        names: of attributes that can be filtered by, whatever the list holds.

    Raises:
        Refusal: the query asks for something that there is not.
    """
    filters = _filters(query)
    rows = list(views)
    known = {*names, *_ALWAYS, *(rows[0] if rows else ())}
    _check_names(filters, known)
    found = [view for view in rows if _matches(view, filters)]
    found = _sorted(found, query, known)
    found, links = _page(found, query, url, kind)
    return Page([pick(view, fields_of(query)) for view in found], links)


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
    return _values(query, "fields")


def _values(query: Query, name: str) -> list[str]:
    """What is said of it, but for what is empty (list_args)."""
    return [value for key, value in query if key == name and value]


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
        if name not in known and name not in _TAG_FILTERS and name not in _ALIASES
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
        return _matches_fixed_ips(value or [], values)
    if isinstance(value, bool):
        return any(_BOOLEANS.get(wanted.lower()) is value for wanted in values)
    if isinstance(value, list):
        return any(wanted in value for wanted in values)
    if value is None:
        return any(wanted in ("", "null", "None") for wanted in values)
    return str(value) in values


def _matches_fixed_ips(fixed_ips: Sequence[Mapping[str, str]], values: Sequence[str]) -> bool:
    """``ip_address=1.2.3.4``, ``subnet_id=...``, ``ip_address_substr=1.2``: one that has them all.

    What is said twice of one name is a choice.
    """
    wanted: dict[str, list[str]] = {}
    for value in values:
        key, _, text = value.partition("=")
        wanted.setdefault(key, []).append(text)
    parts = wanted.pop("ip_address_substr", [""])
    return any(
        any(part in fixed["ip_address"] for part in parts)
        and all(fixed.get(key) in choice for key, choice in wanted.items())
        for fixed in fixed_ips
    )


def _matches_tags(tags: Sequence[str], name: str, values: Sequence[str]) -> bool:
    wanted = {tag for value in values for tag in value.split(",")}
    every, some = wanted <= set(tags), bool(wanted & set(tags))
    return {"tags": every, "tags-any": some, "not-tags": not every, "not-tags-any": not some}[name]


def _sorted(rows: list[View], query: Query, known: set[str]) -> list[View]:
    keys, directions = _values(query, "sort_key"), _values(query, "sort_dir")
    if len(keys) != len(directions):
        raise bad_request("The number of sort_keys and sort_dirs must be same")
    wrong = [
        key
        for key in keys
        if key not in known or (rows and isinstance(rows[0].get(key), list | dict))
    ]
    if wrong:
        raise bad_request(f"{wrong} is invalid attribute for sort_keys")
    wrong = [direction for direction in directions if direction not in ("asc", "desc")]
    if wrong:
        raise bad_request(
            f"{wrong} is invalid value for sort_dirs, valid value is 'asc' and 'desc'"
        )
    for key, direction in reversed(list(zip(keys, directions, strict=True))):
        rows = sorted(
            rows,
            key=partial(_rank, key),
            reverse=direction == "desc",
        )
    return rows


def _rank(key: str, view: View) -> tuple[bool, Any]:
    """What is not there comes first."""
    value = view.get(key)
    return (False, "") if value is None else (True, value)


def _page(
    rows: list[View], query: Query, url: str, kind: str
) -> tuple[list[View], list[dict[str, str]]]:
    one = dict(query)
    limit = _limit(one.get("limit"))
    reverse = _BOOLEANS.get(one.get("page_reverse", "").lower(), False)
    marker = one.get("marker")
    ids = [row["id"] for row in rows]
    begin, end = 0, len(rows)
    if marker is not None:
        if marker not in ids:
            raise refusals.not_found(kind, marker)
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
        raise refusals.bad_limit(text)
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
