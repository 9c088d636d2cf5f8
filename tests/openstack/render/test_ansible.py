"""The directory for Ansible, read and run by Ansible itself: in a lab's instance, on that machine.

Debian's ansible-core, since an instance has the host's /usr.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from tests.lab.clouds import KEEPALIVED, cloud_of
from tests.lab.labs import running
from tests.openstack import deployments
from tests.topology import wait_until
from vipkeeper.lab.client import Lab
from vipkeeper.lab.spec import Instance, Network
from vipkeeper.openstack.declaration.spec import Family
from vipkeeper.openstack.deployment import Deployment
from vipkeeper.openstack.render import ansible

RUN_SECONDS = 100.0
DIRECTORY = "/root/vip"
NETWORK = Network("net", IPv4Network(deployments.CIDRS[4]))

pytestmark = pytest.mark.timeout(300)


def write(deployment: Deployment, directory: Path) -> None:
    for path, text in ansible.files(deployment).items():
        (directory / path).parent.mkdir(exist_ok=True)
        (directory / path).write_text(text)


def on_this_machine(program: str, *arguments: str, directory: Path) -> str:
    if shutil.which(program) is None:
        pytest.fail(f"{program} is missing: apt-get install ansible-core")
    completed = subprocess.run(
        [program, "-i", ansible.INVENTORY, *arguments],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "HOME": str(directory), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert not completed.stderr
    return completed.stdout


@pytest.mark.parametrize("families", [(4,), (4, 6)])
def test_ansible_reads_it(families: tuple[Family, ...], tmp_path: Path) -> None:
    write(deployments.deployment(families=families), tmp_path)
    on_this_machine("ansible-playbook", "--syntax-check", ansible.PLAYBOOK, directory=tmp_path)
    inventory = json.loads(on_this_machine("ansible-inventory", "--list", directory=tmp_path))
    assert inventory["vip_web"]["hosts"] == ["test01", "test02"]
    assert inventory["_meta"]["hostvars"]["test02"]["ansible_host"] == "192.168.100.12"


def test_only_the_configurations_hold_the_password() -> None:
    deployment = deployments.deployment(authentication={"password": "hush-hus"})
    texts = ansible.files(deployment)
    assert [path for path, text in texts.items() if "hush-hus" in text] == [
        "keepalived/test01.conf",
        "keepalived/test02.conf",
    ]


def test_two_servers_of_one_name_are_two_hosts() -> None:
    deployment = deployments.deployment()
    for node in deployment.nodes:
        object.__setattr__(node, "name", "web")
    assert sorted(ansible.files(deployment))[1:-1] == [
        "keepalived/web-0000000b.conf",
        "keepalived/web-0000000c.conf",
    ]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One machine, on which nothing is configured."""
    # With user data, a machine has Debian's database of packages too.
    machine = Instance("test01", (), services=(KEEPALIVED,), user_data=b"#cloud-config\n{}\n")
    with running(cloud_of(machine, network=NETWORK), what="ansible") as lab:
        lab.run("test01", ["cloud-init", "status", "--wait"], timeout=RUN_SECONDS)
        yield lab


def bring(lab: Lab, deployment: Deployment) -> None:
    for path, text in ansible.files(deployment).items():
        script = 'mkdir -p "$(dirname "$0")" && cat >"$0"'
        lab.run("test01", ["sh", "-c", script, f"{DIRECTORY}/{path}"], input=text, check=True)


def play(lab: Lab) -> dict[str, int]:
    """Run the playbook; what it says of test01: ok, changed, failed and so on."""
    command = (
        f"cd {DIRECTORY} && ansible-playbook -i {ansible.INVENTORY} -c local -l test01"
        f" {ansible.PLAYBOOK} 2>&1"
    )
    ended = lab.run("test01", ["sh", "-c", command], timeout=RUN_SECONDS)
    assert ended.returncode == 0, ended.stdout
    recap = re.search(r"^test01 +: (.*)$", ended.stdout, re.MULTILINE)
    assert recap, ended.stdout
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", recap[1])}


def changed_by(outcome: dict[str, int]) -> int:
    assert (outcome["failed"], outcome["unreachable"]) == (0, 0)
    return outcome["changed"]


def test_it_is_idempotent_and_what_it_does_is_in_force(lab: Lab) -> None:
    deployment = deployments.deployment(families=(4, 6), interval=0.5, mode="multicast")
    bring(lab, deployment)
    assert changed_by(play(lab)) > 0
    stat = ["stat", "-c", "%a %U", "/etc/keepalived/keepalived.conf"]
    assert lab.run("test01", stat).stdout == "600 root\n"
    assert lab.run("test01", ["systemctl", "is-enabled", "keepalived"]).stdout == "enabled\n"
    wait_until(lambda: _holds(lab, deployments.VIPS[4]), seconds=30, what="the VIP is up")
    assert changed_by(play(lab)) == 0

    # What changes is carried out by a reload: the process stays.
    before = _pid(lab)
    bring(lab, deployments.deployment(interval=0.5, mode="multicast"))
    assert changed_by(play(lab)) == 2
    wait_until(lambda: not _holds(lab, deployments.VIPS[6]), seconds=30, what="IPv6's is gone")
    assert _holds(lab, deployments.VIPS[4])
    assert _pid(lab) == before


def _holds(lab: Lab, address: str) -> bool:
    return f" {address}/" in lab.run("test01", ["ip", "-br", "address", "show"]).stdout


def _pid(lab: Lab) -> str:
    shown = lab.run("test01", ["systemctl", "show", "keepalived"]).stdout
    return next(line for line in shown.splitlines() if line.startswith("MainPID="))
