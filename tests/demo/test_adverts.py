from __future__ import annotations

import pytest

from vipkeeper.demo import adverts
from vipkeeper.demo.observation import Output

HEADER = "(tos 0xc0, ttl 255, id {id}, offset 0, flags [none], proto VRRP (112), length 40)"
BODY = (
    "VRRPv2, Advertisement, vrid 1, prio 100, authtype simple, intvl 1s, length 20,"
    ' addrs: 192.168.100.196 auth "password"'
)
SOURCE = "192.168.100.131"
# As tcpdump 4.9 (Ubuntu 18.04) and 4.99 (Debian 12) print it.
FORMS = {
    "4.9": f"{SOURCE} > 224.0.0.18: vrrp {SOURCE} > 224.0.0.18: ",
    "4.99": f"{SOURCE} > 224.0.0.18: ",
}


def capture(*lines: tuple[str, int], form: str = "4.99", body: str = BODY) -> Output:
    text = "tcpdump: listening on eth0, link-type EN10MB (Ethernet)\n"
    for at, ip_id in lines:
        text += f"{at} IP {HEADER.format(id=ip_id)}\n    {FORMS[form]}{body}\n"
    return Output("test01", "tcpdump", text, 0)


@pytest.mark.parametrize("form", FORMS)
def test_each_second_the_next_ip_id(form: str) -> None:
    seen = capture(("18:48:03.706388", 1387), ("18:48:04.707485", 1388), form=form)
    assert adverts.check(seen, SOURCE, 100, 2).ok


def test_midnight_and_the_wrap_of_the_ip_id_are_nothing_special() -> None:
    seen = capture(("23:59:59.500000", 65535), ("00:00:00.500000", 0))
    assert adverts.check(seen, SOURCE, 100, 2).ok


@pytest.mark.parametrize(
    "seen",
    [
        capture(("18:48:03.7", 1), ("18:48:04.7", 3)),
        capture(("18:48:03.7", 1), ("18:48:05.7", 2)),
        capture(("18:48:03.7", 1), ("18:48:04.7", 2), ("18:48:05.7", 3)),
        capture(("18:48:03.7", 1), ("18:48:04.7", 2), body=BODY.replace("prio 100", "prio 50")),
        capture(("18:48:03.7", 1), ("18:48:04.7", 2), body=BODY + " (bad vrrp cksum)"),
        Output("test01", "tcpdump", "tcpdump: eth0: You don't have permission\n", 1),
    ],
    ids=["id-skips", "too-slow", "one-too-many", "priority", "checksum", "nothing"],
)
def test_anything_else_is_not_as_expected(seen: Output) -> None:
    assert not adverts.check(seen, SOURCE, 100, 2).ok
