"""``vipkeeper vip`` where nothing can be done: each error a person can meet, in one line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from tests.openstack.typed import SPEC, Typed, terminal
from vipkeeper.cli.main import main

# A start of the client costs a second of CPU, and the machine may be busy.
pytestmark = pytest.mark.timeout(400)

CLOSED_PORT = "http://127.0.0.1:9/identity/v3"


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    with terminal(tmp_path_factory.mktemp("typed")) as typed:
        typed.write("web.yaml")
        yield typed


def said_here(typed: Typed, code: int, *words: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same in this process, for what no cloud is needed for: a start takes a second."""
    monkeypatch.chdir(typed.directory)
    monkeypatch.setattr("sys.argv", ["vipkeeper", "vip", *words])
    errors = io.StringIO()
    with redirect_stderr(errors), pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code, errors.getvalue()
    return errors.getvalue()


def said(typed: Typed, code: int, *words: str, at: Path | None = None, **environment: str) -> str:
    done = typed.vip(*words, at=at, **environment)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr + done.stdout


def test_no_clouds_yaml(typed: Typed, tmp_path: Path) -> None:
    spec = str(typed.directory / "web.yaml")
    text = said(typed, 2, "plan", spec, at=tmp_path)
    assert text.startswith("vipkeeper: the cloud lab cannot be used: ")
    assert "\n  put clouds.yaml into one of: " in text


def test_an_unknown_cloud(typed: Typed) -> None:
    text = said(typed, 2, "plan", "web.yaml", "--cloud", "nowhere")
    assert "nowhere" in text
    assert "lab-admin" in text, "those that there are"


def test_keystone_is_down(typed: Typed, tmp_path: Path) -> None:
    clouds = (typed.directory / "clouds.yaml").read_text()
    url = f"{typed.lab.credentials()['url']}/identity/v3"
    down = tmp_path / "clouds.yaml"
    down.write_text(clouds.replace(url, CLOSED_PORT))
    text = said(typed, 1, "plan", "web.yaml", OS_CLIENT_CONFIG_FILE=str(down))
    assert text.startswith("vipkeeper: cannot ")
    assert "127.0.0.1" in text


def test_neutron_is_down(typed: Typed, tmp_path: Path) -> None:
    clouds = (typed.directory / "clouds.yaml").read_text()
    down = tmp_path / "clouds.yaml"
    override = "network_endpoint_override: http://127.0.0.1:9"
    down.write_text(clouds.replace("region_name", f"{override}\n    region_name"))
    done = typed.vip("drift", "web.yaml", "--json", OS_CLIENT_CONFIG_FILE=str(down))
    assert done.returncode == 1, done.stderr
    data = json.loads(done.stdout)
    assert data["summary"] == {"as_declared": 0, "changes": 0, "blocked": 0, "failed": 1}
    (one,) = data["virtual_ips"]
    assert (one["name"], one["state"], one["deployment"], one["steps"]) == (
        "web",
        "failed",
        None,
        [],
    )
    assert one["error"]["status"] is None
    assert "127.0.0.1" in one["error"]["words"]


def test_a_wrong_password(typed: Typed, tmp_path: Path) -> None:
    password = typed.lab.credentials()["passwords"]["lab"]
    clouds = (typed.directory / "clouds.yaml").read_text().replace(password, "wrong")
    (tmp_path / "clouds.yaml").write_text(clouds)
    text = said(typed, 1, "list", OS_CLIENT_CONFIG_FILE=str(tmp_path / "clouds.yaml"))
    assert "HTTP 401" in text
    assert "(req-" in text


def test_all_faults_of_a_spec_at_once(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    typed.write("faulty.yaml", "name: web\nnetwerk: int_net\nmembers: [test01]\nvrrp: {vrid: 256}")
    text = said_here(typed, 5, "plan", "faulty.yaml", monkeypatch=monkeypatch)
    assert text.startswith("vipkeeper: faulty.yaml: ")
    assert len([line for line in text.splitlines() if "faulty.yaml: " in line]) >= 4
    assert "network" in text
    assert "vrrp.vrid" in text


@pytest.mark.parametrize(
    ("path", "words"),
    [("nothing.yaml", "No such file"), ("empty", "there is no file"), ("clouds.yaml", "clouds")],
)
def test_a_spec_that_is_none(
    typed: Typed, path: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (typed.directory / "empty").mkdir(exist_ok=True)
    assert words in said_here(typed, 5, "apply", path, monkeypatch=monkeypatch)


def test_two_files_that_claim_one_name(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    typed.write("twice/a.yaml")
    typed.write("twice/b.yaml")
    text = said_here(typed, 5, "drift", "twice", monkeypatch=monkeypatch)
    assert "as in twice/a.yaml" in text


def test_a_name_that_nothing_has(typed: Typed) -> None:
    assert "there is none in this project" in said(typed, 1, "show", "nobody")
    assert "nobody" in said(typed, 0, "destroy", "nobody")


def test_a_port_that_is_not_there_cannot_be_adopted(typed: Typed) -> None:
    assert "nothing" in said(typed, 1, "adopt", "nothing", "--name", "web")


def test_what_blocks_a_plan_is_said_before_anything_is_done(typed: Typed) -> None:
    typed.write("blocked.yaml", SPEC.replace("int_net", "net_int").replace("web", "blocked"))
    text = said(typed, 1, "plan", "blocked.yaml")
    assert "✘" in text
    assert "net_int" in text
    assert text.rstrip().endswith("Nothing is done before that is mended.")
    assert "net_int" in said(typed, 1, "apply", "blocked.yaml")
    assert typed.vips() == []


def test_rendering_what_has_no_address_yet(typed: Typed) -> None:
    typed.write("loose.yaml", SPEC.replace("address: 192.168.100.196\n", ""))
    text = said(typed, 1, "render", "loose.yaml", "--to", "keepalived", "-o", "out")
    assert "apply it first" in text
    assert not (typed.directory / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("plan", "web.yaml", "--jobs", "0"),
        ("render", "web.yaml", "--to", "nothing", "-o", "out"),
        ("render", "web.yaml", "--to", "heat", "-o", "out", "--user-data", "x.yaml"),
        ("show", "web", "--json", "--yaml"),
        ("nonsense",),
    ],
)
def test_a_command_that_cannot_be_meant(
    typed: Typed, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said_here(typed, 2, *words, monkeypatch=monkeypatch)
    assert text.startswith("Usage: ")
    assert "Error: " in text
