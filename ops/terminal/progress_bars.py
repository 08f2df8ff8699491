"""Draws the progress of syncs on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ops.terminal.progress import DateProgress, SyncProgress
from ops.terminal.reasons import why
from ops.terminal.tables import state_words

NAME_WIDTH, BAR_WIDTH = 16, 30

#: The least width of a bar, and the space between a line's columns.
LEAST_BAR, GAP = 8, 2

#: Lines that a sync with its dates takes at least.
LINES = 3

#: Seconds without an event after which the silence of a sync is shown, unless one of its dates waits for a retry.
SILENCE = 15

#: Seconds without an event after which a sync with all dates closed is shown as verifying removals.
CONFIRMS = 1.0

#: The style of a date in each state.
LOOKS = {
    "waiting": "dim",
    "started": "bold yellow",
    "retrying": "magenta",
    "completed": "green",
    "failed": "bold red",
}


def picture(
    syncs: Iterable[SyncProgress], now: datetime, *, width: int = 120, height: int | None = None
) -> RenderableType:
    """Returns a progress bar for each sync, with its dates below it; without the dates where they do not fit."""
    shown = list(syncs)
    if not shown:
        return Text("no sync is running; waiting for one …", style="dim")
    if height is not None and LINES * len(shown) > height:
        return _many(shown, now, width, height)
    parts = [
        part for sync in shown for part in (headline(sync, now, width), strip(sync), *waits(sync, now), Text())
    ]
    return Group(*parts[:-1])


def _many(syncs: Sequence[SyncProgress], now: datetime, width: int, height: int) -> RenderableType:
    """A line for each of the syncs that have begun, as far as they fit, and the count of the others."""
    begun = [sync for sync in syncs if sync.started_at is not None]
    lines: list[RenderableType] = [headline(sync, now, width) for sync in begun[: max(1, height - 2)]]
    if rest := len(syncs) - len(lines):
        lines.append(Text(f"… and {rest} more, {len(begun)} of all {len(syncs)} have begun", style="dim"))
    return Group(*lines)


def headline(sync: SyncProgress, now: datetime, width: int = 120) -> RenderableType:
    """Returns a sync's line. Where it is narrow, the bar shrinks, then rates and counts are left out, then the bar."""
    text = facts(sync, now)
    if width - NAME_WIDTH - text.cell_len - 2 * GAP < LEAST_BAR:
        text = facts(sync, now, brief=True)
    room = min(BAR_WIDTH, width - NAME_WIDTH - text.cell_len - 2 * GAP)
    line = Table.grid(padding=(0, GAP, 0, 0))
    line.add_column(width=NAME_WIDTH, no_wrap=True, overflow="ellipsis")
    if has_bar := room >= LEAST_BAR:
        line.add_column(width=room)
    line.add_column(no_wrap=True)
    line.add_row(Text(sync.clinic, style="bold"), *([bar(sync, room)] if has_bar else []), text)
    return line


def bar(sync: SyncProgress, width: int) -> RenderableType:
    style = "red" if sync.status in ("failed", "timed_out") else "yellow" if sync.failed else "green"
    return ProgressBar(
        total=100, completed=sync.percentage, width=width, complete_style=style, finished_style=style
    )


def facts(sync: SyncProgress, now: datetime, *, brief: bool = False) -> Text:
    if sync.status == "queued":
        return Text(f"queued, position {sync.position}", style="dim")
    seconds = sync.seconds(now)
    text = Text("dry run  " if sync.dry_run else "").append(f"{sync.done} of {sync.total} dates")
    if sync.failed:
        text.append(f"  {len(sync.failed)} failed", style="red")
    if not brief:
        text.append(f"  {sync.added} added, {sync.changed} changed", style="dim")
    text.append(f"  {seconds:5.1f} s")
    if sync.done and not brief and not sync.is_over and not sync.is_read:
        text.append(f"  {sync.done / max(seconds, 0.1):.1f} dates/s", style="dim")
    if sync.is_over:
        text.append(f"  {state_words(sync.status)}", style="bold")
    elif sync.last_at and (silence := (now - sync.last_at).total_seconds()) > SILENCE and not sync.waits:
        text.append(f"  no events for {silence:.0f} s", style="yellow")
    elif sync.last_at and sync.is_read and (now - sync.last_at).total_seconds() > CONFIRMS:
        text.append("  confirming removals", style="dim")
    return text


def strip(sync: SyncProgress) -> RenderableType:
    """Returns the days of the sync in the color of their state; each month's name precedes its first day."""
    text = Text()
    month = None
    for day, state in sorted(sync.dates.items()):
        when = date.fromisoformat(day)
        if when.month != month:
            text.append(f"{when:%b} ", style="dim")
            month = when.month
        text.append(f"{when.day}", style=LOOKS[state.state])
        text.append(" ")
    # Indented with padding, so that a wrapped second line starts below the first.
    return Padding(text, (0, 0, 0, NAME_WIDTH + 2))


def waits(sync: SyncProgress, now: datetime) -> list[Text]:
    """Returns why dates wait, one line per reason."""
    reasons: dict[str, list[tuple[str, DateProgress]]] = {}
    for day, state in sorted(sync.dates.items()):
        if state.state == "retrying":
            reasons.setdefault(state.reason or "unknown", []).append((day, state))
    return [_wait(reason, found, now) for reason, found in reasons.items()]


def _wait(reason: str, found: list[tuple[str, DateProgress]], now: datetime) -> Text:
    tries = [(state.next_try_at - now).total_seconds() for _, state in found if state.next_try_at]
    when = "" if not tries else f", next try in {min(tries):.0f} s" if min(tries) > 0 else ", next try is due"
    days = found[0][0] if len(found) == 1 else f"{len(found)} dates"
    return Text(" " * (NAME_WIDTH + 2) + f"↻ {days}: {why(reason)}{_again(found)}{when}", style="magenta")


def _again(found: list[tuple[str, DateProgress]]) -> str:
    most = max(state.attempt for _, state in found)
    return f", {most} attempts" if most > 1 else ""
