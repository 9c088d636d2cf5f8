"""What OpenStack's clients read to find the lab's APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

_CLOUDS = {"lab": "lab", "lab-admin": "admin"}
"""Cloud to user; each user's project is called as the user is."""


def text(credentials: Mapping[str, Any]) -> str:
    """A clouds.yaml, without the end of its last line.

    Args:
        credentials: ``url`` and ``passwords``, as the lab tells them.
    """
    clouds = {
        cloud: {
            "region_name": "RegionOne",
            "auth": {
                "auth_url": f"{credentials['url']}/identity/v3",
                "username": user,
                "password": credentials["passwords"][user],
                "project_name": user,
                "user_domain_name": "Default",
                "project_domain_name": "Default",
            },
        }
        for cloud, user in _CLOUDS.items()
    }
    return yaml.safe_dump({"clouds": clouds}, sort_keys=False).rstrip()


def shell(credentials: Mapping[str, Any], *, admin: bool) -> str:
    """The same for a shell, as an openrc file has it."""
    user = _CLOUDS["lab-admin" if admin else "lab"]
    values = {
        "OS_AUTH_URL": f"{credentials['url']}/identity/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_REGION_NAME": "RegionOne",
        "OS_USERNAME": user,
        "OS_PASSWORD": credentials["passwords"][user],
        "OS_PROJECT_NAME": user,
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_DOMAIN_NAME": "Default",
    }
    return "\n".join(f"export {name}={value}" for name, value in values.items())
