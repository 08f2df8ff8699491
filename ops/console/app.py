"""The console's screen and keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any, ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, Input, Static

from ops.client.events import Event
from ops.console.overview import View
from ops.console.rows import (
    BROWSERS,
    CLINICS,
    MAILBOXES,
    SYNCS,
    browser_rows,
    clinic_rows,
    mailbox_rows,
    portal_lines,
    sync_rows,
)
from ops.console.screens import LettersScreen, Question, SyncScreen
from ops.console.source import Source
from ops.console.state import AWAY, ConsoleState
from ops.console.widgets import LiveTable, Tail
from ops.terminal.progress import Board

#: How often the overview is requested, and how often the times on the screen are updated. Seconds.
REFRESH, TICK = 2.0, 0.5

#: A terminal with fewer columns shows clinics and syncs only.
NARROW = 110

#: The keys that change something: a read-only console does not have them.
ACTIONS = frozenset({"cancel", "retry", "approve", "reject"})


class Console(App[None]):
    """The console application. `where` names the NATS server in the first line."""

    CSS_PATH = Path(__file__).with_name("console.tcss")
    TITLE = "idexx-sync"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        ("o", "open", "Open"),
        ("c", "cancel", "Cancel"),
        ("r", "retry", "Sync again"),
        ("a", "approve", "Approve"),
        ("x", "reject", "Reject"),
        ("d", "letters", "Dead letters"),
        ("slash", "filter", "Filter"),
        Binding("escape", "leave", show=False),
        ("q", "quit", "Quit"),
        # Ctrl-C must also work while the filter has the focus.
        Binding("ctrl+c", "quit", show=False, priority=True),
    ]

    def __init__(self, source: Source, where: str, *, read_only: bool = False) -> None:
        super().__init__()
        self._source = source
        self._where = where
        self._read_only = read_only
        self._known = ConsoleState(source)

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with Horizontal(id="upper"):
            with Vertical(id="left"):
                yield LiveTable(CLINICS, id="clinics")
                yield LiveTable(SYNCS, id="syncs")
            with Vertical(id="right"):
                yield Static(id="portal")
                yield LiveTable(MAILBOXES, id="mailboxes", chosen=False)
                yield LiveTable(BROWSERS, id="browsers", chosen=False)
        yield Tail(id="tail")
        yield Footer()

    def on_mount(self) -> None:
        for name in ("clinics", "syncs", "mailboxes", "browsers", "portal"):
            self.query_one(f"#{name}").border_title = name
        self.query_one("#tail").border_title = "events"
        self.query_one("#syncs").focus()
        self.run_worker(self._keep_looking())
        self.run_worker(self._keep_following())
        self.run_worker(self._keep_hearing())
        self.set_interval(TICK, self._draw)

    def on_resize(self) -> None:
        self.screen.set_class(self.size.width < NARROW, "narrow")

    # Data

    async def _keep_looking(self) -> None:
        while True:
            await self._known.look()
            self._draw()
            await asyncio.sleep(REFRESH)

    async def _keep_following(self) -> None:
        """Follows the events of syncs; starts again when the connection to them ends."""
        while True:
            self._known.board = Board()
            self.query_one(Tail).forget()
            await self._known.trying(self._follow())
            await asyncio.sleep(REFRESH)

    async def _follow(self) -> None:
        async with aclosing(self._source.events()) as events:
            async for event in events:
                self._known.hear(event)
                self._add(event)

    async def _keep_hearing(self) -> None:
        async with aclosing(self._source.rejections()) as rejections:
            async for event in rejections:
                self._add(event)

    def _add(self, event: Event) -> None:
        if self.is_running:
            self.query_one(Tail).add(event)

    # Display

    def _draw(self) -> None:
        if not self.is_running:  # the screen is closing
            return
        known = self._known
        head = Text("idexx-sync", "bold").append(f"  {self._where}")
        if self._read_only:
            head.append("  read only", "yellow")
        self.query_one("#head", Static).update(head.append("  ").append_text(known.headline()))
        self.query_one("#head").set_class(known.is_old, "old")
        if (overview := known.overview) is None:
            return
        now = known.now()
        self.query_one("#clinics", LiveTable).show(clinic_rows(overview, now))
        self.query_one("#syncs", LiveTable).show(sync_rows(overview, known.board.syncs, now))
        self.query_one("#mailboxes", LiveTable).show(mailbox_rows(overview))
        self.query_one("#browsers", LiveTable).show(browser_rows(overview))
        self.query_one("#portal", Static).update(portal_lines(overview))

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disables the keys for changes in a read-only console, and the keys of the main screen while another is
        open."""
        if action in ACTIONS and (self._read_only or len(self.screen_stack) > 1):
            return False
        return not (action in ("open", "letters", "filter") and len(self.screen_stack) > 1)

    def action_open(self) -> None:
        if sync := self._selected():
            self.push_screen(SyncScreen(self._known, sync))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        if event.data_table.id in ("clinics", "syncs"):
            self.action_open()

    def action_letters(self) -> None:
        self.push_screen(LettersScreen(self._known))

    def action_filter(self) -> None:
        # Immediately, so that the next characters go to the filter and are not handled as keys.
        self.screen.set_focus(self.query_one("#tail Input", Input))

    def action_leave(self) -> None:
        self.query_one("#syncs").focus()

    def action_cancel(self) -> None:
        if (sync := self._selected()) and self._is_open(sync, "the sync has already ended"):
            self._ask(f"Cancel the sync of {_named(sync)}?", lambda: self._source.command("cancel", sync))

    def action_retry(self) -> None:
        if sync := self._selected():
            self._ask(f"Sync {_named(sync)} again?", lambda: self._source.retry(sync))

    def action_approve(self) -> None:
        self._decide("approve", "Remove the {} appointments that the sync of {} did not find?")

    def action_reject(self) -> None:
        self._decide("reject", "Keep the {} appointments that the sync of {} did not find?")

    def _decide(self, verb: str, question: str) -> None:
        sync = self._selected()
        if sync is None:
            return
        if sync["dry_run"] or not sync["removals_held"]:
            self.notify("this sync has no held removals")
            return
        text = f"{question.format(sync['removals_held'], _named(sync))}\nidexx-sync runs plan {sync['sync_id']}"
        self._ask(text, lambda: self._source.command(verb, sync))

    def _selected(self) -> View | None:
        """Returns the sync under the cursor; for a clinic, its latest sync."""
        if (overview := self._known.overview) is None:
            return None
        clinics, syncs = self.query_one("#clinics", LiveTable), self.query_one("#syncs", LiveTable)
        is_clinic = clinics.has_focus
        found = overview.latest_of(clinics.selected or "") if is_clinic else overview.sync(syncs.selected or "")
        if found is None:
            self.notify("the clinic has no sync yet")
        return found

    def _is_open(self, sync: View, otherwise: str) -> bool:
        if sync["completed_at"]:
            self.notify(otherwise)
        return not sync["completed_at"]

    def _ask(self, question: str, deed: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._do(deed()))

        self.push_screen(Question(question), answered)

    async def _do(self, deed: Coroutine[Any, Any, dict[str, Any]]) -> None:
        try:
            reply = await deed
        except AWAY as error:
            self.notify(str(error), severity="error")
        else:
            self.notify(f"{str(reply['status']).replace('_', ' ')}: {str(reply['sync_id'])[:8]}")


def _named(sync: View) -> str:
    return f"{sync['clinic']}, {sync['start_date']} to {sync['end_date']}"
