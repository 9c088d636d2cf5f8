"""A lab to type commands at: two servers behind a router, and nothing of a virtual IP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.lab.api.rest import Rest
from tests.lab.labs import running
from vipkeeper.lab import clouds_file, spec_file
from vipkeeper.lab.client import Lab

VIP = "192.168.100.196"
CLOUD = """
networks:
  int_net: {cidr: 192.168.100.0/24, gateway: 192.168.100.1, mtu: 1450}
  ext-private-net1: {cidr: 99.88.128.0/24, external: true}
routers:
  router1: {external_network: ext-private-net1, external_ip: 99.88.128.2, networks: [int_net]}
security_groups:
  ssh: [{protocol: tcp, port: 22}]
ports:
  test01: &port {network: int_net, fixed_ip: 192.168.100.131, security_groups: [ssh]}
  test02: {<<: *port, fixed_ip: 192.168.100.67}
  test03: {<<: *port, fixed_ip: 192.168.100.68}
instances:
  test01: {ports: [test01]}
  test02: {ports: [test02]}
  test03: {ports: [test03]}
"""
SPEC = f"""\
name: web
network: int_net
address: {VIP}
members: [test01, test02]
floating_ip: ext-private-net1
service_ports: [80]
"""


class Typed:
    """Commands in a directory of their own, with the lab's clouds.yaml.

    Attributes:
        environment: of all that is typed.
    """

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab = lab
        self.directory = directory
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "OS_CLOUD": "lab",
            "LANG": "C.UTF-8",
            "COLUMNS": "200",
        }
        (directory / "clouds.yaml").write_text(clouds_file.text(lab.credentials()) + "\n")

    @cached_property
    def member(self) -> Rest:
        """Another one of the project, who asks Neutron by himself."""
        return Rest(self.lab, "lab")

    def forget_pairs(self, port: str) -> None:
        """What somebody may do who does not know what they are for."""
        (found,) = self.member.get(f"ports?name={port}")["ports"]
        self.member.change("port", found["id"], allowed_address_pairs=[])

    def vips(self) -> list[str]:
        """The names of the VIP ports that are there."""
        ports = self.member.get("ports?tags=vipkeeper-vip")["ports"]
        return sorted(port["name"] for port in ports)

    def write(self, name: str, text: str = SPEC) -> Path:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def start(
        self, program: str, *words: str, at: Path | None = None, **environment: str
    ) -> subprocess.Popen[str]:
        """A program with its words, in the directory of the clouds.yaml or ``at`` another."""
        return subprocess.Popen(
            [Path(sys.executable).with_name(program), *words],
            cwd=at or self.directory,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, program: str, *words: str, at: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        process = self.start(program, *words, at=at, **environment)
        output, errors = process.communicate(timeout=90)
        assert "Traceback" not in errors, errors
        return subprocess.CompletedProcess([program, *words], process.returncode, output, errors)

    def vip(
        self, *words: str, at: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """``vipkeeper vip ...``."""
        return self.run("vipkeeper", "vip", *words, at=at, **environment)

    def data(self, *words: str, code: int = 0) -> Any:
        """The same with ``--json``: what it says."""
        done = self.vip(*words, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def openstack(self, *words: str, code: int = 0) -> str:
        """What the client says of it: on stderr where it fails."""
        done = self.run("openstack", *words)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr if code else done.stdout


@contextmanager
def terminal(directory: Path, **arguments: Any) -> Iterator[Typed]:
    """A lab of one's own, and a directory to type in."""
    with running(spec_file.parse(CLOUD, "cloud.yaml"), what="vip", bare=True, **arguments) as lab:
        yield Typed(lab, directory)
