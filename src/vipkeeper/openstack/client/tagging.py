"""Tags of Neutron's resources, one at a time: those of others are never written.

``PUT /{resource}/{id}/tags`` replaces the whole list, without If-Match. Only what has just been
made is given its tags that way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vipkeeper.errors import CloudError
from vipkeeper.openstack.client.calls import Calls, segment


def set_tags(calls: Calls, collection: str, id: str, label: str, tags: Sequence[str]) -> None:
    """All tags of what has just been made."""
    if tags:
        path = f"/{collection}/{segment(id)}/tags"
        calls.ask(f"tag {label}", "PUT", path, body={"tags": list(tags)})


def add_tags(calls: Calls, collection: str, id: str, label: str, tags: Iterable[str]) -> None:
    for tag in tags:
        path = _path(collection, id, tag)
        calls.ask(f"tag {label} with {tag}", "PUT", path)


def remove_tags(calls: Calls, collection: str, id: str, label: str, tags: Iterable[str]) -> None:
    for tag in tags:
        path = _path(collection, id, tag)
        try:
            calls.ask(f"take the tag {tag} from {label}", "DELETE", path)
        except CloudError as error:
            if error.status != 404:
                raise


def _path(collection: str, id: str, tag: str) -> str:
    """Of one tag. Neutron takes what follows the last dot for a format, so it gets one."""
    format = ".json" if "." in tag else ""
    return f"/{collection}/{segment(id)}/tags/{segment(tag)}{format}"
