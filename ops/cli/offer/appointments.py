"""The command `appointments`: what takes the time of a clinic's day, with names."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from actors.settings import Settings
from engine.offer.calendar_day import CalendarDay, DayEntry
from engine.offer.start import Taker
from engine.store.clinics import find_clinic
from engine.store.offer import day_of
from ops.cli.offer.asking import Slug
from ops.client.connections import open_database
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console
from ops.terminal.tables import ago, table


def appointments(
    clinic: Slug,
    date_: Annotated[date, Parameter(name="DATE", help="YYYY-MM-DD, in the clinic's calendar.")],
    *,
    json: Json = False,
) -> None:
    """List the appointments, blocks and bookings of a clinic's day, with names.

    Names are never on NATS, so this command needs `DATABASE_URL`.

    Example: `idexx-sync appointments cedar-creek 2026-12-08`
    """
    day = asyncio.run(_day(settings_here(), clinic, date_))
    if json:
        answer(
            {
                "ok": True,
                "clinic": clinic,
                "date": day.date,
                "read_at": day.read_at,
                "doubt": day.doubt,
                "appointments": [asdict(entry) for entry in day.entries],
            }
        )
    else:
        _show(clinic, day)


async def _day(settings: Settings, slug: str, day: date) -> CalendarDay:
    async with open_database(database_url(settings)) as connection:
        return await day_of(connection, (await find_clinic(connection, slug)).id, day)


def _show(clinic: str, day: CalendarDay) -> None:
    out = console()
    age = ago(day.read_at, datetime.now(UTC))
    doubt = f" [red]({day.doubt.replace('_', ' ')})[/]" if day.doubt else ""
    out.print(f"[bold]{clinic}, {day.date:%a %d %b %Y}[/]: {len(day.entries)} entries, read {age}{doubt}")
    if not day.entries:
        return
    columns = {column.id: column.name or column.id for column in day.columns}
    words = ("column", "who", "type", "provider", "status")
    shown = table("time", *words, wrap=words)
    for entry in day.entries:
        column = "(all)" if entry.kind is Taker.BLOCK else "(none)"
        shown.add_row(
            _time(entry, day.date),
            escape(columns.get(entry.column, entry.column) if entry.column else column),
            *(escape(text) for text in (_who(entry), _type(entry), entry.provider or "", entry.status or "")),
        )
    out.print(shown)


def _time(entry: DayEntry, day: date) -> str:
    """From when to when; with the weekday of another day."""
    begins = "%H:%M" if entry.starts.date() == day else "%a %H:%M"
    return f"{entry.starts:{begins}}-{entry.ends:%H:%M}"


def _who(entry: DayEntry) -> str:
    if entry.kind is Taker.BLOCK:
        return entry.notes or ""
    return ", ".join(name for name in (entry.patient, entry.client) if name)


def _type(entry: DayEntry) -> str:
    return entry.type or entry.kind
