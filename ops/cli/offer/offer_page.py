"""Prints an offer: a table for each date, with times down and columns across."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.markup import escape

from engine.offer.rule_words import against
from engine.store.offer.asking import PersonalNames
from ops.cli.offer.reasons import reason_lines
from ops.terminal.tables import ago, table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Characters beside the text of a table's column.
_MARGIN = 3

Start = Mapping[str, Any]


def show_offer(
    out: Console, reply: Mapping[str, Any], names: PersonalNames, columns: Sequence[str] | None = None
) -> None:
    """Prints the reply to `free`. `columns`: the ids to show; None: those that count."""
    now, zone = datetime.fromisoformat(reply["at"]), ZoneInfo(reply["timezone"])
    by_date: dict[str, list[Start]] = defaultdict(list)
    for start in reply["starts"]:
        by_date[start["date"]].append(start)
    out.print(
        f"[bold]{reply['clinic']}[/]: {len(reply['starts'])} times for {reply['minutes']} min, in {reply['timezone']}"
    )
    for day in reply["days"]:
        if starts := by_date[day["date"]]:
            out.print(f"\n[bold]{_date(day['date'])}[/], {_age(day, now)}")
            out.print(_table(out, starts, reply["columns"] if columns is None else columns, names))
        else:
            out.print(f"\n[bold]{_date(day['date'])}[/]: nothing, {_why(day)} ({_age(day, now)})")
    for line in reason_lines(reply["reasons"], names, zone, now):
        out.print(line)
    if hint := _hint(reply, zone):
        out.print(hint, style="dim", soft_wrap=True)


def _table(out: Console, starts: Sequence[Start], columns: Sequence[str], names: PersonalNames) -> Table:
    """A column for each of the clinic's; if they are too many for the terminal, one column that lists the free ones."""
    titles = {id_: names.columns.get(id_, id_) for id_ in columns}
    longest = sum(max(map(len, title.split() or [""])) + _MARGIN for title in titles.values())
    if columns and 5 + _MARGIN + longest <= out.width and all(start["columns"] for start in starts):
        shown = table("time", *(escape(title) for title in titles.values()))
        for column in shown.columns[1:]:
            column.no_wrap = False
        for start in starts:
            shown.add_row(_time(start), *("[green]free[/]" if id_ in start["columns"] else "" for id_ in titles))
        return shown
    shown = table("time", "free", wrap=("free",))
    for start in starts:
        listed = ", ".join(titles.get(id_, id_) for id_ in start["columns"])
        shown.add_row(_time(start), escape(listed) or f"{start['column_count']} places")
    return shown


def _time(start: Start) -> str:
    return str(start["start_time"][:5])


def _date(text: str) -> str:
    return f"{date.fromisoformat(text):%a %d %b %Y}"


def _age(day: Mapping[str, Any], now: datetime) -> str:
    return f"read {ago(datetime.fromisoformat(day['read_at']), now)}" if day["read_at"] else "never read"


def _why(day: Mapping[str, Any]) -> str:
    return "; ".join(against(rule) for rule in day["forbidden_by"]) or "no time is left"


def _hint(reply: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    """The command that explains the nearest time of a date that offers nothing."""
    empty = [day for day in reply["days"] if day["nearest_at"]]
    if not empty:
        return None
    nearest = datetime.fromisoformat(min(empty, key=lambda day: len(day["forbidden_by"]))["nearest_at"])
    local = nearest.astimezone(zone)
    return f"\nmore: idexx-sync why {reply['clinic']} '{local:%Y-%m-%d %H:%M}'"
