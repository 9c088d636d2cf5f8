"""The demo on a terminal: each step when it is done, a line that moves, one screen of summary."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vipkeeper.cli.lines import Line, show
from vipkeeper.demo.step import Report, Result


class Screen:
    """A :class:`vipkeeper.demo.scene.Watcher` that draws. `quiet` shows nothing at all."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(highlight=False, quiet=quiet)
        self._status = self.console.status("")
        self._title = ""

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._status.stop()

    def chapter(self, title: str) -> None:
        self.console.print(Text(title, "bold underline"))
        self.console.print()

    def begins(self, title: str) -> None:
        self._title = title
        self._status.update(Text(title, "bold"))

    def doing(self, what: str) -> None:
        self._status.update(Text.assemble((self._title, "bold"), (f"  {what}", "dim")))

    def ended(self, result: Result) -> None:
        self._print(Text.assemble(_name(result), (f"  {result.seconds:.1f} s", "dim")))
        for check in result.checks:
            self._print(Text(check.expected, "" if check.ok else "red"), 4, _mark(check.ok))
            self._print(Text.assemble((check.prompt, "dim"), (check.command, "cyan")), 4)
            if check.observed:
                self._print(Text(check.observed, "" if check.ok else "yellow"), 4)
        if result.trouble:
            self._print(Text(result.trouble, "red"), 4, _mark(False))
        self.console.print()

    def summary(self, report: Report) -> None:
        self.console.print(Text("Summary", "bold underline"))
        rows = Table.grid(padding=(0, 1))
        rows.add_column(overflow="fold")
        rows.add_column(justify="right", style="dim")
        for result in report.results:
            rows.add_row(_name(result), f"{result.seconds:.1f} s")
        for name, outage_ms in report.outages_ms.items():
            rows.add_row(f"  nobody answered, {name}", Text(f"{outage_ms:,.0f} ms", "bold cyan"))
        self.console.print(rows)
        good = sum(result.ok for result in report.results)
        self._print(
            Text.assemble(
                _mark(report.ok),
                (f" {good} of {report.planned} as expected", _style(report.ok)),
                (f" in {report.seconds:.0f} s", "dim"),
            )
        )

    def _print(self, text: Text, indent: int = 0, mark: Text | None = None) -> None:
        show(self.console, [Line(text, indent, mark)])


def _style(ok: bool) -> str:
    return "bold green" if ok else "bold red"


def _mark(ok: bool) -> Text:
    return Text("✔" if ok else "✘", _style(ok))


def _name(result: Result) -> Text:
    """Mark, number as in the guide, title. A variant has no number there."""
    number = result.id.removeprefix("step-") + " " if result.id.startswith("step-") else ""
    return Text.assemble(_mark(result.ok), " ", (number + result.title, "bold"))
