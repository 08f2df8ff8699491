"""Screens that open above the console: one sync, the dead letters, a confirmation."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.css.query import NoMatches
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Label, RichLog, Static

from broker.dead_letters import DeadLetter
from ops.console.overview import View
from ops.console.rows import Row
from ops.console.state import ConsoleState
from ops.console.widgets import LOOKS, LiveTable
from ops.terminal.follow import line
from ops.terminal.reasons import why
from ops.terminal.tables import ago

#: How often the data of an open screen is requested again. Seconds.
REFRESH = 1.0

DATES = ("date", "state", "tries", "why", "next try", "worker", "heartbeat")
LETTERS = ("letter", "message", "died", "runs", "error")


class SyncScreen(Screen[None]):
    """Shows one sync with its dates and a live list of its events."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Back")]

    def __init__(self, known: ConsoleState, sync: View) -> None:
        super().__init__()
        self._known = known
        self._sync = sync
        self._last_seq = 0

    def compose(self) -> ComposeResult:
        yield Static(id="about")
        yield LiveTable(DATES, id="dates")
        yield RichLog(id="story", wrap=True)
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#story").border_title = "events"
        self.run_worker(self._show_dates())
        self.run_worker(self._show_events())

    async def _show_dates(self) -> None:
        known, sync = self._known, self._sync
        while True:
            found = await known.trying(known.source.sync(sync["clinic"], sync["sync_id"]))
            if found is not None:
                with suppress(NoMatches):  # the reply may arrive while the screen is closing
                    self._show(found)
            await asyncio.sleep(REFRESH)

    async def _show_events(self) -> None:
        while not await self._known.trying(self._follow()):
            await asyncio.sleep(REFRESH)

    async def _follow(self) -> bool:
        """Shows new events; returns True after the last one. Does not request events that are already shown."""
        clinic, sync_id = self._sync["clinic"], self._sync["sync_id"]
        async for event in self._known.source.events_of(clinic, sync_id, self._last_seq):
            with suppress(NoMatches):
                self.query_one("#story", RichLog).write(Text(line(event), LOOKS.get(event["event"], "")))
            self._last_seq = event["seq"]
        return True

    def _show(self, sync: View) -> None:
        self.query_one("#about", Static).update(about(sync, self._known.now()))
        dates = sorted(sync["dates"], key=lambda day: str(day["date"]))
        self.query_one(LiveTable).show([date_row(day, self._known.now()) for day in dates])


class LettersScreen(Screen[None]):
    """Shows messages that could not be processed. `idexx-sync dlq` replays and drops them."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Back")]

    def __init__(self, known: ConsoleState) -> None:
        super().__init__()
        self._known = known

    def compose(self) -> ComposeResult:
        yield Static("", id="about")
        yield LiveTable(LETTERS, id="letters")
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#letters", LiveTable).entitle("dead letters")
        self.run_worker(self._show_letters())

    async def _show_letters(self) -> None:
        while True:
            letters = await self._known.trying(self._known.source.letters())
            if letters is not None:
                with suppress(NoMatches):
                    self._show(letters)
            await asyncio.sleep(REFRESH)

    def _show(self, letters: list[DeadLetter]) -> None:
        text = "idexx-sync dlq replay LETTER retries a message" if letters else "there are no dead letters"
        self.query_one("#about", Static).update(text)
        self.query_one(LiveTable).show([letter_row(letter, self._known.now()) for letter in letters])


class Question(ModalScreen[bool]):
    """Asks for confirmation; returns True for y, False for any other key."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(id="question"):
            yield Label(self._text)
            yield Label("[b]y[/] yes     [b]n[/] no", classes="keys")

    def on_key(self, event: object) -> None:
        self.dismiss(getattr(event, "key", "") == "y")


def about(sync: View, now: datetime) -> Text:
    text = Text(sync["clinic"], "bold").append(f"  {sync['status'].replace('_', ' ')}", "cyan")
    text.append(f"  {sync['start_date']} to {sync['end_date']}", "")
    text.append(f"  {sync['dates_done']} of {sync['dates_total']} dates", "")
    text.append(f"  {sync['sync_id']}\n", "dim")
    text.append(f"last heartbeat {ago(_time(sync['heartbeat_at']), now)}", "dim")
    if sync["removals_held"] and not sync["dry_run"]:
        text.append(f"  {sync['removals_held']} removals held: idexx-sync runs plan {sync['sync_id']}", "yellow")
    if sync["error_message"]:
        text.append(f"  {sync['error_message']}", "red")
    for warning in sync["warnings"]:
        text.append(f"\nwarning: {warning['message']}", "yellow")
    return text


def date_row(day: View, now: datetime) -> Row:
    again, sign = _time(day["next_try_at"]), _time(day["heartbeat_at"])
    left = (again - now).total_seconds() if again else 0
    is_held = day["status"] in ("scraping", "scraped")
    return day["date"], (
        Text(day["date"], "bold"),
        Text(day["status"], _DATE_STYLES.get(day["status"], "")),
        Text(str(day["attempts"]), justify="right"),
        Text(why(day["reason"]) if day["reason"] else "", "magenta"),
        Text(f"in {left:.0f} s" if left > 0 else ""),
        Text(day["worker"] or "", "dim"),
        Text(ago(sign, now) if is_held and sign else "", "dim"),
    )


_DATE_STYLES = {"reconciled": "green", "failed": "red", "scraping": "yellow", "scraped": "cyan", "pending": "dim"}


def letter_row(letter: DeadLetter, now: datetime) -> Row:
    return letter.name, (
        Text(letter.name, "bold"),
        Text(letter.call),
        Text(ago(letter.died_at, now), "dim"),
        Text(str(letter.attempts), justify="right"),
        Text(letter.error, "red"),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
