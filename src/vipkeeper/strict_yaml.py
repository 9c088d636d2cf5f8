"""YAML files that people write: read strictly, with the place of what is wrong."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

from vipkeeper.errors import ConfigError


class StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Refuses a key that is there twice; YAML itself would let the last one win.

    With libyaml below where PyYAML has been built with it: some eight times as fast.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Says where it is that a scalar cannot be what it looks like, as ``2026-13-45``."""
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            problem = f"this is no value: {error}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key is a word, not a list or a mapping", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key!r} is there twice", key_node.start_mark
                )
            seen.add(key)
        made: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return made


def load(text: str, file: str) -> Any:
    """The one document of a text.

    Raises:
        ConfigError: it is not YAML, or says something twice.
    """
    try:
        return yaml.load(text, Loader=StrictLoader)  # noqa: S506 -- a SafeLoader, stricter
    except yaml.MarkedYAMLError as error:
        raise _refused(error, file) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise ConfigError(f"{file}: lists and mappings are nested too deeply") from error


def _refused(error: yaml.MarkedYAMLError, file: str) -> ConfigError:
    mark = error.problem_mark
    where = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
    if error.context == "expected a single document in the stream":
        return ConfigError(f"{where}: a second document begins here: one in a file is wanted")
    return ConfigError(f"{where}: {error.problem or error}")
