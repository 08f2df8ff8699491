"""The screen of one clinic."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import DataTable, Footer, Static

from ops.console.overview import ConsoleOverview, View
from ops.console.rows import SYNCS, WIDE, sync_rows
from ops.console.state import ConsoleState
from ops.console.widgets import NARROW, LiveTable

#: How often the screen is updated. Seconds.
REFRESH = 1.0


class ClinicScreen(Screen[None]):
    """Shows one clinic: what needs a person, and its latest syncs, each of which can be opened."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Back")]

    def __init__(self, known: ConsoleState, slug: str, open_sync: Callable[[View], None]) -> None:
        super().__init__()
        self._known = known
        self._slug = slug
        self._open_sync = open_sync

    def compose(self) -> ComposeResult:
        yield Static(id="about", classes="long")
        yield LiveTable(SYNCS, id="latest", wide=WIDE)
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#latest", LiveTable).entitle("latest syncs")
        self.query_one(LiveTable).set_narrow(self.app.size.width < NARROW)
        self.set_interval(REFRESH, self._show)
        self._show()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        overview, key = self._known.overview, event.row_key.value
        if overview and key and (sync := overview.sync(key)):
            self._open_sync(sync)

    def _show(self) -> None:
        if (overview := self._known.overview) is None:
            return
        now = self._known.now()
        self.query_one("#about", Static).update(about_clinic(overview, self._slug))
        rows = sync_rows(overview, self._known.board.syncs, now)
        ours = {sync["sync_id"] for sync in overview.reply["syncs"] if sync["clinic"] == self._slug}
        self.query_one(LiveTable).show([row for row in rows if row[0] in ours])


def about_clinic(overview: ConsoleOverview, slug: str) -> Text:
    """A clinic's name, what needs a person, and the commands for it."""
    clinic = overview.clinic(slug)
    if clinic is None:
        return Text(f"{slug}: the clinic has been removed", "red")
    text = Text(clinic["name"], "bold").append(f"  {slug}", "dim")
    text.append(f"  {clinic['appointments']} appointments\n")
    for item in (one for one in overview.attention if one["clinic"] == slug):
        text.append(f"{item['message'].partition(': ')[2]}\n", "bold yellow").append(f"  {item['remedy']}\n")
        if item["command"]:
            text.append(f"  {item['command']}\n", "cyan")
    if overview.latest_of(slug) is None:
        text.append("no sync in the latest ones: go back and press r to request one", "dim")
    return text
