"""`GET /api/idexx/day`: one day of a clinic's calendar, with names for callers that may see them.

The only endpoint of the API that reads PostgreSQL itself: names never go over NATS, so the service there cannot send
them. Without the right `names` the response has times and ids, and says what is free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.http import requests
from actors.http.caller import caller_of
from actors.http.responses import answer
from engine.api_key import Right
from engine.clinic import Clinic
from engine.offer.calendar_day import CalendarDay, DayColumn, DayEntry
from engine.offer.start import Taker
from engine.store.clinics import find_clinic
from engine.store.database import Database
from engine.store.offer import day_of
from engine.store.syncs.reading import database_time


class CalendarDays:
    """The endpoint."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def routes(self) -> list[Route]:
        return [Route("/idexx/day", self.day, methods=["GET"])]

    async def day(self, request: Request) -> Response:
        clinic_id, wanted = requests.clinic_id(request), requests.day(request)
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            clinic = await find_clinic(connection, clinic_id)
            now = await database_time(connection)
            day = await day_of(connection, clinic.id, wanted or clinic.today(now), now)
        return answer(day_view(clinic, day, with_names=caller_of(request).may(Right.NAMES)))


def day_view(clinic: Clinic, day: CalendarDay, *, with_names: bool) -> dict[str, Any]:
    """The response; minutes are counted from the day's midnight on the clinic's clock."""
    midnight = datetime.combine(day.date, time())
    grid = instants(midnight, day.grid_minutes, ZoneInfo(day.timezone))
    return {
        "ok": True,
        "clinic": {"slug": clinic.slug, "name": clinic.name, "timezone": day.timezone},
        "date": day.date,
        "at": day.at,
        "has_names": with_names,
        "read_at": day.read_at,
        "doubt": day.doubt,
        "max_age_seconds": day.max_age_seconds,
        "grid_minutes": day.grid_minutes,
        "columns_chosen": day.columns_chosen,
        "columns": [_column(column, with_names) for column in day.columns],
        "opening": [asdict(period) for period in day.periods if period.kind == "open"],
        "closed": [asdict(period) for period in day.periods if period.kind != "open"],
        "entries": [_entry(entry, midnight, with_names) for entry in day.entries],
        "free": [
            {
                "starts_at": start.starts_at,
                "from_minute": _minute(datetime.combine(start.date, start.start_time) - midnight),
                "columns": start.columns,
                "column_count": start.column_count,
            }
            for start in day.starts
        ],
        "starts": [{"minute": minute, "starts_at": at} for minute, at in grid],
    }


def instants(midnight: datetime, grid_minutes: int, zone: ZoneInfo) -> Iterator[tuple[int, datetime]]:
    """Yields the times of the day's grid, as minutes after midnight and as instants: the first one if the local time
    exists twice, and none that the clocks skip."""
    for minute in range(0, 24 * 60, grid_minutes):
        local = midnight + timedelta(minutes=minute)
        at = local.replace(tzinfo=zone).astimezone(UTC)
        if at.astimezone(zone).replace(tzinfo=None) == local:
            yield minute, at


def _column(column: DayColumn, with_names: bool) -> dict[str, Any]:
    """A column; its name may be that of a doctor."""
    return asdict(column) | ({} if with_names else {"name": None})


def _entry(entry: DayEntry, midnight: datetime, with_names: bool) -> dict[str, Any]:
    """An entry, cut to the day. The reason for a visit is personal as well."""
    personal = {
        "type": entry.type if entry.kind is Taker.APPOINTMENT else None,
        "provider": entry.provider,
        "patient": entry.patient,
        "client": entry.client,
        "title": entry.notes if entry.kind is Taker.BLOCK else None,
    }
    return {
        "kind": entry.kind,
        "id": entry.id,
        "column": entry.column,
        "from_minute": max(0, _minute(entry.starts - midnight)),
        "to_minute": min(24 * 60, -_minute(midnight - entry.ends)),
        "takes_column": entry.takes_column,
        "status": entry.status,
        **(personal if with_names else dict.fromkeys(personal)),
    }


def _minute(since_midnight: timedelta) -> int:
    """The minute, rounded down."""
    return since_midnight // timedelta(minutes=1)
