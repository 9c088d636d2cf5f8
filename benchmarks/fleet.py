"""How long many virtual IPs take, and how many requests each; one by hand beside them.

python -m benchmarks.fleet [--sizes 10 100 300] [--jobs 8]

A network of the lab has a hundred of them: it has 255 VRIDs. The requests of each have to be the
same however many there are. By hand is the same with the ``openstack`` client, a command for each
thing.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from benchmarks.apis import Api
from vipkeeper.demo.openstack.terminal import Terminal
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import CloudSpec
from vipkeeper.openstack import applying, fleet
from vipkeeper.openstack.applying import Outcome
from vipkeeper.openstack.client.cloud import Cloud
from vipkeeper.openstack.declaration import spec_file
from vipkeeper.openstack.declaration.spec import VipSpec

MEMBERS = 2
IN_A_NETWORK = 100
UNLIMITED = dict.fromkeys(("port", "security_group", "security_group_rule"), -1)

_Item = TypeVar("_Item")


def main() -> None:
    parser = argparse.ArgumentParser(description="How long many virtual IPs take.")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 300])
    parser.add_argument("--jobs", type=int, default=fleet.JOBS)
    arguments = parser.parse_args()
    say("what", "VIPs", "seconds", "ms each", "requests each")
    for size in arguments.sizes:
        measure(size, arguments.jobs)


def measure(size: int, jobs: int) -> None:
    """Print the rows of a fleet of that size, in a lab of its own."""
    lab = Lab.up(CloudSpec((), (), ()), name=f"benchmark-{time.time_ns()}", owned=True)
    try:
        with tempfile.TemporaryDirectory() as directory:
            terminal = Terminal(lab, Path(directory))
            os.environ["OS_CLIENT_CONFIG_FILE"] = f"{directory}/clouds.yaml"
            specs = declared(Api(lab), size)
            cloud = Cloud.connect("lab-admin")
            row("apply", specs, lambda spec: applying.apply(cloud, spec), jobs)
            row("apply, nothing to do", specs, lambda spec: applying.apply(cloud, spec), jobs)
            names = [spec.name for spec in specs]
            row("destroy", names, lambda name: applying.remove(cloud, name), jobs)
            cloud.close()
            by_hand(terminal, size)
    finally:
        lab.down()


def declared(api: Api, size: int) -> list[VipSpec]:
    """Networks, ports for each virtual IP and for one more, and the specs."""
    api.ask("PUT", f"/quotas/{api.project}", {"quota": UNLIMITED})
    for first in range(0, size + 1, IN_A_NETWORK):
        name = f"inside{first // IN_A_NETWORK}"
        network = api.ask("POST", "/networks", {"network": {"name": name}})["network"]["id"]
        subnet = {"network_id": network, "cidr": "10.0.0.0/16", "ip_version": 4}
        api.ask("POST", "/subnets", {"subnet": subnet})
        nodes = range(MEMBERS * first, MEMBERS * min(first + IN_A_NETWORK, size + 1))
        ports = [{"network_id": network, "name": f"node{at}"} for at in nodes]
        api.ask("POST", "/ports", {"ports": ports})
    documents = (
        {
            "name": f"vip{at}",
            "network": f"inside{at // IN_A_NETWORK}",
            "members": [{"port": f"node{MEMBERS * at + one}"} for one in range(MEMBERS)],
            "service_ports": [80],
        }
        for at in range(size)
    )
    return [spec_file.checked(one, "benchmark") for one in documents]


def row(what: str, items: Sequence[_Item], do: Callable[[_Item], Outcome], jobs: int) -> None:
    begun = time.monotonic()
    outcomes = [one.value for one in fleet.each(items, do, jobs=jobs)]
    seconds = time.monotonic() - begun
    bad = [one for one in outcomes if one is None or not one.is_in_place]
    if bad:
        raise SystemExit(f"{what}: {len(bad)} of {len(items)} are not in place: {bad[0]}")
    requests = sorted(one.requests for one in outcomes if one is not None)
    span = f"{requests[0]} to {requests[-1]}"
    say(what, len(items), f"{seconds:.1f}", f"{1000 * seconds / len(items):.0f}", span)


def say(what: str, many: int | str, seconds: str, each: str, requests: str) -> None:
    sys.stdout.write(f"{what:<28} {many:>5} {seconds:>8} {each:>8} {requests:>14}\n")
    sys.stdout.flush()


def by_hand(terminal: Terminal, size: int) -> None:
    """One more virtual IP, as one types it; the address stands in for a look at the port."""
    rule, network = "security group rule create", f"inside{size // IN_A_NETWORK}"
    commands = (
        "security group create hand",
        f"{rule} --protocol 112 --remote-group hand hand",
        f"{rule} --protocol tcp --dst-port 80 hand",
        f"port create --network {network} --fixed-ip ip-address=10.0.250.250"
        " --security-group hand h",
        *(
            f"port set --allowed-address ip-address=10.0.250.250 --security-group hand node{one}"
            for one in range(MEMBERS * size, MEMBERS * (size + 1))
        ),
    )
    begun = time.monotonic()
    for words in commands:
        done = terminal.run(f"openstack --os-cloud lab-admin {words}")
        if done.code:
            raise SystemExit(f"{done.command}: {done.text}")
    seconds = time.monotonic() - begun
    say("by hand, openstack client", 1, f"{seconds:.1f}", f"{1000 * seconds:.0f}", "")


if __name__ == "__main__":
    main()
