"""``openstack vip ...`` with the real client against a lab: formatters, exit codes, errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.openstack.typed import SPEC, VIP, Typed, terminal

# A start of the client costs a second of CPU, and the machine may be busy.
pytestmark = pytest.mark.timeout(400)

CREATE = (
    *("vip", "create", "web", "--network", "int_net", "--address", VIP),
    *("--member", "test01", "--member", "test02", "--service-port", "80"),
)


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    with terminal(tmp_path_factory.mktemp("typed")) as typed:
        yield typed


@pytest.fixture(scope="module")
def created(typed: Typed) -> Any:
    """What ``vip create`` answered; the virtual IP is there from then on."""
    floating = ("--floating-network", "ext-private-net1", "--wait")
    return json.loads(typed.openstack(*CREATE, *floating, "-f", "json"))


def test_what_is_created_is_answered_as_data(created: Any) -> None:
    assert created["name"] == "web"
    assert created["addresses"] == [VIP]
    assert created["floating_ip_address"].startswith("99.88.128.")
    assert [member["name"] for member in created["members"]] == ["test01", "test02"]
    assert created["service_ports"] == ["80/tcp"]
    assert created["state"] == "as-declared"
    assert (created["vrrp_version"], created["mode"], created["preempt"]) == (3, "unicast", True)


def test_the_list_in_each_format(typed: Typed, created: Any) -> None:
    (one,) = json.loads(typed.openstack("vip", "list", "--long", "-f", "json"))
    assert one == {
        "Name": "web",
        "Addresses": [VIP],
        "Floating IP": created["floating_ip_address"],
        "Network": "int_net",
        "Members": ["test01", "test02"],
        "VRID": created["vrid"],
        "VRRP Version": 3,
        "Adopted": False,
    }
    table = typed.openstack("vip", "list")
    assert f"| web  | {VIP} | {created['floating_ip_address']} | int_net | test01, test02 |" in (
        " ".join(table.split()).replace("| web |", "| web  |")
    )


def test_one_for_a_shell(typed: Typed, created: Any) -> None:
    lines = typed.openstack("vip", "show", "web", "-f", "shell", "--prefix", "v_").splitlines()
    assert f'v_floating_ip_address="{created["floating_ip_address"]}"' in lines
    assert 'v_state="as-declared"' in lines


def test_creating_the_same_again_is_no_change_another_is_refused(
    typed: Typed, created: Any
) -> None:
    again = ("--floating-network", "ext-private-net1", "-f", "value", "-c", "state")
    assert typed.openstack(*CREATE, *again) == "as-declared\n"
    said = typed.openstack(*CREATE, "--vrid", "77", code=1)
    assert "there is one of that name already, and it is different" in said
    assert "openstack vip set web" in said


def test_check_says_what_differs(typed: Typed, created: Any) -> None:
    typed.forget_pairs("test02")
    done = typed.run("openstack", "vip", "check", "web")
    assert done.returncode == 1
    assert done.stdout.startswith("web: to do: ")
    assert "test02" in done.stdout
    assert typed.openstack("vip", "set", "web") == ""
    assert typed.openstack("vip", "check", "web") == "web: as declared\n"


def test_set_adds_and_unset_takes_away(typed: Typed, created: Any) -> None:
    typed.openstack(
        *("vip", "set", "web", "--member", "test03", "--service-port", "443"),
        *("--no-preempt", "--interval", "2"),
    )
    shown = json.loads(typed.openstack("vip", "show", "web", "-f", "json"))
    assert [member["name"] for member in shown["members"]] == ["test01", "test02", "test03"]
    assert shown["service_ports"] == ["80/tcp", "443/tcp"]
    assert (shown["preempt"], shown["interval"]) == (False, 2.0)
    typed.openstack(
        *("vip", "unset", "web", "--member", "test03", "--service-port", "443", "--floating-ip")
    )
    lines = typed.openstack("vip", "show", "web", "-f", "yaml").splitlines()
    assert {"floating_ip_address: null", "- 80/tcp", "state: as-declared"} <= set(lines)
    assert "- 443/tcp" not in lines
    said = typed.openstack("vip", "unset", "web", "--member", "test03", code=1)
    assert "test03 is not a member" in said


def test_delete_goes_on_after_a_failure_and_tells(typed: Typed) -> None:
    typed.write("db.yaml", SPEC.replace("web", "db").replace(VIP, "192.168.100.197"))
    name = typed.openstack("vip", "create", "--spec", "db.yaml", "-f", "value", "-c", "name")
    assert name == "db\n"
    said = typed.openstack("vip", "delete", "nobody", "db", code=1)
    assert "Failed to delete virtual IP nobody" in said
    assert "1 of 2 virtual IPs failed to delete." in said


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("vip", "show", "nobody"), 1, "cannot find the virtual IP nobody"),
        (("vip", "create", "new"), 1, "Missing: --network, --member or --member-port"),
        (("vip", "set", "web", "--unicast", "--multicast"), 2, "not allowed with argument"),
    ],
)
def test_what_cannot_be_is_said_in_the_clients_way(
    typed: Typed, created: Any, words: tuple[str, ...], code: int, said: str
) -> None:
    errors = typed.openstack(*words, code=code)
    assert said in errors


def test_deleted_it_leaves_nothing(typed: Typed, created: Any) -> None:
    assert typed.openstack("vip", "delete", "web") == ""
    assert typed.member.get("ports?tags=vipkeeper:web") == {"ports": []}
