"""What the session writes down: the virtual IP that is wanted, and what its nodes do besides."""

from __future__ import annotations

from vipkeeper.demo.observation import VIP

NAME = "web"

SPEC = f"""\
name: {NAME}
network: int_net
address: {VIP}
members:
  - port: test01
  - port: test02
floating_ip: ext-private-net1
service_ports: [80, icmp]
"""

USER_DATA = """\
#cloud-config
packages: [lighttpd]
runcmd:
  - hostname > /var/www/html/index.html
  - systemctl enable --now lighttpd
"""
