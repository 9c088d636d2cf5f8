"""keepalived is replaced by vipkeeperd, and back, node by node, as docs/guide/never-two.md says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.programs import CONFIGURATIONS, VIP, Pair, Speaker
from tests.topology import Network
from vipkeeper.drill.measurement import Drill
from vipkeeper.drill.outage import Measurement

SKEW_MS = 805
"""What each stop of an active keepalived costs here: the backup's Skew_Time (206/256 s)."""

NOISE_MS = 300
"""What a machine with others on it may lose of itself: less than half of that."""


def probed(pair: Pair) -> Drill:
    return Drill(
        pair.watcher.start(
            *(sys.executable, "-m", "vipkeeper.drill.probe", VIP),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # type: ignore[arg-type]
    )  # fmt: skip


def replaced(pair: Pair, old: Speaker, kind: str, directory: Path, then: str) -> Measurement:
    """Stop one program on a node and start the other one; wait until ``then`` has the VIP."""
    name = old.node.name
    new = Speaker(old.node, kind, CONFIGURATIONS[name], directory)
    with probed(pair) as drill:
        assert old.stop() == 0
        new.start()
        setattr(pair, name, new)
        pair.wait_for_holder(then)
    return drill.measurement


def test_node_by_node_and_back(network: Network, tmp_path: Path) -> None:
    pair = Pair(network, ("keepalived", "keepalived"), tmp_path)
    for speaker in (pair.test01, pair.test02):
        speaker.node.start(sys.executable, "-m", "vipkeeper.drill.echo", stdout=subprocess.DEVNULL)
    pair.test01.start()
    pair.test02.start()
    pair.wait_for_holder("test01")

    backup = replaced(pair, pair.test02, "vipkeeperd", tmp_path, then="test01")
    assert backup.longest_outage_ms < NOISE_MS
    active = replaced(pair, pair.test01, "vipkeeperd", tmp_path, then="test01")
    assert active.longest_outage_ms < SKEW_MS + NOISE_MS
    assert active.total_outage_ms < SKEW_MS + 2 * NOISE_MS, "keepalived's own stop, and no more"

    backup = replaced(pair, pair.test02, "keepalived", tmp_path, then="test01")
    assert backup.longest_outage_ms < NOISE_MS
    active = replaced(pair, pair.test01, "keepalived", tmp_path, then="test01")
    assert active.longest_outage_ms < NOISE_MS, "vipkeeperd hands over to keepalived"
