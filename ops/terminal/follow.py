"""Shows live progress of syncs on the terminal, or prints a line per event if there is no terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.live import Live

from engine.events import LAST
from ops.client.events import Event
from ops.terminal.output import answer, console
from ops.terminal.progress import Board, SyncProgress, next_step, summary, troubles, warnings
from ops.terminal.progress_bars import picture
from ops.terminal.reasons import why

#: Redraws per second, so that elapsed and waiting times advance between events.
REFRESH = 8


class Show:
    """Shows the events that it receives; an async context manager. `as_json` prints each event as a line of
    JSON."""

    def __init__(self, *, as_json: bool = False, out: Console | None = None, brief: bool = False) -> None:
        """With `brief`, the picture is removed at the end, and without a terminal there is no line for an event."""
        self.board = Board()
        self._brief = brief
        self._json = as_json
        self._out = out or console()
        self._live: Live | None = None
        self._ticking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Show:
        if self._out.is_terminal and not self._out.is_dumb_terminal and not self._json:
            self._live = Live(console=self._out, auto_refresh=False, transient=self._brief)
            self._live.start()
            self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._ticking:
            self._ticking.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticking
        if self._live:
            self._draw()
            self._live.stop()

    def event(self, event: Event) -> SyncProgress:
        known = self.board.syncs.get(event["sync_id"])
        looks_again = known is not None and known.looks_again(event)
        sync = self.board.apply(event)
        if self._json:
            answer(event)
        elif self._live:
            self._draw()
        elif not self._brief:
            text = f"{line(event)}  (second read, to confirm removals)" if looks_again else line(event)
            self._out.print(text, markup=False, soft_wrap=True)
        return sync

    def ended(self, ending: Event) -> None:
        """Prints the outcome of a sync, its problems and the next step."""
        if self._json:
            return
        good = ending["event"] == "completed" and not ending.get("partial_success")
        mark = "[green]✓[/]" if good else "[yellow]![/]" if ending["event"] == "completed" else "[red]✗[/]"
        self._out.print(f"{mark} [bold]{ending['clinic']}[/] {summary(ending)}")
        for trouble in troubles(ending):
            self._out.print(f"  {trouble}", markup=False, style="yellow")
        for warning in warnings(ending):
            self._out.print(f"  warning: {warning}", markup=False, style="yellow")
        if ending.get("dry_run") and ending["event"] == "completed":
            self._out.print(
                f"  → idexx-sync runs plan {ending['sync_id']}", markup=False, style="dim", soft_wrap=True
            )
        if step := next_step(ending):
            self._out.print(f"  → {step}", markup=False, style="dim", soft_wrap=True)
        if (sync := self.board.syncs.get(ending["sync_id"])) and sync.tried_again:
            text = ", ".join(f"{count} × {why(reason)}" for reason, count in sync.tried_again.most_common())
            self._out.print(f"  retried: {text}", markup=False, style="dim")

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1 / REFRESH)
            self._draw()

    def _draw(self) -> None:
        if self._live:
            width, height = self._out.size
            drawn = picture(self.board.syncs.values(), datetime.now(UTC), width=width, height=height)
            self._live.update(drawn, refresh=True)


async def until_ended(show: Show, events: AsyncIterator[Event]) -> Event:
    """Shows one sync's events; returns the last one."""
    async for event in events:
        show.event(event)
        if event["event"] in LAST:
            return event
    raise EOFError("the events stopped before the sync ended")


def line(event: dict[str, Any]) -> str:
    """Formats an event as one line, for a log or a pipe."""
    parts = [event["at"][11:19], event["clinic"], *(["dry run"] if event.get("dry_run") else []), event["event"]]
    parts += [str(event["date"])] if "date" in event else []
    if event["event"] == "date_completed":
        parts.append(f"added {event['added']}, changed {event['updated']}, unchanged {event['unchanged']}")
    if event.get("reason"):
        parts.append(f"{event['reason']}: {event.get('message') or ''}")
    if event["event"] == "held":
        parts.append(f"{event['removals_held']} held removals need a decision")
    if event["event"] in LAST:
        parts.append(summary(event))
    if "dates_done" in event:
        parts.append(f"[{event['dates_done']}/{event['dates_total']}]")
    return "  ".join(parts)
