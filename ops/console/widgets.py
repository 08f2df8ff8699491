"""Widgets: a table that updates in place, a list of the latest events, and the line that filters either."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.widgets import DataTable, Input, RichLog

from ops.client.events import Event
from ops.console.rows import Row
from ops.terminal.follow import line

#: A terminal with fewer columns shows clinics and syncs, or, with the key m, the other panels.
NARROW = 110

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


class Filtered:
    """Of a panel that shows only the lines that contain every word of its filter."""

    words: tuple[str, ...] = ()

    def filter(self, text: str) -> None:
        """Shows only what contains each of these words, in any order and case; an empty text shows everything."""
        self.words = tuple(text.lower().split())
        self.refill()

    def has(self, text: str) -> bool:
        return all(word in text.lower() for word in self.words)

    def refill(self) -> None:
        """Shows the lines again, with the current filter."""
        raise NotImplementedError


class LiveTable(DataTable[Text], Filtered):
    """A table whose `show` updates only the cells that differ and keeps the cursor on its row."""

    def __init__(
        self, columns: Sequence[str], *, id: str, chosen: bool = True, wide: frozenset[str] = frozenset()
    ) -> None:
        """`chosen`: whether rows can be selected. `wide`: the columns that a narrow terminal leaves out."""
        super().__init__(id=id, cursor_type="row" if chosen else "none", cursor_foreground_priority="renderable")
        self.can_focus = chosen
        self._panel_title = id
        self._columns = columns
        self._wide = wide
        self._numbers = list(range(len(columns)))
        self._all_rows: list[Row] = []
        self._shown: list[Row] = []

    def on_mount(self) -> None:
        self._add_columns(is_narrow=False)
        self._entitle()

    @property
    def selected(self) -> str | None:
        """Returns the key of the row under the cursor."""
        return self._shown[self.cursor_row][0] if 0 <= self.cursor_row < len(self._shown) else None

    def entitle(self, title: str) -> None:
        """Gives the panel this title, to which the filter is added."""
        self._panel_title = title
        self._entitle()

    def set_narrow(self, is_narrow: bool) -> None:
        if self._wide and is_narrow != (len(self._numbers) < len(self._columns)):
            selected = self.selected
            self.clear(columns=True)
            self._add_columns(is_narrow=is_narrow)
            self._shown = []
            self._fill(self._all_rows, selected)

    def show(self, rows: Sequence[Row]) -> None:
        self._all_rows = list(rows)
        shown = [(key, cells) for key, cells in rows if self.has("  ".join(map(str, cells)))]
        if [key for key, _ in shown] != [key for key, _ in self._shown]:
            self._fill(shown, self.selected)
        else:
            self._update(shown)
        self._entitle()

    def refill(self) -> None:
        self.show(self._all_rows)

    def _update(self, rows: list[Row]) -> None:
        for (key, cells), (_, shown) in zip(rows, self._shown, strict=True):
            for number in self._numbers:
                if cells[number] != shown[number]:
                    self.update_cell(key, str(number), cells[number], update_width=True)
        self._shown = rows

    def _fill(self, rows: list[Row], selected: str | None) -> None:
        self.clear()
        for key, cells in rows:
            self.add_row(*(cells[number] for number in self._numbers), key=key)
        self._shown = rows
        keys = [key for key, _ in rows]
        if selected in keys:
            self.move_cursor(row=keys.index(selected))

    def _add_columns(self, *, is_narrow: bool) -> None:
        self._numbers = [
            number for number, name in enumerate(self._columns) if not (is_narrow and name in self._wide)
        ]
        for number in self._numbers:
            self.add_column(self._columns[number], key=str(number))

    def _entitle(self) -> None:
        found = f"  /{' '.join(self.words)}  {len(self._shown)} of {len(self._all_rows)}" if self.words else ""
        self.border_title = self._panel_title + found


class Tail(RichLog, Filtered):
    """Shows the newest events."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, max_lines=KEPT, wrap=False)
        self._events: deque[Event] = deque(maxlen=KEPT)

    def on_mount(self) -> None:
        self.border_title = "events"

    def add(self, event: Event) -> None:
        self._events.append(event)
        self._write(event)

    def forget(self) -> None:
        self._events.clear()
        self.clear()

    def refill(self) -> None:
        self.border_title = "events" + (f"  /{' '.join(self.words)}" if self.words else "")
        self.clear()
        for event in self._events:
            self._write(event)

    def _write(self, event: Event) -> None:
        if self.has(text := line(event)):
            self.write(Text(text, LOOKS.get(event["event"], "")))


class FilterLine(Input):
    """The line in which the filter of a panel is typed. Enter and Tab keep the filter, Escape removes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("enter", "keep", "Keep"),
        ("tab", "keep", "Keep"),
        ("escape", "show_all", "Show all"),
    ]

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, compact=True)
        self._panel: LiveTable | Tail | None = None
        self.display = False

    def open(self, panel: LiveTable | Tail) -> None:
        self._panel = panel
        self.placeholder = f"filter {panel.id}: words that each line must contain"
        self.value = " ".join(panel.words)
        self.display = True
        # Immediately, so that the next characters are typed into it and are not handled as keys.
        self.screen.set_focus(self)

    def on_input_changed(self, event: Input.Changed) -> None:
        if self._panel is not None:
            self._panel.filter(event.value)

    def action_show_all(self) -> None:
        self.value = ""
        if self._panel is not None:
            self._panel.filter("")
        self.action_keep()

    def action_keep(self) -> None:
        panel, self._panel, self.display = self._panel, None, False
        if panel is not None:
            panel.focus()

    def on_blur(self) -> None:
        self._panel, self.display = None, False
