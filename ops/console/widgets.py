"""Widgets: a table that updates in place, and a list of the latest events with a filter."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import DataTable, Input, RichLog

from ops.client.events import Event
from ops.console.rows import Row
from ops.terminal.follow import line

#: How many events are kept for the filter.
KEPT = 1000

#: The style of each event.
LOOKS = {
    "date_completed": "green",
    "completed": "bold green",
    "date_failed": "red",
    "failed": "bold red",
    "timed_out": "bold red",
    "rejected": "red",
    "date_retrying": "magenta",
    "cancelled": "magenta",
    "held": "bold yellow",
}


class LiveTable(DataTable[Text]):
    """A table whose `show` updates only the cells that differ and keeps the cursor on its row."""

    def __init__(self, columns: Sequence[str], *, id: str, chosen: bool = True) -> None:
        """`chosen`: whether rows can be selected."""
        super().__init__(id=id, cursor_type="row" if chosen else "none", cursor_foreground_priority="renderable")
        self.can_focus = chosen
        self._columns = columns
        self._shown: list[Row] = []

    def on_mount(self) -> None:
        for number, name in enumerate(self._columns):
            self.add_column(name, key=str(number))

    @property
    def selected(self) -> str | None:
        """Returns the key of the row under the cursor."""
        return self._shown[self.cursor_row][0] if 0 <= self.cursor_row < len(self._shown) else None

    def show(self, rows: Sequence[Row]) -> None:
        if [key for key, _ in rows] != [key for key, _ in self._shown]:
            self._refill(rows)
            return
        for (key, cells), (_, shown) in zip(rows, self._shown, strict=True):
            for number, cell in enumerate(cells):
                if cell != shown[number]:
                    self.update_cell(key, str(number), cell, update_width=True)
        self._shown = list(rows)

    def _refill(self, rows: Sequence[Row]) -> None:
        selected = self.selected
        self.clear()
        for key, cells in rows:
            self.add_row(*cells, key=key)
        self._shown = list(rows)
        keys = [key for key, _ in rows]
        if selected in keys:
            self.move_cursor(row=keys.index(selected))


class Tail(Vertical):
    """Shows the newest events whose line contains every word of the filter."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._events: deque[Event] = deque(maxlen=KEPT)

    def compose(self) -> ComposeResult:
        yield Input(
            placeholder="/ filter: words that each line must contain, such as a clinic or date_failed",
            compact=True,
        )
        log = RichLog(max_lines=KEPT, wrap=False)
        log.can_focus = False
        yield log

    def add(self, event: Event) -> None:
        self._events.append(event)
        self._write(event)

    def forget(self) -> None:
        self._events.clear()
        self.query_one(RichLog).clear()

    def on_input_changed(self) -> None:
        self.query_one(RichLog).clear()
        for event in self._events:
            self._write(event)

    def on_input_submitted(self) -> None:
        self.screen.focus_next()

    def _write(self, event: Event) -> None:
        text = line(event)
        words = self.query_one(Input).value.lower().split()
        if all(word in text.lower() for word in words):
            self.query_one(RichLog).write(Text(text, LOOKS.get(event["event"], "")))
