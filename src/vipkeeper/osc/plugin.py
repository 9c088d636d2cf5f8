"""What the OpenStack client asks of an extension (entry point ``openstack.cli.extension``)."""

from __future__ import annotations

import argparse
from typing import Any

API_NAME = "vip"
API_VERSION_OPTION = "os_vip_api_version"
API_VERSIONS = ("1",)
DEFAULT_API_VERSION = "1"


def make_client(instance: Any) -> Any:
    """The client of this API, ``client_manager.vip``: there is no service behind it."""
    return instance.sdk_connection


def build_option_parser(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """No global option: there is one version."""
    return parser
