"""What the nodes' files say of a virtual IP that was made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.openstack.adoptions import (
    adopted,
    changed,
    codes,
    configuration,
    spec_of,
    written,
)
from tests.openstack.clouds import (
    VIP,
    by_hand,
    pair,
    port,
)
from vipkeeper.keepalived import Configuration
from vipkeeper.openstack.resources import AddressPair


class TestWhatTheNodesSay:
    def test_without_files_all_is_a_guess(self) -> None:
        result = adopted()
        assert spec_of(result).vrrp.vrid == 196
        assert spec_of(result).priorities() == (100, 90)
        assert codes(result) == ["nodes-not-known", "ports-of-other-groups"]

    def test_a_virtual_mac_in_the_pairs_tells_the_vrid(self) -> None:
        found = by_hand()
        for name in ("test01", "test02"):
            one = next(one for one in found.ports if one.name == name)
            pairs = (pair(VIP, one), AddressPair(VIP, "00:00:5e:00:01:33"))
            found = changed(found, name, allowed_address_pairs=pairs)
        vrrp = spec_of(adopted(found)).vrrp
        assert (vrrp.vrid, vrrp.virtual_mac) == (0x33, True)

    def test_everything_that_a_spec_has_a_word_for(self) -> None:
        files = {
            "test01.conf": written(
                version=3,
                advert_int=0.5,
                nopreempt="",
                interface="ens3",
                use_vmac="vrrp.51",
                vmac_xmit_base="",
                unicast_peer="{ 192.168.100.67 }",
            ),
            "test02.conf": written(
                version=3,
                advert_int=0.5,
                nopreempt="",
                priority=90,
                use_vmac="vrrp.51",
                vmac_xmit_base="",
                unicast_peer="{ 192.168.100.131 }",
            ),
        }
        result = adopted(files=files)
        assert codes(result) == ["ports-of-other-groups"]
        assert spec_of(result).vrrp.model_dump() == {
            "version": 3,
            "vrid": 51,
            "authentication": None,
            "interval": 0.5,
            "mode": "unicast",
            "preempt": False,
            "virtual_mac": True,
        }
        assert [one.interface for one in spec_of(result).members] == ["ens3", "eth0"]

    @pytest.mark.parametrize(
        "files",
        [
            # by the source of the adverts, whatever the files are called
            {
                "a": written(unicast_src_ip="192.168.100.131", unicast_peer="{ 192.168.100.67 }"),
                "b": written(
                    unicast_src_ip="192.168.100.67",
                    unicast_peer="{ 192.168.100.131 }",
                    priority=150,
                ),
            },
            {
                "test01": written(mcast_src_ip="192.168.100.67", priority=150),
                "test02": written(mcast_src_ip="192.168.100.131"),
            },
            # by name
            {"k-test02.conf": written(priority=150), "k-test01.conf": written()},
            {
                "test02/keepalived.conf": written(priority=150),
                "/x/test01/keepalived.conf": written(),
            },
            # in their order, members by name
            {"a": written(), "b": written(priority=150)},
            # the one that is left
            {"a": written(priority=150), "test01.conf": written()},
        ],
    )
    def test_whose_file_it_is(self, files: dict[str, Configuration]) -> None:
        members = spec_of(adopted(files=files)).members
        assert [(one.label, one.priority) for one in members] == [
            ("test02", 150),
            ("test01", 100),
        ]
        assert spec_of(adopted(files=files)).priorities() == (150, 100)

    def test_the_longest_name_counts(self) -> None:
        found = by_hand()
        names = {"server-test01": "web", "server-test02": "web-2"}
        found = replace(
            found, servers=tuple(replace(one, name=names[one.id]) for one in found.servers)
        )
        files = {"web-2.conf": written(priority=150), "web.conf": written()}
        assert [one.label for one in spec_of(adopted(found, files)).members] == ["web-2", "web"]

    @pytest.mark.parametrize(
        ("files", "expected"),
        [
            ({"test01.conf": written()}, ["member-without-file"]),
            ({"x.conf": written()}, ["file-of-nobody", *["member-without-file"] * 2]),
            (
                {
                    "test01.conf": written(),
                    "test02.conf": written(virtual_router_id=52, priority=5),
                },
                ["files-disagree"],
            ),
            (
                {
                    "test01.conf": written(
                        authentication="{\nauth_type PASS\nauth_pass one\n}",
                    ),
                    "test02.conf": written(
                        authentication="{\nauth_type PASS\nauth_pass two\n}", priority=5
                    ),
                },
                ["files-disagree"],
            ),
            ({"test01.conf": written(), "test02.conf": written()}, ["same-priority"]),
            (
                {"test01.conf": written(priority=255), "test02.conf": written()},
                ["owner-priority"],
            ),
            (
                {
                    "test01.conf": written(unicast_peer="{\n192.168.100.67\n192.168.100.68\n}"),
                    "test02.conf": written(unicast_peer="{ 192.168.100.131 }", priority=5),
                },
                ["peer-is-no-member"],
            ),
            (
                {
                    "test01.conf": written(use_vmac="vrrp.1 02:00:5e:10:00:01"),
                    "test02.conf": written(use_vmac="vrrp.1 02:00:5e:10:00:01", priority=5),
                },
                ["virtual-mac-of-its-own"],
            ),
            (
                {
                    "test01.conf": written(),
                    "1/test01.conf": written(),
                    "test02.conf": written(priority=5),
                },
                ["file-twice"],
            ),
            ({"a": written(), "b": written(priority=5)}, ["files-in-order"]),
        ],
    )
    def test_what_is_doubtful(self, files: dict[str, Configuration], expected: list[str]) -> None:
        result = adopted(files=files)
        assert result.spec is not None
        assert sorted(codes(result)) == sorted([*expected, "ports-of-other-groups"])

    def test_no_remark_tells_a_password(self) -> None:
        files = {
            f"test0{number}.conf": written(
                authentication=f"{{\nauth_type PASS\nauth_pass secret{number}\n}}"
            )
            for number in (1, 2)
        }
        result = adopted(files=files)
        assert "files-disagree" in codes(result)
        assert "secret" not in str(result.remarks)
        assert "secret" not in repr(result.steps)

    @pytest.mark.parametrize(
        ("files", "code"),
        [
            ({"x": configuration("global_defs {\n}")}, "file-of-another"),
            ({"x": written(interface=None)}, "file-refused"),
            (
                {"x": written(authentication="{\nauth_type PASS\nauth_pass a\\\\b\n}")},
                "password-unfit",
            ),
        ],
    )
    def test_files_that_do_not_do(self, files: dict[str, Configuration], code: str) -> None:
        result = adopted(files=files)
        assert (result.spec, result.steps) == (None, ())
        assert [one.code for one in result.blockers] == [code]

    def test_all_priorities_are_different_and_possible(self) -> None:
        found = by_hand()
        more = [port(f"n{number}", f"192.168.100.{number}") for number in range(2, 12)]
        more = [replace(one, allowed_address_pairs=(pair(VIP, one),)) for one in more]
        files = {"test01.conf": written(priority=2), "test02.conf": written(priority=1)}
        result = adopted(replace(found, ports=(*found.ports, *more)), files)
        assert len(set(spec_of(result).priorities())) == 12
