"""Formats help pages so that a positional argument appears only by its name: `CLINIC`, not `CLINIC --clinic`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cyclopts.help import DefaultFormatter

if TYPE_CHECKING:
    from cyclopts.help import HelpPanel
    from rich.console import Console, ConsoleOptions


class ByPlace(DefaultFormatter):
    """The formatter of cyclopts, without the option names of positional arguments."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        bare: dict[str, Any] = dict.fromkeys(
            ("positive_names", "positive_shorts", "negative_names", "negative_shorts"), ()
        )
        entries = [entry.copy(**bare) if entry.positional_label else entry for entry in panel.entries]
        super().__call__(console, options, panel.copy(entries=entries))
