"""``vipkeeper vip`` as a person types it, against a lab's APIs: one story, command by command."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.openstack.typed import SPEC, VIP, Typed, terminal
from tests.topology import wait_until

# A start of the client costs a second of CPU, and the machine may be busy.
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    with terminal(tmp_path_factory.mktemp("typed")) as typed:
        typed.write("web.yaml")
        yield typed


@pytest.fixture(scope="module")
def applied(typed: Typed) -> str:
    """What ``apply`` said; the virtual IP is in place from then on."""
    planned = typed.vip("plan", "web.yaml")
    assert planned.returncode == 3, planned.stdout + planned.stderr
    lines = planned.stdout.splitlines()
    assert lines[0] == "web"
    assert f"  address      {VIP}/24" in lines
    assert "  floating IP  a new one of ext-private-net1" in lines
    steps = [line for line in lines if line.startswith(("  + ", "  ~ "))]
    assert lines[-1] == f"{len(steps)} changes would be made. vipkeeper vip apply web.yaml"
    assert typed.vips() == [], "a plan changes nothing"
    done = typed.vip("apply", "web.yaml", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"✔ web  in place: {len(steps)} changes" in done.stdout
    return done.stdout


def test_each_step_is_shown_as_it_is_done(applied: str) -> None:
    lines = applied.splitlines()
    assert [line for line in lines if line.startswith("  ✔ ")]
    assert any(line.startswith("  floating IP  99.88.128.") for line in lines)


def test_applying_again_changes_nothing(typed: Typed, applied: str) -> None:
    data = typed.data("apply", "web.yaml")
    (one,) = data["virtual_ips"]
    assert (one["state"], one["done"], one["error"]) == ("done", [], None)
    assert data["summary"] == {"done": 1, "blocked": 0, "failed": 0, "interrupted": 0}


def test_a_plan_as_data(typed: Typed, applied: str) -> None:
    data = typed.data("plan", "web.yaml")
    assert data["summary"] == {"as_declared": 1, "changes": 0, "blocked": 0, "failed": 0}
    (one,) = data["virtual_ips"]
    assert set(one) == {
        "name",
        "state",
        "exists",
        "back_end",
        "remarks",
        "steps",
        "deployment",
        "requests",
        "error",
    }
    assert one["state"] == "as-declared"
    assert one["requests"] > 5
    deployment = one["deployment"]
    assert [member["name"] for member in deployment["members"]] == ["test01", "test02"]
    assert deployment["addresses"][0]["address"] == VIP


def test_it_is_shown_and_listed(typed: Typed, applied: str) -> None:
    shown = typed.data("show", "web")
    assert shown["floating_ip"].startswith("99.88.128.")
    assert shown["state"] == "as-declared"
    assert shown["spec"]["network"] == "int_net"
    (listed,) = typed.data("list")["virtual_ips"]
    assert listed == {
        "name": "web",
        "network": "int_net",
        "addresses": [VIP],
        "floating_ip": shown["floating_ip"],
        "members": ["test01", "test02"],
        "vrid": shown["vrrp"]["vrid"],
        "version": 3,
        "adopted": False,
    }
    (title, row) = typed.vip("list").stdout.splitlines()
    assert title.split() == ["name", "addresses", "floating", "IP", "network", "members", "VRID"]
    assert row.split()[:3] == ["web", VIP, shown["floating_ip"]]


def test_the_recorded_spec_is_one_to_apply(typed: Typed, applied: str) -> None:
    text = typed.vip("show", "web", "--yaml").stdout
    assert "ext-private-net1" in text, "networks are told by name"
    typed.write("recorded.yaml", text)
    assert typed.vip("plan", "recorded.yaml").returncode == 0


def test_drift_is_said_with_what_would_mend_it(typed: Typed, applied: str) -> None:
    typed.forget_pairs("test01")
    typed.write("fleet/other.yaml", SPEC.replace("web", "other").replace(".196", ".197"))
    drifted = typed.vip("drift", "web.yaml")
    assert drifted.returncode == 3
    assert drifted.stdout.startswith("✘ web  not as declared\n")
    assert VIP in drifted.stdout
    fleet = typed.data("drift", "fleet", code=3)
    assert fleet["undeclared"] == ["web"]
    assert [one["state"] for one in fleet["virtual_ips"]] == ["changes"]
    assert typed.vip("apply", "web.yaml").returncode == 0
    assert typed.vip("drift", "web.yaml").stdout == "✔ web  as declared\n"


def test_render_writes_for_each_node(typed: Typed, applied: str) -> None:
    extra = typed.write("extra.yaml", "#cloud-config\npackages: [lighttpd]\n").name
    words = ("render", "web.yaml", "--to", "all", "-o", "out", "--user-data", extra)
    done = typed.vip(*words)
    assert done.returncode == 0, done.stderr
    out = typed.directory / "out"
    for node in ("test01", "test02"):
        assert VIP in (out / node / "keepalived.conf").read_text()
        assert "lighttpd" in (out / node / "user-data.yaml").read_text()
        assert (out / node / "user-data.yaml").stat().st_mode & 0o777 == 0o600
    assert (out / "heat/web.yaml").exists()
    assert (out / "terraform/web.tf").exists()
    assert "openstack server create --user-data out/test01/user-data.yaml" in done.stdout
    (out / "test01/keepalived.conf").write_text("mine\n")
    refused = typed.vip(*words)
    assert refused.returncode == 2
    assert "out/test01/keepalived.conf" in refused.stderr


def test_an_unreadable_secret_stays_one(typed: Typed, applied: str) -> None:
    secret = SPEC + "vrrp: {authentication: {password: hush-me}}\n"
    typed.write("secret.yaml", secret.replace("web", "secret").replace(".196", ".198"))
    done = typed.vip("plan", "secret.yaml", "--commands")
    data = typed.vip("plan", "secret.yaml", "--json")
    assert "hush-me" not in done.stdout + done.stderr + data.stdout + data.stderr
    assert "authentication pass" in done.stdout


def test_a_fleet_is_a_directory(typed: Typed, applied: str) -> None:
    for number in (210, 211):
        name = f"vip{number}"
        spec = SPEC.replace("web", name).replace(VIP, f"192.168.100.{number}")
        typed.write(f"many/{name}.yaml", spec)
    typed.write("many/web.yaml")
    typed.write("many/bad.yaml", SPEC.replace("web", "bad").replace("int_net", "no_net"))
    planned = typed.vip("plan", "many")
    assert planned.returncode == 1
    lines = planned.stdout.splitlines()
    assert f"✔ web  {VIP}/24  as declared" in lines
    assert "✘ bad  blocked" in lines
    summary = "4 virtual IPs: 1 as declared, 2 with changes, 1 blocked; "
    assert any(line.startswith(summary) for line in lines)
    done = typed.vip("apply", "many", "--jobs", "3")
    assert done.returncode == 1, "one is blocked"
    assert "4 virtual IPs: 3 in place, 1 blocked; " in done.stdout
    data = typed.data("apply", "many", code=1)
    assert data["summary"] == {"done": 3, "blocked": 1, "failed": 0, "interrupted": 0}
    in_place = [one["requests"] for one in data["virtual_ips"] if one["state"] == "done"]
    assert max(in_place) - min(in_place) <= 1, "and the one that asks first where Nova is"
    gone = typed.vip("destroy", "vip210", "many/vip211.yaml", "nobody")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert typed.vips() == ["web-vip"]


def test_ctrl_c_says_how_far_it_got(typed: Typed, applied: str) -> None:
    spec = SPEC.replace("web", "cut").replace(VIP, "192.168.100.220")
    typed.write("cut.yaml", spec)
    process = typed.start("vipkeeper", "vip", "apply", "cut.yaml", PYTHONUNBUFFERED="1")
    assert process.stdout
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    said = first + rest + errors
    assert "Traceback" not in said
    assert process.returncode == 130, said
    assert "Interrupted: " in said
    assert "vipkeeper vip apply cut.yaml" in said
    assert typed.vip("apply", "cut.yaml").returncode == 0
    assert typed.vip("destroy", "cut").returncode == 0


def test_at_a_terminal_destroy_shows_and_asks(typed: Typed, applied: str) -> None:
    assert typed.vip("destroy", "web", "--dry-run").returncode == 3
    text, code = answered(typed, "n\n", "destroy", "web")
    assert "Remove that? [y/N]" in text
    assert code == 130
    assert typed.vips() == ["web-vip"]
    text, code = answered(typed, "y\n", "destroy", "web")
    assert code == 0, text
    assert typed.vips() == []
    again = typed.vip("destroy", "web.yaml")
    assert again.returncode == 0
    assert "nothing had to be done" in again.stdout


def answered(typed: Typed, answer: str, *words: str) -> tuple[str, int]:
    """A command at a terminal at which a question is answered; what is seen there."""
    ours, theirs = pty.openpty()
    program = Path(sys.executable).with_name("vipkeeper")
    process = subprocess.Popen(
        [program, "vip", *words],
        cwd=typed.directory,
        env={**typed.environment, "TERM": "dumb"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    seen = b""

    def read_until(done: bytes) -> bool:
        nonlocal seen
        try:
            while piece := os.read(ours, 4096):
                seen += piece
        except BlockingIOError:
            pass
        except OSError:  # nobody is at the other end any more
            return True
        return done in seen

    wait_until(lambda: read_until(b"[y/N]"), seconds=60, what=lambda: seen.decode())
    os.write(ours, answer.encode())
    wait_until(
        lambda: (read_until(b"\0"), process.poll() is not None)[1],
        seconds=60,
        what=lambda: seen.decode(),
    )
    read_until(b"\0")
    os.close(ours)
    return seen.decode(), process.wait(timeout=60)
