"""The console's screen and keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

from rich.text import Text
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, Static

from ops.client.events import Event
from ops.console.clinic_rows import CLINICS, WIDE_OF_CLINICS, Order, clinic_rows
from ops.console.clinic_screen import ClinicScreen
from ops.console.keys import ACTIONS, KEYS, ON_MAIN_SCREEN, HelpScreen
from ops.console.overview import View, named
from ops.console.rows import BROWSERS, MAILBOXES, SYNCS, WIDE, browser_rows, mailbox_rows, portal_lines, sync_rows
from ops.console.screens import LettersScreen, Question, SyncScreen
from ops.console.source import Source
from ops.console.state import AWAY, ConsoleState
from ops.console.widgets import NARROW, FilterLine, LiveTable, Tail
from ops.terminal.progress import Board

#: How often the overview is requested, and how often the times on the screen are updated. Seconds.
REFRESH, TICK = 2.0, 0.5
#: How many of the newest syncs that have ended are in the list of events when the console opens.
EARLIER = 10


class Console(App[None]):
    """The console application. `where` names the NATS server in the first line."""

    CSS_PATH = Path(__file__).with_name("console.tcss")
    TITLE = "idexx-sync"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = KEYS

    def __init__(self, source: Source, where: str, *, read_only: bool = False) -> None:
        super().__init__()
        self._source = source
        self._where = where
        self._read_only = read_only
        self._known = ConsoleState(source)
        self._order = Order.PROBLEMS

    def compose(self) -> ComposeResult:
        yield Static(id="head")
        with Horizontal(id="upper"):
            with Vertical(id="left"):
                yield LiveTable(CLINICS, id="clinics", wide=WIDE_OF_CLINICS)
                yield LiveTable(SYNCS, id="syncs", wide=WIDE)
            with Vertical(id="right"):
                yield Static(id="portal")
                yield LiveTable(MAILBOXES, id="mailboxes", chosen=False)
                yield LiveTable(BROWSERS, id="browsers", chosen=False)
        yield Tail(id="tail")
        yield FilterLine(id="filter")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#portal").border_title = "portal"
        self.query_one("#syncs").focus()
        self.run_worker(self._keep_looking())
        self.run_worker(self._keep_following())
        self.run_worker(self._keep_hearing())
        self.set_interval(TICK, self._draw)

    def on_resize(self) -> None:
        is_narrow = self.size.width < NARROW
        self.screen_stack[0].set_class(is_narrow, "narrow")
        for table in self.screen_stack[0].query("#clinics, #syncs").results(LiveTable):
            table.set_narrow(is_narrow)

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
            self.screen_stack[0].query_one(Tail).forget()
            await self._known.trying(self._follow())
            await asyncio.sleep(REFRESH)

    async def _follow(self) -> None:
        overview = await self._source.overview()
        ended = [sync for sync in overview.reply["syncs"] if sync["completed_at"]]
        for event in await self._source.earlier_events(ended[:EARLIER]):
            self._add(event)
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
            self.screen_stack[0].query_one(Tail).add(event)

    # Display

    def _draw(self) -> None:
        if not self.is_running:  # the screen is closing
            return
        known, main = self._known, self.screen_stack[0]
        head = Text("idexx-sync", "bold").append(f"  {self._where}")
        if self._read_only:
            head.append("  read only", "yellow")
        main.query_one("#head", Static).update(head.append("  ").append_text(known.headline()))
        main.query_one("#head").set_class(known.is_old, "old")
        if (overview := known.overview) is None:
            return
        now = known.now()
        clinics = main.query_one("#clinics", LiveTable)
        clinics.entitle(f"clinics, {self._order}")
        clinics.show(clinic_rows(overview, now, self._order))
        main.query_one("#syncs", LiveTable).show(sync_rows(overview, known.board.syncs, now))
        main.query_one("#mailboxes", LiveTable).show(mailbox_rows(overview))
        main.query_one("#browsers", LiveTable).show(browser_rows(overview))
        main.query_one("#portal", Static).update(portal_lines(overview))

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disables the keys for changes in a read-only console, and the keys of the main screen while another is
        open."""
        if action in ACTIONS and (self._read_only or len(self.screen_stack) > 1):
            return False
        return action not in ON_MAIN_SCREEN or len(self.screen_stack) == 1

    def action_help(self) -> None:
        self.push_screen(HelpScreen())

    def action_open(self) -> None:
        if self.query_one("#clinics").has_focus:
            if slug := self.query_one("#clinics", LiveTable).selected:
                self.push_screen(ClinicScreen(self._known, slug, self._open_sync))
        elif sync := self._selected():
            self._open_sync(sync)

    def _open_sync(self, sync: View) -> None:
        self.push_screen(SyncScreen(self._known, sync))

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        if event.data_table.id in ("clinics", "syncs"):
            self.action_open()

    def action_letters(self) -> None:
        self.push_screen(LettersScreen(self._known))

    def action_filter(self) -> None:
        panel = self.focused if isinstance(self.focused, LiveTable | Tail) else self.query_one("#syncs", LiveTable)
        self.query_one(FilterLine).open(panel)

    def action_sort(self) -> None:
        self._order = self._order.next
        self._draw()

    def action_machines(self) -> None:
        """Shows the other panels of a narrow screen, or the first ones again."""
        self.screen.toggle_class("machines")
        self.query_one("#syncs").focus()

    def action_leave(self) -> None:
        if isinstance(self.focused, LiveTable | Tail) and self.focused.words:
            self.focused.filter("")
        else:
            self.query_one("#syncs").focus()

    def action_cancel(self) -> None:
        if (sync := self._selected()) is None:
            return
        if sync["completed_at"]:
            self.notify("the sync has already ended")
        else:
            self._ask(f"Cancel the sync of {named(sync)}?", lambda: self._source.command("cancel", sync))

    def action_retry(self) -> None:
        """Syncs the selected sync's dates again; a clinic without a sync for the first time."""
        overview, clinics = self._known.overview, self.query_one("#clinics", LiveTable)
        slug = clinics.selected if clinics.has_focus else None
        if overview and slug and overview.latest_of(slug) is None:
            self._ask(f"Sync {slug}, today and the days after it?", lambda: self._source.first_sync(slug))
        elif sync := self._selected():
            self._ask(f"Sync {named(sync)} again?", lambda: self._source.retry(sync))

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
        text = f"{question.format(sync['removals_held'], named(sync))}\nidexx-sync runs plan {sync['sync_id']}"
        self._ask(text, lambda: self._source.command(verb, sync))

    def _selected(self) -> View | None:
        """Returns the sync under the cursor; for a clinic, its latest sync."""
        if (overview := self._known.overview) is None:
            return None
        clinics, syncs = self.query_one("#clinics", LiveTable), self.query_one("#syncs", LiveTable)
        is_clinic = clinics.has_focus
        found = overview.latest_of(clinics.selected or "") if is_clinic else overview.sync(syncs.selected or "")
        if found is None:
            self.notify(
                "this clinic has no sync yet: press r to request one" if is_clinic else "no sync is selected"
            )
        return found

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
