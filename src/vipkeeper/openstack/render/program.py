"""Which daemon the nodes run, and how it is called."""

from __future__ import annotations

from typing import Literal

from vipkeeper.errors import VipkeeperError
from vipkeeper.openstack.declaration.spec import AuthenticationType
from vipkeeper.openstack.deployment import Deployment

Program = Literal["keepalived", "vipkeeperd"]
"""Also the name of its unit. keepalived is a package too; vipkeeperd has to be there."""

CONFIGURATION = "/etc/keepalived/keepalived.conf"
"""Both read it there."""


def packages(program: Program) -> list[str]:
    return ["keepalived"] if program == "keepalived" else []


def check(deployment: Deployment, program: Program) -> None:
    """See that the program can do it.

    Raises:
        VipkeeperError: it cannot.
    """
    authentication = deployment.vrrp.authentication
    if program == "vipkeeperd" and authentication and authentication.type is AuthenticationType.AH:
        raise VipkeeperError(
            "vipkeeperd does not speak AH", remedy="choose keepalived, or authentication type: pass"
        )
