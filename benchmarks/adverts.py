"""What an advert costs: CPU time of vipkeeperd and of keepalived, side by side, in one run.

Two nodes in network namespaces run the same 250 instances, one Active in all and the other Backup
in all. Printed are the microseconds of CPU time, user and system, that either process spends for
one advert that it sends or receives. It is CPU time, not elapsed time: a busy machine changes it
by its caches alone.

    python -m benchmarks.adverts [--instances 250] [--interval 0.1] [--seconds 10]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.programs import Speaker
from tests.topology import Network, wait_until

KINDS = ("vipkeeperd", "keepalived")
INSTANCE = """
vrrp_instance VI_{vrid} {{
    interface eth0
    virtual_router_id {vrid}
    priority {priority}
    advert_int {interval}
    version 3
    garp_master_delay 0
    garp_master_repeat 1
    virtual_ipaddress {{
        10.9.0.{vrid}/32
    }}
}}
"""


def configuration(instances: int, priority: int, interval: float) -> str:
    return "".join(
        INSTANCE.format(vrid=vrid, priority=priority, interval=interval)
        for vrid in range(1, instances + 1)
    )


def cpu_ns(speaker: Speaker) -> int:
    """CPU time of its VRRP process so far (/proc/PID/schedstat)."""
    return int(speaker.node.run("cat", f"/proc/{speaker.pid('_vrrp')}/schedstat").split()[0])


def measure(kind: str, arguments: argparse.Namespace) -> tuple[float, float]:
    """Microseconds of an advert sent, and of one received."""
    network = Network()
    try:
        with tempfile.TemporaryDirectory() as directory:
            active, backup = (
                Speaker(
                    network.add_node(name, address),
                    kind,
                    configuration(arguments.instances, priority, arguments.interval),
                    Path(directory),
                )
                for name, address, priority in (
                    ("active", "10.0.0.1/8", 200),
                    ("backup", "10.0.0.2/8", 100),
                )
            )
            active.start()
            wait_until(
                lambda: active.node.addresses().count("10.9.0.") == arguments.instances,
                seconds=60,
                what="the active node has all addresses",
            )
            backup.start()
            time.sleep(3)  # what starting costs is not what running costs
            before = cpu_ns(active), cpu_ns(backup), time.monotonic()
            time.sleep(arguments.seconds)
            after = cpu_ns(active), cpu_ns(backup), time.monotonic()
            if backup.node.addresses().count("10.9.0."):
                sys.exit(f"{kind}: the backup took over, nothing was measured")
            adverts = (after[2] - before[2]) / arguments.interval * arguments.instances
            return (
                (after[0] - before[0]) / adverts / 1000,
                (after[1] - before[1]) / adverts / 1000,
            )
    finally:
        network.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--instances", type=int, default=250)
    parser.add_argument("--interval", type=float, default=0.1)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--kind", choices=KINDS, action="append")
    arguments = parser.parse_args()
    print(f"{'us of CPU an advert':20} {'active':>8} {'backup':>8}")  # noqa: T201 its purpose
    for kind in arguments.kind or KINDS:
        sent, received = measure(kind, arguments)
        print(f"{kind:20} {sent:8.1f} {received:8.1f}", flush=True)  # noqa: T201 its purpose


if __name__ == "__main__":
    main()
