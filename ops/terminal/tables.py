"""Tables and times for people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

#: How a status looks.
STYLES = {
    "completed": "green",
    "in_progress": "yellow",
    "queued": "dim",
    "failed": "red",
    "timed_out": "red",
    "cancelled": "magenta",
}


def table(
    *columns: str, right: tuple[str, ...] = (), wrap: tuple[str, ...] = (), title: str | None = None
) -> Table:
    """A table with these columns: those in `right` hold numbers, those in `wrap` give way when it is narrow."""
    from rich import box

    from ops.terminal.narrow import WholeTable

    made = WholeTable(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", no_wrap=column not in wrap)
    return made


def ago(then: datetime | None, now: datetime) -> str:
    """How long ago, in words: the two largest units at most."""
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
