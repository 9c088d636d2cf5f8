"""Files that declare virtual IPs: YAML in, VipSpec out.

One file declares one virtual IP. A directory of them is a fleet: its ``*.yaml`` and ``*.yml``, not
those of directories in it (what was rendered for the nodes may lie there) and no hidden ones
(editors' own). All faults are said at once, each as ``FILE: PATH: what is wrong``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from vipkeeper import strict_yaml
from vipkeeper.errors import ConfigError
from vipkeeper.openstack.declaration.faults import in_words
from vipkeeper.openstack.declaration.spec import VipSpec

SUFFIXES = (".yaml", ".yml")


def read(path: Path) -> VipSpec:
    """The virtual IP that a file declares.

    Raises:
        ConfigError: the file cannot be read, or something in it is wrong: all of it, one a line.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"{path}: cannot read the file: {reason}") from error
    return parse(text, str(path))


def parse(text: str, file: str) -> VipSpec:
    """The virtual IP that a text declares; ``file`` is what it is called in faults."""
    return checked(strict_yaml.load(text, file), file)


def checked(document: object, file: str) -> VipSpec:
    """The same of plain data: mappings, lists, text and numbers, as YAML has them."""
    try:
        return VipSpec.model_validate(document, by_alias=True, by_name=False)
    except ValidationError as error:
        lines = [f"{file}: {fault}" for fault in in_words(error, document, VipSpec)]
    raise ConfigError("\n".join(lines))


def read_all(paths: Iterable[Path]) -> tuple[VipSpec, ...]:
    """Those of several files; a directory stands for the files in it.

    Raises:
        ConfigError: the faults of all files, and what two of them claim both.
    """
    specs: dict[str, VipSpec] = {}
    faults: list[str] = []
    for path in paths:
        try:
            files = files_of(path)
        except ConfigError as error:
            faults.append(error.message)
            continue
        for file in files:
            try:
                specs[str(file)] = read(file)
            except ConfigError as error:
                faults.append(error.message)
    faults += _claimed_twice(specs)
    if faults:
        raise ConfigError("\n".join(faults))
    return tuple(specs.values())


def files_of(path: Path) -> tuple[Path, ...]:
    """A file itself, or the specs of a directory, sorted.

    Raises:
        ConfigError: there is no such file, or a directory has none.
    """
    try:
        if not path.is_dir():
            return (path,)
        found = sorted(one for one in path.iterdir() if _is_spec(one))
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the directory: {error.strerror}") from error
    if not found:
        kinds = " or ".join(f"*{suffix}" for suffix in SUFFIXES)
        raise ConfigError(f"{path}: there is no file {kinds} in this directory")
    return tuple(found)


def _is_spec(path: Path) -> bool:
    return path.suffix in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _claimed_twice(specs: Mapping[str, VipSpec]) -> list[str]:
    """What two files of a fleet cannot both have."""
    first: dict[Hashable, str] = {}
    faults: list[str] = []
    for file, spec in specs.items():
        for claim, words in _claims(spec):
            earlier = first.setdefault(claim, file)
            if earlier != file:
                faults.append(f"{file}: {words}, as in {earlier}")
    return faults


def _claims(spec: VipSpec) -> Iterator[tuple[Hashable, str]]:
    """What only one virtual IP can have, with what to say where two want it."""
    yield ("name", spec.name), f"name: is {spec.name!r}"
    for address in spec.addresses:
        yield (spec.network, address), f"address: is {address} in {spec.network}"
    for family in spec.families if spec.vrrp.vrid else ():
        # RFC 9568 1.7: a VRID is one of a LAN, and for each family
        words = f"vrrp.vrid: is {spec.vrrp.vrid} in {spec.network}"
        yield (spec.network, family, spec.vrrp.vrid), words
    if spec.floating_ip and spec.floating_ip.address:
        words = f"floating_ip.address: is {spec.floating_ip.address}"
        yield ("floating_ip", spec.floating_ip.address), words
