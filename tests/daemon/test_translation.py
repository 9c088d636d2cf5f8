"""What the file says, as the speaker is told of it."""

from __future__ import annotations

import pytest

from tests.keepalived.memory import loaded
from vipkeeper.daemon import translation
from vipkeeper.vrrp.version import SECOND_NS


@pytest.mark.parametrize(
    ("words", "once_more_ns"),
    [
        ("", 0),
        ("use_vmac", 0),
        ("use_vmac\n vmac_xmit_base", 3 * SECOND_NS),
        ("use_vmac\n unicast_peer {\n 192.0.2.12\n }", 3 * SECOND_NS),
    ],
)
def test_where_no_advert_tells_the_switch_the_virtual_mac_it_is_announced_once_more(
    words: str, once_more_ns: int
) -> None:
    configuration = f"""
vrrp_instance VI {{
    interface eth0
    virtual_router_id 51
    advert_int 3
    {words}
    virtual_ipaddress {{
        192.0.2.100/24
    }}
}}
"""
    (settings,) = translation.instances(loaded(configuration).configuration)
    assert settings.announcements.once_more_ns == once_more_ns
