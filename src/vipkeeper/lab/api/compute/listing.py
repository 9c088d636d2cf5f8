"""Lists of servers: filters and pages."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request

from vipkeeper.lab.api.compute import refusals
from vipkeeper.lab.api.numbers import whole_number
from vipkeeper.lab.api.operations import STRING

FILTERS = dict.fromkeys(
    ("name", "status", "uuid", "deleted", "marker", "limit", "all_tenants"), STRING
)


def chosen(views: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """What the query asks for: by a part of the name, status, ..., and the page of it."""
    query = request.query_params
    found = views
    if "name" in query:
        pattern = _regular_expression(query["name"])
        found = [view for view in found if pattern.search(view["name"])]
    if "status" in query:
        found = [view for view in found if view["status"] == query["status"].upper()]
    if "uuid" in query:
        found = [view for view in found if view["id"] == query["uuid"]]
    if query.get("deleted", "").lower() in ("true", "1"):
        return []
    if "marker" in query:
        ids = [view["id"] for view in found]
        if query["marker"] not in ids:
            raise refusals.bad_request(f"marker [{query['marker']}] not found")
        found = found[ids.index(query["marker"]) + 1 :]
    if "limit" in query:
        limit = whole_number(query["limit"])
        if limit is None:
            raise refusals.bad_request("limit param must be an integer")
        found = found[:limit] if limit else found
    return found


def _regular_expression(text: str) -> re.Pattern[str]:
    """A name is asked for as in Nova over MySQL: without regard to case, and ``|`` is no choice.

    nova/db/main/api.py, ``_safe_regex_mysql``.
    """
    try:
        return re.compile(text.replace("|", r"\|"), re.IGNORECASE)
    except re.error as error:
        raise refusals.bad_request(f"Invalid regular expression: {error}") from error
