"""What is done to the active node: one function each, on a scene whose better node is active."""

from __future__ import annotations

import sys
import time

from benchmarks.compare.scene import BETTER, Scene
from tests.programs import TAKEOVER_SECONDS, Speaker
from tests.topology import wait_until

FROZEN_SECONDS = 6
DRAINED_PRIORITY = 1
_FREEZE = f"""\
mkdir -p /run/freezer && mount -t cgroup -o freezer freezer /run/freezer
group=/run/freezer/vipkeeper-$(cat /proc/sys/kernel/random/uuid)
mkdir "$group"
for pid in "$@"; do echo "$pid" > "$group/cgroup.procs"; done
echo FROZEN > "$group/freezer.state"
sleep {FROZEN_SECONDS}
date +%s%N
echo THAWED > "$group/freezer.state"
for pid in "$@"; do echo "$pid" > /run/freezer/cgroup.procs; done
rmdir "$group"
"""
"""With control groups of version 1, or the row cannot be run."""

_STOP = f'kill -STOP "$@"; sleep {FROZEN_SECONDS}; date +%s%N; kill -CONT "$@"'


def nothing(_scene: Scene) -> None:
    """The floor of the measurement itself."""


def silence(scene: Scene) -> None:
    """A known outage: the watcher's own frames are dropped for 300 ms."""
    scene.network.run(
        *("sh", "-ec"),
        "bridge link set dev watcher state 0; sleep 0.3; bridge link set dev watcher state 3",
    )


def stop(scene: Scene) -> None:
    scene.better.stop()


def hand_over(scene: Scene) -> None:
    """What the program offers: a command, or a priority that is edited and reloaded."""
    _drain(scene, "handover")


def maintain(scene: Scene) -> None:
    _drain(scene, "maintenance", "on")


def _drain(scene: Scene, *command: str) -> None:
    if scene.better.kind == "vipkeeperd":
        _vipkeeper(scene.better, *command)
    else:
        scene.better.configuration.write_text(scene.settings.configuration(DRAINED_PRIORITY))
        scene.better.signal("HUP")


def _vipkeeper(speaker: Speaker, *arguments: str) -> None:
    control = speaker.configuration.with_suffix(".sock")
    call = "from vipkeeper.cli.main import main; main()"
    speaker.node.run(
        *(sys.executable, "-c", call, *arguments, "--control", str(control)), check=False
    )


def restart(scene: Scene) -> None:
    scene.better.stop()
    scene.better.start()


def kill_all(scene: Scene) -> None:
    _kill(scene.better, *_processes(scene.better))


def crash_and_start(scene: Scene) -> None:
    kill_all(scene)
    _wait_for_takeover(scene, scene.other)
    scene.better.start()


def kill_parent(scene: Scene) -> None:
    _kill(scene.better, str(scene.better.pid()))


def kill_child(scene: Scene) -> None:
    _kill(scene.better, str(scene.better.pid("_vrrp")))


def _kill(speaker: Speaker, *pids: str) -> None:
    speaker.node.run("kill", "-KILL", *pids)


def _processes(speaker: Speaker) -> list[str]:
    """The supervising process first, which else would start another for one that ends."""
    parent = str(speaker.pid())
    children = speaker.node.run("cat", f"/proc/{parent}/task/{parent}/children")
    return [parent, *children.split()]


def freeze(scene: Scene) -> None:
    """All its processes stand still for six seconds."""
    _sleep(scene, _STOP)


def freeze_group(scene: Scene) -> None:
    """The same by the kernel's freezer of control groups: no signal wakes what is in it."""
    _sleep(scene, _FREEZE)


def _sleep(scene: Scene, script: str) -> None:
    """The script gets the process numbers, and says when it wakes them."""
    pids = _processes(scene.better)
    scene.marks["woken"] = int(scene.better.node.run("sh", "-ec", script, "sh", *pids))


def start_both(scene: Scene) -> None:
    """Both nodes at the same moment."""
    scene.start_both()
    scene.wait_for_holder(scene.better)


def load_broken(scene: Scene) -> None:
    """A keyword lacks its parameter."""
    good = scene.better.configuration.read_text()
    broken = good.replace(f"    priority {scene.settings.priorities[0]}\n", "    priority\n")
    scene.better.configuration.write_text(broken)
    scene.better.signal("HUP")


def load_missing_interface(scene: Scene) -> None:
    good = scene.better.configuration.read_text()
    scene.better.configuration.write_text(good.replace("interface eth0", "interface eth9"))
    scene.better.signal("HUP")


def delete_address(scene: Scene) -> None:
    scene.mark("deleted")
    scene.better.node.run("ip", "address", "del", scene.settings.vip_with_prefix, "dev", "eth0")


def _wait_for_takeover(scene: Scene, by: Speaker) -> None:
    wait_until(
        lambda: by.node.holds(scene.settings.vip),
        seconds=TAKEOVER_SECONDS,
        what=lambda: f"{by.node.name} takes over\n{by.log()}",
    )


def interface_down_and_up(scene: Scene) -> None:
    scene.better.node.run("ip", "link", "set", "eth0", "down")
    _wait_for_takeover(scene, scene.other)
    time.sleep(0.3)
    scene.better.node.run("ip", "link", "set", "eth0", "up")


def add_address_on_one(scene: Scene) -> None:
    """A rolling change: the backup node gets the new file first."""
    changed = scene.settings.configuration(
        scene.settings.priorities[1], more_addresses=("192.168.100.197/24",)
    )
    scene.other.configuration.write_text(changed)
    scene.other.signal("HUP")


def part_and_heal(scene: Scene) -> None:
    """The better node is cut off, keeps its carrier, and comes back."""
    scene.cut_off(BETTER)
    _wait_for_takeover(scene, scene.other)
    time.sleep(1)
    scene.heal(BETTER)
    scene.mark("healed")


def unplug(scene: Scene) -> None:
    scene.network.unplug(BETTER)
    _wait_for_takeover(scene, scene.other)


def come_back(scene: Scene) -> None:
    """The better node was not there; now it is started."""
    scene.better.start()
    _wait_for_takeover(scene, scene.better)
