"""What ``vipkeeper vip apply`` makes carries packets: on each back end, from each side.

The nodes run the rendered keepalived.conf, one in keepalived, the other in vipkeeperd.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.back_ends.scene import never_answered, serve, wait_for_answer
from tests.lab.labs import running
from tests.openstack.cloud_state import state
from tests.openstack.typed import VIP, Typed
from vipkeeper.lab import spec_file
from vipkeeper.lab.back_end import BackEnd

# A start of the client costs a second of CPU, and the machine may be busy.
pytestmark = pytest.mark.timeout(400)

NODES = ("test01", "test02")
OUTSIDE, BESIDE, BEYOND = "client", "inside", "far"
"""Who calls: by the floating IP; in the VIP's own network; from another network of the router."""

CLOUD = """
networks:
  int_net: {cidr: 192.168.100.0/24, gateway: 192.168.100.1, mtu: 1450}
  far_net: {cidr: 10.20.0.0/24, gateway: 10.20.0.1, mtu: 1450}
  ext-private-net1: {cidr: 99.88.128.0/24, external: true}
routers:
  router1:
    {external_network: ext-private-net1, external_ip: 99.88.128.2, networks: [int_net, far_net]}
security_groups:
  ssh: [{protocol: tcp, port: 22}]
ports:
  test01: &port {network: int_net, fixed_ip: 192.168.100.131, security_groups: [ssh]}
  test02: {<<: *port, fixed_ip: 192.168.100.67}
  inside: {<<: *port, fixed_ip: 192.168.100.68}
  far: {network: far_net, fixed_ip: 10.20.0.10, security_groups: [ssh]}
  client:
    network: ext-private-net1
    fixed_ip: 99.88.128.10
    port_security_enabled: false
    security_groups: []
instances:
  test01: &node
    ports: [test01]
    vrrp: keepalived
    services:
      lighttpd: {argv: [/usr/sbin/lighttpd, -D, -f, /etc/lighttpd/lighttpd.conf]}
    files: &files
      /etc/lighttpd/lighttpd.conf: |
        server.document-root = "/var/www/html"
        mimetype.assign      = ( ".html" => "text/html" )
        index-file.names     = ( "index.html" )
      /var/www/html/index.html: "test01\\n"
  test02:
    <<: *node
    ports: [test02]
    vrrp: vipkeeperd
    files: {<<: *files, /var/www/html/index.html: "test02\\n"}
  inside: {ports: [inside]}
  far: {ports: [far]}
  client: {ports: [client]}
"""
SPEC = f"""\
name: web
network: int_net
address: {VIP}
members: [test01, test02]
floating_ip: ext-private-net1
service_ports: [80, icmp]
"""


@contextmanager
def cloud(directory: Path, back_end: BackEnd) -> Iterator[Typed]:
    spec = spec_file.parse(CLOUD, "cloud.yaml")
    with running(spec, what=f"answers-{back_end}", back_end=back_end, bare=True) as lab:
        typed = Typed(lab, directory)
        typed.write("web.yaml", SPEC)
        yield typed


def configure(typed: Typed) -> None:
    """Put the rendered files where both programs look for them, and start them."""
    rendered = typed.vip("render", "web.yaml", "--to", "keepalived", "-o", "nodes")
    assert rendered.returncode == 0, rendered.stderr
    serve(typed.lab, *NODES)
    put = "mkdir -p /etc/keepalived && cat > /etc/keepalived/keepalived.conf"
    for node in NODES:
        text = (typed.directory / "nodes" / node / "keepalived.conf").read_text()
        typed.lab.run(node, ["sh", "-c", put], input=text, check=True)
        typed.lab.run(node, ["systemctl", "restart", "vrrp"], check=True, timeout=40)


@pytest.mark.parametrize("back_end", BackEnd)
def test_it_answers_fails_over_and_goes(back_end: BackEnd, tmp_path: Path) -> None:
    with cloud(tmp_path, back_end) as typed:
        before = state(typed.member)
        (planned,) = typed.data("plan", "web.yaml", code=3)["virtual_ips"]
        warned = {one["code"] for one in planned["remarks"]}
        assert ("distributed-router" in warned) == (back_end is BackEnd.DVR)
        applied = typed.vip("apply", "--wait", "web.yaml")
        assert applied.returncode == 0, applied.stdout + applied.stderr
        floating = typed.data("show", "web")["floating_ip"]

        configure(typed)
        lab = typed.lab
        wait_for_answer(lab, OUTSIDE, "test01", floating)
        wait_for_answer(lab, BESIDE, "test01", VIP)
        wait_for_answer(lab, BEYOND, "test01", VIP)

        typed.openstack("server", "stop", "test01")
        wait_for_answer(lab, OUTSIDE, "test02", floating)
        wait_for_answer(lab, BESIDE, "test02", VIP)
        if back_end is BackEnd.DVR:  # as the plan's warning says
            never_answered(lab, BEYOND, VIP)
        else:
            wait_for_answer(lab, BEYOND, "test02", VIP)

        destroyed = typed.vip("destroy", "--yes", "web")
        assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
        assert state(typed.member) == before
        never_answered(lab, OUTSIDE, floating, calls=1)
