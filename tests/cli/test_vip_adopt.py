"""``vipkeeper vip adopt``: the walkthrough's virtual IP, made by hand, is managed from then on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.labs import running
from tests.openstack.typed import VIP, Typed
from vipkeeper.lab import spec_file

# A start of the client costs a second of CPU, and the machine may be busy.
pytestmark = pytest.mark.timeout(400)

CONFIGURATION = f"""
vrrp_instance vrrp_group_1 {{
    state MASTER
    interface eth0
    virtual_router_id 1
    priority 100
    authentication {{
        auth_type PASS
        auth_pass password
    }}
    virtual_ipaddress {{
        {VIP}/24 dev eth0
    }}
}}
"""
FILES = ("--config", "nodes/test01.conf", "--config", "nodes/test02.conf")


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    with running(spec_file.walkthrough(), what="adopt", bare=True) as lab:
        typed = Typed(lab, tmp_path_factory.mktemp("typed"))
        typed.write("nodes/test01.conf", CONFIGURATION)
        typed.write("nodes/test02.conf", CONFIGURATION.replace("priority 100", "priority 50"))
        yield typed


def test_what_cannot_be_adopted_says_why(typed: Typed) -> None:
    done = typed.vip("adopt", "test01", "--name", "web")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "✘ " in done.stderr
    assert "Nothing is done before that is mended." in done.stderr


def test_it_is_shown_first_and_adopted_then(typed: Typed) -> None:
    dry = typed.vip("adopt", "USER-vip", "--name", "web", "--dry-run", *FILES)
    assert dry.returncode == 3, dry.stderr
    assert typed.vips() == []
    typed.write("web.yaml", "# mine\n")
    adopt = ("adopt", "USER-vip", "--name", "web", *FILES, "-o", "web.yaml")
    refused = typed.vip(*adopt)
    assert refused.returncode == 2
    assert "web.yaml is there already" in refused.stderr
    done = typed.vip(*adopt, "--force")
    assert done.returncode == 0, done.stderr
    assert "✔ web  is adopted, and declared in web.yaml" in done.stdout
    assert "vipkeeper vip plan web.yaml" in done.stdout
    spec = typed.directory / "web.yaml"
    assert spec.read_text() == dry.stdout
    assert spec.stat().st_mode & 0o777 == 0o600, "it holds the password"
    (listed,) = typed.data("list")["virtual_ips"]
    assert (listed["members"], listed["vrid"], listed["adopted"]) == (["test01", "test02"], 1, True)


def test_what_was_adopted_stays_when_it_is_destroyed(typed: Typed) -> None:
    assert typed.vip("apply", "web.yaml").returncode == 0
    assert typed.vip("destroy", "web").returncode == 0
    (port,) = typed.member.get("ports?name=USER-vip")["ports"]
    assert (port["tags"], port["description"]) == ([], "")
    (member,) = typed.member.get("ports?name=test01")["ports"]
    assert [pair["ip_address"] for pair in member["allowed_address_pairs"]] == [VIP]
    assert member["tags"] == []
    (floating,) = typed.member.get(f"floatingips?port_id={port['id']}")["floatingips"]
    assert floating["tags"] == []


def test_a_configuration_that_cannot_be_read(typed: Typed, tmp_path: Path) -> None:
    done = typed.vip("adopt", "USER-vip", "--name", "web", "--config", str(tmp_path / "none"))
    assert done.returncode == 2
    assert "does not exist" in done.stderr
