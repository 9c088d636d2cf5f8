"""What a row measures besides probes and holders: one function each, of a scene and its sightings.

Each returns milliseconds or a number, or None where what is measured did not happen.
"""

from __future__ import annotations

from benchmarks.compare.scene import ADDRESSES, BETTER, OTHER, Scene
from benchmarks.compare.sightings import NS_PER_MS, Sightings


def advert_late_ms(scene: Scene, sightings: Sightings) -> float | None:
    """By how much later than its timers allow the other node sent its first advert as Active.

    The down interval is counted from the last advert that was on the wire in this very run.
    """
    last_ns = sightings.last_advert_ns(ADDRESSES[BETTER])
    if last_ns is None:
        return None
    return _beyond(scene, sightings.first_advert_after_ms(ADDRESSES[OTHER], last_ns))


def announcement_late_ms(scene: Scene, sightings: Sightings) -> float | None:
    """The same of its first announcement, at which clients and switches turn to it."""
    last_ns = sightings.last_advert_ns(ADDRESSES[BETTER])
    if last_ns is None:
        return None
    return _beyond(scene, sightings.announced_after_ms(OTHER, last_ns))


def _beyond(scene: Scene, took_ms: float | None) -> float | None:
    if took_ms is None:
        return None
    return took_ms - scene.settings.down_interval_ns(scene.settings.priorities[1]) / NS_PER_MS


def announced_ms(scene: Scene, sightings: Sightings) -> float | None:
    """From the healing of a partition to the survivor's next announcement."""
    return sightings.announced_after_ms(BETTER, scene.marks["healed"])


def transitions(scene: Scene, _sightings: Sightings) -> float:
    """How often either node has become Active since the deed was begun."""
    return scene.transitions(scene.better, scene.other) - scene.elections


def transitions_of_other(scene: Scene, _sightings: Sightings) -> float:
    """Where the deed is the start of both."""
    return scene.transitions(scene.other)


def two_after_waking_ms(scene: Scene, sightings: Sightings) -> float:
    return sightings.two_holders_ms(scene.marks["woken"])
