"""A group whose commands are imported only when they are asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """Each command lives in a module of its own; the others cost nothing.

    Args:
        summaries: what each command does, in a few words.
        place: where a command is, as ``module:attribute``.
    """

    def __init__(
        self,
        *arguments: Any,
        summaries: Mapping[str, str],
        place: Callable[[str], str],
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._summaries = summaries
        self._place = place

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._summaries:
            return None
        module, _, attribute = self._place(cmd_name).partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(self._summaries.items()))
