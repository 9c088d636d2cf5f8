"""User data, done by Debian's cloud-init inside an instance."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import pytest

from tests.lab import ordinary_user
from tests.lab.clouds import KEEPALIVED, LIGHTTPD, cloud_of
from tests.lab.labs import running, unused_name
from tests.topology import wait_until
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import Instance

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ somebody"

SCRIPT = b"""#!/bin/sh
echo "$(id -u) $(hostname)" >>/root/script-ran
sleep 5555 &
"""

CONFIG = b"""#cloud-config
bootcmd:
  - echo boot >>/var/boots
write_files:
  - path: /var/www/html/index.html
    content: hello from user data
  - path: /opt/owned
    owner: www-data:www-data
    permissions: '0640'
    content: x
  - path: /home/demo/file
    owner: demo:team
    defer: true
    content: x
  - path: /etc/keepalived/keepalived.conf
    content: |
      vrrp_instance one {
        interface eth0
        virtual_router_id 7
        priority 100
        virtual_ipaddress {
          192.0.2.100
        }
      }
groups: [team]
users:
  - default
  - name: demo
    primary_group: team
    groups: [adm]
    lock_passwd: true
    ssh_authorized_keys: ["ssh-ed25519 AAAA demo"]
packages: [lighttpd, tcpdump]
runcmd:
  - echo run >>/root/runs
  - [sh, -c, "systemctl is-active lighttpd >/root/lighttpd-after-packages"]
  - service lighttpd restart
  - systemctl restart lighttpd
  - systemctl enable --now keepalived
final_message: "all done after $UPTIME seconds"
"""

FAILING = b"""#cloud-config
packages: [no-such-package]
runcmd:
  - echo run >>/root/runs
"""


def multipart(*parts: tuple[str, bytes]) -> bytes:
    message = MIMEMultipart()
    for kind, content in parts:
        message.attach(MIMEText(content.decode(), kind))
    return message.as_bytes()


def spec_of(**user_data: bytes | None) -> Any:
    return cloud_of(
        *(
            Instance(name, (), services=(LIGHTTPD, KEEPALIVED), user_data=data, public_keys=(KEY,))
            for name, data in user_data.items()
        )
    )


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    spec = spec_of(
        script=SCRIPT,
        config=CONFIG,
        packed=gzip.compress(multipart(("x-shellscript", SCRIPT), ("cloud-config", FAILING))),
        without=None,
    )
    with running(spec) as lab:
        yield lab


def sh(lab: Lab, instance: str, command: str) -> subprocess.CompletedProcess[str]:
    return lab.run(instance, ["sh", "-c", command], timeout=30)


def said(lab: Lab, instance: str, command: str) -> str:
    return sh(lab, instance, command).stdout


def status(lab: Lab, instance: str) -> str:
    """What cloud-init says of itself when it has ended."""
    wait_until(
        lambda: said(lab, instance, "systemctl is-active cloud-final") in ("active\n", "failed\n"),
        seconds=90,
        what=lambda: f"cloud-init's end in {instance}:\n{lab.console(instance)}",
    )
    ended = lab.run(instance, ["cloud-init", "status", "--wait", "--format=json"], timeout=30)
    return str(json.loads(ended.stdout)["status"])


def test_a_script_runs_as_root_when_the_network_is_there(lab: Lab) -> None:
    assert status(lab, "script") == "done"
    assert said(lab, "script", "cat /root/script-ran") == "0 script\n"


def test_what_a_script_leaves_behind_lives_on(lab: Lab) -> None:
    status(lab, "script")
    assert said(lab, "script", "pgrep -xc sleep") == "1\n"


def test_the_keys_are_roots_and_the_default_users(lab: Lab) -> None:
    assert status(lab, "script") == "done"
    for path in ("/root/.ssh/authorized_keys", "/home/debian/.ssh/authorized_keys"):
        assert said(lab, "script", f"cat {path}") == f"{KEY}\n"


def test_a_cloud_config_is_done(lab: Lab) -> None:
    assert status(lab, "config") == "done", said(lab, "config", "cat /var/log/cloud-init.log")
    assert said(lab, "config", "cat /var/boots /root/runs") == "boot\nrun\n"
    assert said(lab, "config", "curl -sS http://localhost/") == "hello from user data"
    assert said(lab, "config", "systemctl is-enabled lighttpd keepalived") == "enabled\n" * 2
    assert said(lab, "config", "stat -c %U:%G:%a /opt/owned") == "www-data:www-data:640\n"
    assert said(lab, "config", "stat -c %U:%G /home/demo/file") == "demo:team\n"
    assert said(lab, "config", "id -un demo; cat /home/demo/.ssh/authorized_keys") == (
        "demo\nssh-ed25519 AAAA demo\n"
    )


def test_a_package_brings_its_service_up_as_debians_postinst_does(lab: Lab) -> None:
    status(lab, "config")
    assert said(lab, "config", "cat /root/lighttpd-after-packages") == "active\n"
    log = said(lab, "config", "cat /var/log/cloud-init-output.log")
    assert "lighttpd is already the newest version" in log


def test_a_second_boot_does_only_what_is_of_each_boot(lab: Lab) -> None:
    assert status(lab, "config") == "done"
    boots = said(lab, "config", "cat /var/boots").count("boot")
    lab.stop("config")
    lab.start("config")
    assert status(lab, "config") == "done"
    assert said(lab, "config", "cat /var/boots") == "boot\n" * (boots + 1)
    assert said(lab, "config", "cat /root/runs") == "run\n"
    assert said(lab, "config", "systemctl is-active lighttpd keepalived") == "active\n" * 2
    assert said(lab, "config", "curl -sS http://localhost/") == "hello from user data"


def test_a_package_that_is_not_there_fails_and_the_rest_is_done(lab: Lab) -> None:
    assert status(lab, "packed") == "error"
    assert said(lab, "packed", "cat /root/runs") == "run\n"
    log = said(lab, "packed", "cat /var/log/cloud-init-output.log")
    assert "E: Unable to locate package no-such-package" in log
    assert "Failed to install packages" in said(lab, "packed", "cat /var/log/cloud-init.log")


def test_user_data_may_have_several_parts_and_be_compressed(lab: Lab) -> None:
    status(lab, "packed")
    assert said(lab, "packed", "cat /root/script-ran") == "0 packed\n"


def test_the_stages_come_in_order_with_the_services_between(lab: Lab) -> None:
    status(lab, "config")
    shown = said(lab, "config", "journalctl -t systemd -o cat").splitlines()
    stages = [line.split()[1] for line in shown if line.startswith("Finished cloud-")]
    assert stages[:4] == [
        "cloud-init-local.service.",
        "cloud-init.service.",
        "cloud-config.service.",
        "cloud-final.service.",
    ]


def test_it_is_seen_on_the_console(lab: Lab) -> None:
    status(lab, "packed")
    text = lab.console("packed")
    assert "Unable to locate package no-such-package" in text
    assert "[FAILED] Failed to start cloud-final.service." in text
    assert text.endswith("packed login: ")


def test_without_user_data_there_is_none_of_it(lab: Lab) -> None:
    assert said(lab, "without", "ls -d /etc/cloud /var/lib/cloud /var/lib/dpkg") == ""
    assert sh(lab, "without", "systemctl status cloud-init").returncode == 4


ONE_USER = f"""
import sys
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import *
from ipaddress import IPv4Network
network = Network("net", IPv4Network("192.0.2.0/24"))
service = Service({LIGHTTPD.name!r}, {LIGHTTPD.argv!r}, autostart=False)
keepalived = Service({KEEPALIVED.name!r}, {KEEPALIVED.argv!r}, autostart=False)
one = Instance("one", ("one-0",), services=(service, keepalived), user_data={CONFIG!r},
    public_keys=({KEY!r},))
port = Port("one-0", "net", network.cidr[10])
lab = Lab.up(CloudSpec(networks=(network,), ports=(port,), instances=(one,)), name=sys.argv[1])
try:
    def show(command):
        ended = lab.run("one", ["sh", "-c", command], timeout=80)
        print(" ".join((ended.stdout + ended.stderr).split()), flush=True)
    show("cloud-init status --wait --long | tr -d .")
    show("curl -sS http://localhost/")
    show("cat /root/.ssh/authorized_keys")
    show("systemctl is-active lighttpd keepalived")
    show("cat /root/runs /home/demo/.ssh/authorized_keys")
    show("ps -o user= -C lighttpd")
finally:
    lab.down()
"""


def test_with_one_user_it_does_the_same() -> None:
    with ordinary_user.packages() as packages:
        lines = ordinary_user.run(ONE_USER, [unused_name("one-user")], packages)
    assert lines[0].startswith("status: done "), lines[0]
    assert lines[1:] == [
        "hello from user data",
        KEY,
        "active active",
        "run ssh-ed25519 AAAA demo",
        "root",
    ]
