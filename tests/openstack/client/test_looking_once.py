"""Several answers about one thing are one thing, whoever changed it in between."""

from __future__ import annotations

from dataclasses import replace

from tests.openstack import clouds
from vipkeeper.openstack.client.looking import each_once


def test_a_port_that_changes_between_two_answers_is_one_port() -> None:
    later = replace(clouds.TEST01, revision=clouds.TEST01.revision + 1, tags=("vipkeeper:other",))
    assert each_once((clouds.TEST01, clouds.TEST02, later)) == (later, clouds.TEST02)
