from __future__ import annotations

from pathlib import Path

from vipkeeper.daemon.ietf_events import LastEvent, NewMasterReason
from vipkeeper.daemon.statistics import GLOBAL_REASONS, INSTANCE_COUNTERS

PAGE = (Path(__file__).parents[2] / "docs" / "counters.md").read_text()


def test_the_page_names_every_counter_event_and_reason() -> None:
    counters = {*INSTANCE_COUNTERS, *(reason.value for reason in GLOBAL_REASONS)}
    reasons = {reason.value for reason in NewMasterReason}
    missing = {name for name in counters | reasons if f"`{name}`" not in PAGE}
    assert missing == set()
    events = {event.value.removeprefix("vrrp-event") for event in LastEvent}
    # "-up" stands beside "-interface-down".
    assert {name for name in events if name not in PAGE} <= {"-none", "-interface-up"}
