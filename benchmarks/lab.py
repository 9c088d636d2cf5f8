"""How long the lab takes: the walkthrough's cloud from the command to running services, and back.

python -m benchmarks.lab [--times 5]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from vipkeeper.lab import spec_file
from vipkeeper.lab.client import Lab


def main() -> None:
    parser = argparse.ArgumentParser(description="How long the lab takes.")
    parser.add_argument("--times", type=int, default=5, help="how often (default: %(default)s)")
    times = parser.parse_args().times
    spec = spec_file.walkthrough()
    took: dict[str, list[float]] = {}

    def measure(what: str, deed: Callable[[], object]) -> object:
        begun = time.perf_counter()
        result = deed()
        took.setdefault(what, []).append((time.perf_counter() - begun) * 1e3)
        return result

    for number in range(times):
        name = f"benchmark-{os.getpid()}-{number}"
        lab = measure("up: its processes run", partial(Lab.up, spec, name=name))
        assert isinstance(lab, Lab)
        try:
            measure("a command in an instance", partial(lab.run, "test01", ["true"]))
            measure("stop of an instance", partial(lab.stop, "test01"))
            measure("start of an instance", partial(lab.start, "test01"))
        finally:
            measure("down", lab.down)
    for what, all_ms in took.items():
        median, worst = statistics.median(all_ms), max(all_ms)
        sys.stdout.write(f"{what:26} {median:7.0f} ms in the median, {worst:7.0f} at most\n")


if __name__ == "__main__":
    main()
