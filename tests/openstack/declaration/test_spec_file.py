"""Files and fleets of declarations."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from vipkeeper.errors import ConfigError
from vipkeeper.openstack.declaration import spec_file

TEXT = "name: {name}\nnetwork: int_net\nmembers: [test01, test02]\n"


def write(directory: Path, name: str, *lines: str) -> Path:
    """A spec of that name in a file of that name."""
    path = directory / f"{name}.yaml"
    path.write_text(TEXT.format(name=name) + "\n".join(lines))
    return path


def complaint(*paths: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        spec_file.read_all(paths)
    return str(caught.value).splitlines()


def test_the_example_of_the_documentation(tmp_path: Path) -> None:
    path = tmp_path / "web.yaml"
    path.write_text("""\
name: web
network: int_net
address: 192.168.100.196
members:
  - test01
  - server: test02
    priority: 50
    interface: ens3
  - port: node3-port
floating_ip: ext-private-net1
vrrp: {version: 2, vrid: 51, authentication: {type: pass, password: secret}}
service_ports: [80, 443/tcp, 53/udp, 8000-8010, icmp, {port: 22, from: 10.0.0.0/8}]
security_group: null
anti_affinity: false
""")
    spec = spec_file.read(path)
    assert (spec.name, spec.families, spec.priorities()) == ("web", (4,), (100, 50, 80))


def test_a_directory_is_a_fleet_of_the_files_in_it(tmp_path: Path) -> None:
    write(tmp_path, "b")
    write(tmp_path, "a").rename(tmp_path / "a.yml")
    write(tmp_path, "hidden").rename(tmp_path / ".hidden.yaml")
    (tmp_path / "README").write_text("no spec")
    (tmp_path / "rendered.yaml").mkdir()
    write(tmp_path / "rendered.yaml", "c")
    assert [one.name for one in spec_file.read_all([tmp_path])] == ["a", "b"]


def test_a_file_that_is_named_twice_is_one(tmp_path: Path) -> None:
    path = write(tmp_path, "a")
    assert [one.name for one in spec_file.read_all([path, tmp_path])] == ["a"]


def test_the_faults_of_all_files_come_together(tmp_path: Path) -> None:
    bad = [write(tmp_path, name, "ip: 5", "anti_affinity: 7") for name in ("a", "b")]
    write(tmp_path, "c")
    (tmp_path / "d.yaml").write_text("name: d\nname: e")
    assert complaint(tmp_path, tmp_path / "absent.yaml") == [
        f"{bad[0]}: ip: is 5, 4, 6 or dual is wanted",
        f"{bad[0]}: anti_affinity: is 7, true or false is wanted",
        f"{bad[1]}: ip: is 5, 4, 6 or dual is wanted",
        f"{bad[1]}: anti_affinity: is 7, true or false is wanted",
        f"{tmp_path}/d.yaml:2:1: 'name' is there twice",
        f"{tmp_path}/absent.yaml: cannot read the file: No such file or directory",
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("address: 192.168.100.196", "address: is 192.168.100.196 in int_net"),
        ("vrrp: {vrid: 51}", "vrrp.vrid: is 51 in int_net"),
        (
            "floating_ip: {address: 99.88.128.171}",
            "floating_ip.address: is 99.88.128.171",
        ),
    ],
)
def test_what_two_virtual_ips_cannot_both_have(tmp_path: Path, lines: str, said: str) -> None:
    first, second = write(tmp_path, "a", lines), write(tmp_path, "b", lines)
    assert complaint(tmp_path) == [f"{second}: {said}, as in {first}"]


def test_a_name_twice(tmp_path: Path) -> None:
    first = write(tmp_path, "a")
    second = first.with_name("b.yaml")
    second.write_text(first.read_text())
    assert complaint(tmp_path) == [f"{second}: name: is 'a', as in {first}"]


def test_each_family_and_each_network_has_its_own_vrids(tmp_path: Path) -> None:
    write(tmp_path, "a", "vrrp: {vrid: 51}")
    write(tmp_path, "b", "vrrp: {vrid: 51}", "ip: 6")
    other = write(tmp_path, "c", "vrrp: {vrid: 51}")
    other.write_text(other.read_text().replace("int_net", "other_net"))
    assert len(spec_file.read_all([tmp_path])) == 3


def test_a_directory_without_a_spec(tmp_path: Path) -> None:
    assert complaint(tmp_path) == [
        f"{tmp_path}: there is no file *.yaml or *.yml in this directory"
    ]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe")
    two = write(tmp_path, "two", "---", "name: other")
    assert complaint(binary, two) == [
        f"{binary}: cannot read the file: it is not text",
        f"{two}:4:1: a second document begins here: one in a file is wanted",
    ]


def test_hundreds_of_files_are_read_within_a_second(tmp_path: Path) -> None:
    for number in range(500):
        write(
            tmp_path,
            f"vip{number}",
            f"address: 10.0.{number >> 8}.{number & 255}",
            "vrrp: {interval: 0.5, mode: unicast}",
            "service_ports: [80, 443/tcp, 53/udp, {port: 22, from: 10.0.0.0/8}]",
        )
    start = process_time()
    assert len(spec_file.read_all([tmp_path])) == 500
    # of CPU, whatever else the machine does; 0.2 s are usual
    assert process_time() - start < 1.5
