"""When a cloud says by itself when it wants to be asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from vipkeeper.openstack.client.cloud_errors import CallError, refusal


def refused(retry_after: str | None) -> CallError:
    response = requests.Response()
    response.status_code = 503
    response._content = b""
    if retry_after is not None:
        response.headers["Retry-After"] = retry_after
    return refusal("list ports", response)


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7.0), (" 0 ", 0.0), (None, None), ("soon", None), ("-3", None)]
)
def test_seconds(said: str | None, seconds: float | None) -> None:
    assert refused(said).retry_after_s == seconds


@pytest.mark.parametrize("minutes", [1, -1])
def test_a_date(minutes: int) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
    said = refused(date).retry_after_s
    assert said is not None
    assert (said == 0) if minutes < 0 else (50 < said <= 60)
