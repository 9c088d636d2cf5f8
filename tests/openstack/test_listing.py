"""Which virtual IPs there are, from the marks in the cloud."""

from __future__ import annotations

from dataclasses import replace

from tests.openstack import clouds
from vipkeeper.openstack import marks
from vipkeeper.openstack.declaration.spec import Family, Mode
from vipkeeper.openstack.listing import Listed, listed
from vipkeeper.openstack.resources import Port


def vip_port(name: str, address: str, *, family: Family = 4, tagged: bool = True) -> Port:
    record = marks.Record(
        name,
        family,
        3,
        196,
        1.0,
        Mode.UNICAST,
        preempt=True,
        virtual_mac=False,
        authentication=None,
    )
    tags = (marks.VIP_PORT, marks.tag(name)) if tagged else ()
    return clouds.port(f"{name}-vip{family}", address, description=str(record), tags=tags)


def member(port: Port, name: str, priority: int) -> Port:
    tags = (marks.tag(name), marks.member_tag(name, f"priority={priority}"))
    return replace(port, tags=(*port.tags, *tags))


MEMBERS = (member(clouds.TEST02, "web", 50), member(clouds.TEST01, "web", 100))
WEB = vip_port("web", clouds.VIP)


def test_one_with_all_that_belongs_to_it() -> None:
    found = clouds.walkthrough(
        ports=(*MEMBERS, WEB), floating_ips=(clouds.floating_ip(clouds.FLOATING, WEB),)
    )
    assert listed(found) == (
        Listed(
            "web",
            "int_net",
            (clouds.VIP,),
            clouds.FLOATING,
            ("test01", "test02"),
            vrid=196,
            version=3,
            adopted=False,
        ),
    )


def test_both_families_are_one_virtual_ip() -> None:
    ports = (vip_port("web", "fd00:100::9", family=6), WEB)
    (one,) = listed(clouds.walkthrough(ports=ports))
    assert one.addresses == (clouds.VIP, "fd00:100::9")


def test_by_name_and_each_with_its_own_members() -> None:
    both = (*MEMBERS[:1], member(MEMBERS[1], "db", 90))
    ports = (*both, WEB, vip_port("db", "192.168.100.197"))
    assert [(one.name, one.members) for one in listed(clouds.walkthrough(ports=ports))] == [
        ("db", ("test01",)),
        ("web", ("test01", "test02")),
    ]


def test_a_port_whose_tags_were_not_put_yet_is_known_by_its_description() -> None:
    ports = (vip_port("web", clouds.VIP, tagged=False),)
    assert [one.name for one in listed(clouds.walkthrough(ports=ports))] == ["web"]


def test_one_whose_description_somebody_changed_is_known_by_its_tags() -> None:
    port = replace(WEB, description="hands off", tags=(*WEB.tags, marks.ADOPTED))
    (one,) = listed(clouds.walkthrough(ports=(port,), networks=()))
    assert (one.name, one.vrid, one.adopted, one.network) == ("web", None, True, "net-int_net")


def test_ports_that_are_not_ours_are_none() -> None:
    assert listed(clouds.by_hand()) == ()
