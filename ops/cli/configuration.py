"""The command `clinic config`: shows a clinic's configuration as read from the portal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from cyclopts import Parameter
from rich.markup import escape

from actors.settings import Settings
from engine.schedule import AppointmentType, OpenHours, ScheduleConfig
from engine.store.clinics import find_clinic
from engine.store.reconciling import StoredConfig, load_stored_config
from ops.client.connections import open_database
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, console
from ops.terminal.tables import ago, table

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONDAY_FIRST = (1, 2, 3, 4, 5, 6, 0)


def config(
    clinic: Annotated[str, Parameter(help="The clinic's slug.")],
    *,
    json: Json = False,
) -> None:
    """Show opening hours, slot interval, columns, appointment types and providers as last read from the portal.

    Without hours, interval and columns, no slots are offered.

    Example: `idexx-sync clinic config cedar-creek`
    """
    stored = asyncio.run(_stored(settings_here(), clinic))
    if json:
        answer({"ok": True, "clinic": clinic} | _fields(stored))
    else:
        _show(clinic, stored)


async def _stored(settings: Settings, slug: str) -> StoredConfig:
    async with open_database(database_url(settings)) as connection:
        return await load_stored_config(connection, (await find_clinic(connection, slug)).id)


def _fields(stored: StoredConfig) -> dict[str, Any]:
    """Returns the configuration for JSON output; parts that were never read are null."""
    read = stored.config
    return {
        "source": stored.source,
        "read_at": stored.read_at,
        "hours_read_at": stored.hours_read_at,
        "slot_minutes": read.slot_minutes,
        "hours": _each(read.hours, _hours),
        "columns": _each(read.rooms, lambda one: {"id": one.id, "name": one.name}),
        "appointment_types": _each(
            read.types, lambda one: {"id": one.id, "name": one.name, "duration_minutes": _minutes(one, read)}
        ),
        "providers": _each(read.providers, lambda one: {"id": one.id, "name": one.name}),
    }


def _hours(one: OpenHours) -> dict[str, Any]:
    return {"weekday": one.weekday, "opens": _clock(one.opens), "closes": _clock(one.closes)}


def _each(parts: tuple[Any, ...] | None, fields: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]] | None:
    return None if parts is None else [fields(part) for part in parts]


def _show(clinic: str, stored: StoredConfig) -> None:
    read, out = stored.config, console()
    if stored.read_at is None:
        out.print(
            f"the configuration of {clinic} was never read, so no slots are offered: idexx-sync sync {clinic}"
        )
        return
    shown = table("", "", wrap=("",))
    for day in MONDAY_FIRST:
        if read.hours is not None:
            shown.add_row(WEEKDAYS[day], _stretches(read.hours, day))
    if read.hours is None:
        shown.add_row("opening hours", "[red]never read[/]")
    shown.add_row(
        "slot interval", "[red]never read[/]" if read.slot_minutes is None else f"{read.slot_minutes} min"
    )
    shown.add_row("columns", _names(read.rooms))
    shown.add_row("types", ", ".join(_type(one, read) for one in read.types or ()) or "not read")
    shown.add_row("providers", _names(read.providers, "not read"))
    shown.add_row(
        "read", f"{ago(stored.read_at, datetime.now(UTC))}{f', {stored.source}' if stored.source else ''}"
    )
    out.print(shown)


def _names(parts: tuple[Any, ...] | None, otherwise: str = "[red]never read[/]") -> str:
    return otherwise if parts is None else escape(", ".join(part.name for part in parts))


def _stretches(hours: tuple[OpenHours, ...], day: int) -> str:
    stretches = [f"{_clock(one.opens)}-{_clock(one.closes)}" for one in hours if one.weekday == day]
    return ", ".join(stretches) or "closed"


def _type(one: AppointmentType, read: ScheduleConfig) -> str:
    minutes = _minutes(one, read)
    return escape(one.name) + (f" {minutes} min" if minutes else "")


def _minutes(one: AppointmentType, read: ScheduleConfig) -> int | None:
    known = one.duration_slots is not None and read.slot_minutes is not None
    return (one.duration_slots or 0) * (read.slot_minutes or 0) if known else None


def _clock(minutes: int) -> str:
    """Formats minutes of a day; `26:00` is two hours after midnight."""
    return f"{minutes // 60:02}:{minutes % 60:02}"
