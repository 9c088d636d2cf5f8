from __future__ import annotations

import pytest

from tests.keepalived.corpus import CORPUS, FILES, read, rendered
from vipkeeper.keepalived import Severity


@pytest.mark.parametrize("name", FILES)
def test_a_file_as_people_write_them(name: str) -> None:
    expected = (CORPUS / name).with_suffix(".expected").read_text()
    assert rendered(read(name)) == expected


@pytest.mark.parametrize("name", ["walkthrough-test01.conf", "walkthrough-test02.conf"])
def test_the_walkthroughs_files_are_without_findings(name: str) -> None:
    result = read(name)
    assert result.findings == ()
    (instance,) = result.configuration.instances
    (address,) = instance.virtual_ipaddress
    assert (instance.state, instance.priority) == (
        ("MASTER", 100) if name == "walkthrough-test01.conf" else ("BACKUP", 50)
    )
    assert (str(address.interface), address.device) == ("192.168.100.196/24", "eth0")
    assert str(address.broadcast) == "192.168.100.255"
    assert instance.authentication is not None
    assert instance.authentication.password == b"password"


def test_both_machines_read_the_one_file_alike_but_for_priority() -> None:
    alpha = read("one-file-for-two-hosts.conf").configuration.instances
    beta = read("one-file-for-two-hosts.conf", config_id="beta").configuration.instances
    assert [i.priority for i in alpha] == [200, 200, 200]
    assert [i.priority for i in beta] == [100, 100, 100]
    assert [i.virtual_ipaddress for i in alpha] == [i.virtual_ipaddress for i in beta]


def test_every_severity_is_in_the_corpus() -> None:
    assert {f.severity for name in FILES for f in read(name).findings} == set(Severity)
