"""Clouds that are not the walkthrough's: none, many, two links, no router."""

from __future__ import annotations

from pathlib import Path

from tests.lab.labs import running
from vipkeeper.lab import spec_file
from vipkeeper.lab.spec import CloudSpec


def many(count: int) -> CloudSpec:
    ports = [f"  p{n}: {{network: n, fixed_ip: 10.0.0.{n + 10}}}" for n in range(count)]
    instances = [f"  m{n}: {{ports: [p{n}]}}" for n in range(count)]
    lines = ["networks: {n: {cidr: 10.0.0.0/24}}", "ports:", *ports, "instances:", *instances]
    return spec_file.parse("\n".join(lines), "many.yaml")


def test_no_instance_at_all() -> None:
    text = "networks: {n: {cidr: 10.0.0.0/24}}\nports: {}\ninstances: {}\n"
    with running(spec_file.parse(text, "empty.yaml")) as lab:
        assert lab.status()["instances"] == []


def test_two_links_no_router_and_a_machine_without_any() -> None:
    text = """
networks:
  a: {cidr: 10.1.0.0/24, gateway: 10.1.0.1}
  b: {cidr: 10.2.0.0/29, mtu: 9000}
ports:
  pa: {network: a, fixed_ip: 10.1.0.5, mac_address: "FA:16:3E:00:00:01"}
  pb: {network: b, fixed_ip: 10.2.0.3}
  qb: {network: b, fixed_ip: 10.2.0.4}
instances:
  two: {ports: [pa, pb]}
  one-with-a-name-that-is-longer-than-that-of-any-link: {ports: [qb]}
  none: {ports: []}
"""
    with running(spec_file.parse(text, "odd.yaml")) as lab:
        shown = lab.run("two", ["ip", "-o", "-4", "address"]).stdout
        assert "10.1.0.5/24" in shown
        assert "10.2.0.3/29" in shown
        assert "fa:16:3e:00:00:01" in lab.run("two", ["ip", "link", "show", "eth0"]).stdout
        assert "mtu 9000" in lab.run("two", ["ip", "link", "show", "eth1"]).stdout
        lab.run("two", ["ping", "-c1", "-W2", "10.2.0.4"], check=True)
        assert lab.run("none", ["hostname"]).stdout == "none\n"


def test_many_instances() -> None:
    with running(many(12)) as lab:
        lab.run("m0", ["ping", "-c1", "-W2", "10.0.0.21"], check=True)


def test_more_ports_than_one_message_holds() -> None:
    per_port = 11_600
    room = int(Path("/proc/sys/net/core/wmem_default").read_text())
    count = min(60, room // per_port + 10)
    with running(many(count)) as lab:
        lab.run("m0", ["ping", "-c1", "-W2", f"10.0.0.{count + 9}"], check=True)
