"""How soon a virtual address is back that somebody deletes.

python -m benchmarks.restored [--times 200]

Measured in the namespace of the node, from the acknowledgement of the deletion to the kernel's
message that the address is there again. It takes root, or user namespaces.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from tests.programs import ADDRESSES, CONFIGURATIONS, TAKEOVER_SECONDS, VIP, Speaker
from tests.topology import Network, wait_until

DELETE = """
import select, socket, sys, time
from ipaddress import ip_interface
from vipkeeper.linux.rtnetlink import InterfaceAddress, RouteMonitor, RouteNetlink
vip, netlink, monitor = ip_interface(sys.argv[1]), RouteNetlink(), RouteMonitor()
index = socket.if_nametoindex("eth0")
for _ in range(int(sys.argv[2])):
    time.sleep(0.02)  # so that each deletion finds the daemon waiting
    monitor.read()
    netlink.delete_address(index, vip)
    begun = time.monotonic_ns()
    while True:
        select.select([monitor], [], [])
        if any(isinstance(c, InterfaceAddress) and c.address == vip.ip for c in monitor.read()):
            break
    print(time.monotonic_ns() - begun)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="How soon a deleted address is back.")
    parser.add_argument("--times", type=int, default=200, help="how often (default: %(default)s)")
    times = parser.parse_args().times
    network = Network()
    try:
        with tempfile.TemporaryDirectory() as directory:
            node = network.add_node("test01", f"{ADDRESSES['test01']}/24")
            speaker = Speaker(node, "vipkeeperd", CONFIGURATIONS["test01"], Path(directory))
            speaker.start()
            wait_until(lambda: node.holds(VIP), seconds=TAKEOVER_SECONDS, what=speaker.log)
            said = node.run(sys.executable, "-c", DELETE, f"{VIP}/24", str(times))
            took = sorted(int(line) / 1e6 for line in said.split())
            speaker.stop()
    finally:
        network.close()
    share = {name: took[int(len(took) * part)] for name, part in (("p90", 0.9), ("p99", 0.99))}
    sys.stdout.write(
        f"a deleted address is back: {statistics.median(took):.2f} ms in the median of {len(took)}"
        f" deletions, p90 {share['p90']:.2f}, p99 {share['p99']:.2f}, {took[-1]:.2f} at most\n"
    )


if __name__ == "__main__":
    main()
