"""``vipkeeper reload`` beside a daemon that is Active."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.test_vipkeeperd import daemon, instance, wait_for_active
from tests.programs import VIP, Speaker
from tests.topology import Network, wait_until

OTHER = "192.168.100.197"
BOTH = f"{VIP}/24\n{OTHER}/24"


@pytest.fixture
def active(network: Network, tmp_path: Path) -> Speaker:
    speaker = daemon(network, tmp_path, instance())
    speaker.start()
    wait_for_active(speaker)
    return speaker


def reload(speaker: Speaker, *options: str) -> subprocess.CompletedProcess[str]:
    return vipkeeper(speaker, "reload", *options)


def vipkeeper(speaker: Speaker, *arguments: str) -> subprocess.CompletedProcess[str]:
    socket = speaker.configuration.with_suffix(".sock")
    call = "from vipkeeper.cli.main import main; main()"
    argv = speaker.node.command([sys.executable, "-c", call, *arguments, "--control", str(socket)])
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def told(speaker: Speaker, *options: str) -> dict[str, Any]:
    answer = json.loads(reload(speaker, "--json", *options).stdout)
    assert isinstance(answer, dict)
    return answer


def test_a_dry_run_tells_what_a_reload_then_does(active: Speaker) -> None:
    active.configuration.write_text(instance(addresses=BOTH))
    tried = reload(active, "--dry-run")
    assert tried.returncode == 0
    assert f"(VI_1) address added: {OTHER}/24 dev eth0" in tried.stdout
    assert "nothing was changed" in tried.stdout
    assert told(active, "--dry-run")["applied"] is False
    assert not active.node.holds(OTHER)
    checked = vipkeeper(active, "check", str(active.configuration))
    assert "when it is loaded: (VI_1) the adverts list other addresses" in checked.stdout

    since = active.status()["instances"][0]["since"]
    done = reload(active)
    assert done.returncode == 0
    assert "keepalived before 2.3.3 drops adverts" in done.stdout
    wait_until(lambda: active.node.holds(OTHER), what=active.log)
    assert f"(VI_1) address added: {OTHER}/24 dev eth0" in active.log()
    assert active.status()["instances"][0]["since"] == since

    active.configuration.write_text(instance())
    assert reload(active).returncode == 0
    wait_until(lambda: not active.node.holds(OTHER), what=active.log)
    assert active.node.holds(VIP)
    assert active.status()["instances"][0]["since"] == since


def test_an_instance_that_does_not_change_hears_and_says_nothing_of_it(active: Speaker) -> None:
    other = instance(addresses=f"{OTHER}/24").replace("VI_1", "VI_2").replace("id 51", "id 52")
    active.configuration.write_text(instance() + other)
    assert reload(active).returncode == 0
    wait_until(lambda: active.node.holds(OTHER), seconds=40, what=active.log)
    # Past the second burst of announcements, which is due 5 s after a takeover.
    first = active.status()["instances"][0]
    wait_until(
        lambda: active.status()["instances"][0]["statistics"]["gratuitous-arps-sent"] >= 10,
        seconds=40,
        what=active.log,
    )
    before = active.status()["instances"][0]["statistics"]
    active.configuration.write_text(instance() + other.replace("priority 100", "priority 90"))
    assert reload(active).returncode == 0
    active.configuration.write_text(instance())
    assert reload(active).returncode == 0
    wait_until(lambda: not active.node.holds(OTHER), what=active.log)
    (after,) = active.status()["instances"]
    assert (after["state"], after["since"]) == (first["state"], first["since"])
    for name in ("gratuitous-arps-sent", "priority-zero-pkts-sent", "master-transitions"):
        assert after["statistics"][name] == before[name]


def _broken(path: Path, kind: str) -> None:
    path.unlink()
    match kind:
        case "directory":
            path.mkdir()
        case "empty":
            path.touch()
        case "syntax":
            path.write_text(instance().replace("virtual_router_id 51", "virtual_router_id 999"))
        case "junk":
            path.write_bytes(os.urandom(4096))


@pytest.mark.parametrize("kind", ["missing", "directory", "empty", "syntax", "junk"])
def test_a_file_that_cannot_be_used_disturbs_nothing(active: Speaker, kind: str) -> None:
    _broken(active.configuration, kind)
    before = active.status()["instances"][0]
    for options in (("--dry-run",), ()):
        refused = reload(active, *options)
        assert refused.returncode == 1
        assert "the old configuration stays in force" in refused.stdout

    def sent() -> int:
        count = active.status()["instances"][0]["statistics"]["advertisement-sent"]
        assert isinstance(count, int)
        return count

    wait_until(lambda: sent() > before["statistics"]["advertisement-sent"] + 1, what=active.log)
    after = active.status()["instances"][0]
    assert (after["state"], after["since"]) == ("Active", before["since"])
    assert active.node.holds(VIP)
    assert "removing VIPs" not in active.log().partition("MASTER STATE")[2]


def test_an_interface_that_is_not_there_is_refused_unless_it_is_waited_for_already(
    active: Speaker,
) -> None:
    good = active.configuration.read_text()
    active.configuration.write_text(good.replace("interface eth0", "interface eth9"))
    refused = reload(active)
    assert refused.returncode == 1
    assert "eth9" in refused.stdout + refused.stderr
    assert "the old configuration stays in force" in refused.stdout + refused.stderr
    assert active.node.holds(VIP)

    waits = good.replace("interface eth0", "interface eth9") + "global_defs { dynamic_interfaces }"
    active.configuration.write_text(waits)
    assert reload(active).returncode == 0
    wait_until(lambda: not active.node.holds(VIP), what=active.log)
    active.configuration.write_text(waits.replace("priority", "#").split("global_defs")[0])
    assert reload(active).returncode == 0, "it is waited for already"
