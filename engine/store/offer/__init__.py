"""Asks PostgreSQL which starts a clinic can offer, and why; every other answer is a view of these."""

from __future__ import annotations

import json
from datetime import date, datetime
from uuid import UUID

from engine.errors import UnknownClinic
from engine.offer.calendar_day import CalendarDay, DayColumn, DayEntry, Period
from engine.offer.start import ANY_START, BookableStart, Explanation, StartQuery, Taker
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def bookable_starts(
    connection: Connection,
    clinic_id: UUID,
    start: datetime,
    end: datetime,
    query: StartQuery = ANY_START,
    now: datetime | None = None,
) -> list[BookableStart]:
    """The starts in [`start`, `end`) that can be booked, in order. `now` None: the database's clock."""
    rows = await connection.fetch(
        SQL["bookable_starts"], clinic_id, start, end, query.type, query.minutes, query.column, query.provider, now
    )
    return [BookableStart(**dict(row) | {"columns": tuple(row["columns"])}) for row in rows]


async def explain_start(
    connection: Connection,
    clinic_id: UUID,
    starts_at: datetime,
    query: StartQuery = ANY_START,
    now: datetime | None = None,
) -> Explanation:
    """Why a start can be booked, or why not. Raises `UnknownClinic`."""
    said = await connection.fetchval(
        SQL["explain_start"], clinic_id, starts_at, query.type, query.minutes, query.column, query.provider, now
    )
    if said is None:
        raise UnknownClinic(f"clinic {clinic_id} is not known")
    return Explanation.from_json(json.loads(said))


async def day_of(connection: Connection, clinic_id: UUID, day: date, now: datetime | None = None) -> CalendarDay:
    """A day's calendar with names, for readers who may see personal data. Raises `UnknownClinic`."""
    about = await connection.fetchrow(SQL["day"], clinic_id, day, now)
    if about is None:
        raise UnknownClinic(f"clinic {clinic_id} is not known")
    periods = await connection.fetch(SQL["day_periods"], clinic_id, day, about["timezone"])
    columns = await connection.fetch(SQL["day_columns"], clinic_id)
    entries = await connection.fetch(SQL["day_entries"], clinic_id, day, now)
    return CalendarDay(
        date=day,
        at=about["at"],
        timezone=about["timezone"],
        read_at=about["read_at"],
        doubt=about["doubt"],
        max_age_seconds=about["max_age_seconds"],
        grid_minutes=about["grid_minutes"],
        columns_chosen=about["columns_chosen"],
        periods=tuple(Period(**dict(row)) for row in periods),
        columns=tuple(DayColumn(**dict(row)) for row in columns),
        entries=tuple(DayEntry(**dict(row) | {"kind": Taker(row["kind"])}) for row in entries),
        starts=tuple(await bookable_starts(connection, clinic_id, about["begins"], about["ends"], now=now)),
    )
