"""Formats tables and times for the terminal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

#: The style of each status.
STYLES = {
    "completed": "green",
    "in_progress": "yellow",
    "queued": "dim",
    "failed": "red",
    "timed_out": "red",
    "cancelled": "magenta",
}


def state_words(state: str) -> str:
    """Returns the state of a sync or a date in the words of every display; JSON and SQL have its identifier."""
    return "done" if state == "reconciled" else state.replace("_", " ")


def table(
    *columns: str, right: tuple[str, ...] = (), wrap: tuple[str, ...] = (), title: str | None = None
) -> Table:
    """Returns a table with these columns: those in `right` are right-aligned, those in `wrap` wrap when it is
    narrow."""
    from rich import box

    from ops.terminal.narrow import WholeTable

    made = WholeTable(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        # A word that is too long continues on the next line: an ellipsis would hide a part of it.
        made.add_column(
            column, justify="right" if column in right else "left", no_wrap=column not in wrap, overflow="fold"
        )
    return made


def ago(then: datetime | None, now: datetime) -> str:
    """Returns how long ago, in words, with at most the two largest units."""
    if then is None:
        return "never"
    seconds = max(0, int((now - then).total_seconds()))
    if seconds < 60:
        return f"{seconds} s ago"
    for size, unit, smaller, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "")):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {unit} {f'{rest} {small} ' if rest and small else ''}ago"
    return ""


def lasted(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f"{milliseconds / 1000:.1f} s"
