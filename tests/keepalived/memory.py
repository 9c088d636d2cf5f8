"""Configuration text without a disk."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from pathlib import PurePosixPath

from vipkeeper.keepalived import Loaded, UnreadableFileError, VrrpInstance, load


class Memory:
    """A Source of given files: path -> text."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def read(self, path: str) -> str:
        if path not in self.files:
            raise UnreadableFileError(path, "No such file or directory")
        return self.files[path]

    def glob(self, pattern: str, relative_to: str) -> list[str]:
        wanted = str(PurePosixPath(relative_to) / pattern)
        return sorted(path for path in self.files if fnmatch.fnmatchcase(path, wanted))


def loaded(text: str, *, config_id: str = "", **included: str) -> Loaded:
    """``text`` as the file "k.conf"; ``included`` are files beside it, with "_" for "."."""
    files = {name.replace("_", "."): content for name, content in included.items()}
    return load("k.conf", Memory({"k.conf": text, **files}), config_id=config_id)


def instance_text(*lines: str, vips: str = "192.0.2.1/24") -> str:
    """A file with one instance without faults, and ``lines`` in it from line 4 on."""
    head = ("vrrp_instance V {", "interface eth0", "virtual_router_id 1")
    return "\n".join((*head, *lines, f"virtual_ipaddress {{ {vips} }}", "}"))


def instance(*lines: str, before: str = "", vips: str = "192.0.2.1/24") -> VrrpInstance:
    """The one instance of such a file, with ``before`` above it; it must run."""
    result = loaded(f"{before}\n{instance_text(*lines, vips=vips)}")
    assert len(result.configuration.instances) == 1, result.findings
    return result.configuration.instances[0]


def codes(result: Loaded) -> list[str]:
    return [finding.code for finding in result.findings]
