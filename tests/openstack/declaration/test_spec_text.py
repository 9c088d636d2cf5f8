"""A spec as a person would have written it."""

from __future__ import annotations

from hypothesis import given

from tests.openstack.specs import specs
from vipkeeper.openstack.declaration import spec_file, spec_text
from vipkeeper.openstack.declaration.spec import VipSpec

FULL = """\
name: web
network: int_net
address: [192.168.100.196, 'fd00:100::196']
members:
- test01
- {server: test02, priority: 50, interface: ens3}
- {port: node3-port}
floating_ip: {network: ext, address: 99.88.128.171}
vrrp: {version: 3, vrid: 51, interval: 0.5, mode: multicast, preempt: false, virtual_mac: true}
service_ports:
- 80
- 53/udp
- 8000-8010
- icmp
- {port: 22, from: 10.0.0.0/8}
security_group: shared
anti_affinity: true
"""
AUTHENTICATED = """\
name: web
network: int_net
ip: 4
members: [test01, test02]
floating_ip: true
vrrp:
  authentication: {type: pass, password: '12345'}
  interval: 2
"""


def test_what_is_as_it_would_be_anyway_is_not_written() -> None:
    spec = VipSpec.model_validate(
        {"name": "web", "network": "int_net", "members": ["test01", "test02"]}
    )
    assert spec_text.text(spec) == "name: web\nnetwork: int_net\nmembers: [test01, test02]\n"


def test_all_that_there_is() -> None:
    assert spec_text.text(spec_file.parse(FULL, "f")) == FULL


def test_a_password_is_written() -> None:
    text = spec_text.text(spec_file.parse(AUTHENTICATED, "f"))
    assert text == AUTHENTICATED.replace("ip: 4\n", "", 1)


@given(spec=specs())
def test_any_spec_reads_back_as_it_was(spec: VipSpec) -> None:
    assert spec_file.parse(spec_text.text(spec), "f") == spec
