"""Finding a cloud's credentials, and saying what is wrong where there are none.

Reading clouds.yaml, secure.yaml and ``OS_*`` is openstacksdk's affair. It passes over a file that
is no YAML and says then that the cloud was not found; files are looked into here only when it
has failed.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openstack
import yaml
from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk
from openstack.config import loader

from vipkeeper import __version__
from vipkeeper.errors import UsageError

# It logs what it raises a moment later; without a handler Python would print that.
logging.getLogger("keystoneauth").addHandler(logging.NullHandler())


def connection(name: str | None) -> Any:
    """A connection of openstacksdk; nothing has been sent yet.

    Raises:
        UsageError: no such cloud, or its configuration cannot be used.
    """
    try:
        found = openstack.connect(cloud=name, app_name="vipkeeper", app_version=__version__)
        found.session  # noqa: B018 -- made here, so that it is here that it fails
    except keystone.MissingRequiredOptions as error:
        raise _unusable(name, str(error)) from error
    except (sdk.SDKException, keystone.ClientException) as error:
        raise _unusable(name, str(error)) from error
    except (ValueError, TypeError, AttributeError, KeyError, OSError) as error:
        words = f"its configuration is not what it should be ({error})"
        raise _unusable(name, words) from error
    return found


def _unusable(name: str | None, words: str) -> UsageError:
    named = name or os.environ.get("OS_CLOUD")
    cloud = f"the cloud {named} cannot be used" if named else "no cloud can be used"
    broken = list(_broken_files())
    if broken:
        return UsageError(f"{cloud}: {broken[0]}", remedy="mend the file")
    there = _names()
    if there:
        remedy = f"name one of {', '.join(there)}: --cloud NAME, or OS_CLOUD"
        return UsageError(f"{cloud}: {words}", remedy=remedy)
    places = ", ".join(str(path.parent) for path in _files() if path.suffix == ".yaml")
    remedy = f"put clouds.yaml into one of: {places}; or set OS_AUTH_URL and the other OS_*"
    return UsageError(f"{cloud}: {words}", remedy=remedy)


def _names() -> list[str]:
    """The clouds that the files tell of."""
    try:
        names = loader.OpenStackConfig().get_cloud_names()
    except (sdk.SDKException, ValueError, TypeError, AttributeError):
        return []
    # openstacksdk makes one up where there is none, to have somewhere to put defaults.
    return sorted(name for name in names if name != "defaults")


def _files() -> list[Path]:
    """Where a clouds.yaml is looked for, OS_CLIENT_CONFIG_FILE's among them."""
    said = os.environ.get("OS_CLIENT_CONFIG_FILE")
    return [Path(path) for path in (*([said] if said else []), *loader.CONFIG_FILES)]


def _broken_files() -> Iterator[str]:
    for path in _files():
        if not path.is_file():
            continue
        try:
            document = yaml.safe_load(path.read_text())
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            yield f"{path} is no YAML: {' '.join(str(error).split())}"
        except OSError as error:
            yield f"{path} cannot be read: {error.strerror}"
        else:
            clouds = document.get("clouds") if isinstance(document, dict) else None
            if not isinstance(clouds, dict):
                yield f"{path} has no mapping 'clouds'"
