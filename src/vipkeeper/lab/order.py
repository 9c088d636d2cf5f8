"""What is handed from the caller to the doorkeeper to the cloud: a lab to be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vipkeeper.lab.house import Sources
from vipkeeper.lab.spec import CloudSpec

CHUNK = 65536
"""Ids of one instance, and of the cloud itself."""


@dataclass(frozen=True, slots=True)
class Order:
    """A lab to be built; pickled, as it goes from a process to its own child only.

    Attributes:
        bare: leave the instances' services off.
        owned: the lab ends with the process that ordered it, whatever ends that.
        api_port: where the OpenStack APIs listen on the host's 127.0.0.1, 0 for any free port.
        listener: descriptor of the socket for that, once the doorkeeper has made it.
        back_end: the one of Neutron's that is imitated.
        passwords: of the APIs' users, by name.
        archive: a lab that was archived, to go on with; ``spec`` is then the one it began with.
    """

    name: str
    spec: CloudSpec
    sources: Sources
    bare: bool
    owned: bool = False
    api_port: int = 0
    listener: int = -1
    archive: bytes | None = None
    back_end: str = "linuxbridge"
    passwords: Mapping[str, str] = field(default_factory=dict)
