"""When each clinic is to be synced without being asked, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from engine.clinic import Clinic
from engine.errors import NoSchedule
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)

#: A sync began, or waits; one that runs or waits already does what was due; or there was a reason against it.
Outcome = Literal["started", "queued", "covered", "refused"]


@dataclass(frozen=True, slots=True)
class ClinicSchedule:
    """`cron` has five fields; `timezone` is its own or the clinic's. `last_…` tell of the last tick."""

    clinic: str
    cron: str
    timezone: str
    days_ahead: int
    paused: bool
    last_tick_at: datetime | None = None
    last_outcome: Outcome | None = None
    last_sync_id: UUID | None = None
    last_refusal: str | None = None


async def set_schedule(
    connection: Connection, clinic: Clinic, cron: str, timezone: str | None, days_ahead: int
) -> ClinicSchedule:
    """Gives the clinic this schedule in place of any other; it is not paused. None is the clinic's time zone."""
    await connection.execute(SQL["set_schedule"], clinic.id, cron, timezone, days_ahead)
    return await get_schedule(connection, clinic)


async def find_schedule(connection: Connection, clinic: Clinic) -> ClinicSchedule | None:
    """None: the clinic has none."""
    row = await connection.fetchrow(SQL["get_schedule"], clinic.id)
    return None if row is None else ClinicSchedule(**row)


async def get_schedule(connection: Connection, clinic: Clinic) -> ClinicSchedule:
    """Raises `NoSchedule`."""
    schedule = await find_schedule(connection, clinic)
    if schedule is None:
        raise _none(clinic)
    return schedule


async def list_schedules(connection: Connection) -> list[ClinicSchedule]:
    """All of them, also those that are paused."""
    return [ClinicSchedule(**row) for row in await connection.fetch(SQL["list_schedules"])]


async def pause_schedule(connection: Connection, clinic: Clinic, paused: bool) -> ClinicSchedule:
    """Raises `NoSchedule`."""
    if await connection.fetchval(SQL["pause_schedule"], clinic.id, paused) is None:
        raise _none(clinic)
    return await get_schedule(connection, clinic)


async def remove_schedule(connection: Connection, clinic: Clinic) -> None:
    """Raises `NoSchedule`."""
    if await connection.fetchval(SQL["remove_schedule"], clinic.id) is None:
        raise _none(clinic)


async def record_tick(
    connection: Connection,
    slug: str,
    at: datetime,
    outcome: Outcome,
    sync_id: UUID | None = None,
    refusal: str | None = None,
) -> None:
    """Remembers what became of the tick of `at`."""
    await connection.execute(SQL["record_tick"], slug, at, outcome, sync_id, refusal)


def _none(clinic: Clinic) -> NoSchedule:
    return NoSchedule(
        f"clinic {clinic.slug!r} has no schedule; give it one with "
        f"`idexx-sync clinic schedule set {clinic.slug} '0 6,12 * * *'`"
    )
