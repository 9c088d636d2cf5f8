"""The corpus: files as people and programs write them, each with what is said about it.

``python -m tests.keepalived.corpus`` writes the expectations anew; read the difference before
committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

from vipkeeper.keepalived import Loaded
from vipkeeper.linux.configuration_files import read_configuration

CORPUS = Path(__file__).parent.parent / "corpus"
FILES = sorted(path.name for path in CORPUS.glob("*.conf"))

CONFIG_ID = "alpha"


def read(name: str, *, config_id: str = CONFIG_ID) -> Loaded:
    """With the corpus as working directory, so that locations are the same on every machine."""
    before = Path.cwd()
    os.chdir(CORPUS)
    try:
        return read_configuration(name, config_id=config_id)
    finally:
        os.chdir(before)


def rendered(loaded: Loaded) -> str:
    lines = [finding.render() for finding in loaded.findings]
    lines += [
        f"runs {instance.name}: {instance.interface} VRID {instance.virtual_router_id}"
        f" priority {instance.priority} every {instance.advert_int_ns / 1e9:g} s,"
        f" {len(instance.virtual_ipaddress)}+{len(instance.virtual_ipaddress_excluded)} addresses"
        for instance in loaded.configuration.instances
    ]
    lines += [f"refuses {name}" for name in loaded.configuration.refused]
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    for name in FILES:
        (CORPUS / name).with_suffix(".expected").write_text(rendered(read(name)))
