"""The sync schedules of clinics, with the outcome of their last tick."""

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

#: Outcome of a tick: a sync was started or queued, an open sync covers it, or it was refused.
Outcome = Literal["started", "queued", "covered", "refused"]


@dataclass(frozen=True, slots=True)
class ClinicSchedule:
    """A clinic's schedule. `cron` has five fields; `timezone` is its own or the clinic's.

    `last_…` describe the last tick.
    """

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
    """Gives the clinic this schedule in place of any other, not paused. `timezone` None: the clinic's."""
    await connection.execute(SQL["set_schedule"], clinic.id, cron, timezone, days_ahead)
    return await get_schedule(connection, clinic)


async def find_schedule(connection: Connection, clinic: Clinic) -> ClinicSchedule | None:
    """The clinic's schedule, or None."""
    row = await connection.fetchrow(SQL["get_schedule"], clinic.id)
    return None if row is None else ClinicSchedule(**row)


async def get_schedule(connection: Connection, clinic: Clinic) -> ClinicSchedule:
    """The clinic's schedule. Raises `NoSchedule`."""
    schedule = await find_schedule(connection, clinic)
    if schedule is None:
        raise _none(clinic)
    return schedule


async def list_schedules(connection: Connection) -> list[ClinicSchedule]:
    """All schedules, including paused ones."""
    return [ClinicSchedule(**row) for row in await connection.fetch(SQL["list_schedules"])]


async def pause_schedule(connection: Connection, clinic: Clinic, paused: bool) -> ClinicSchedule:
    """Pauses or resumes the schedule. Raises `NoSchedule`."""
    if await connection.fetchval(SQL["pause_schedule"], clinic.id, paused) is None:
        raise _none(clinic)
    return await get_schedule(connection, clinic)


async def remove_schedule(connection: Connection, clinic: Clinic) -> None:
    """Removes the schedule. Raises `NoSchedule`."""
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
    """Records the outcome of the tick of `at`."""
    await connection.execute(SQL["record_tick"], slug, at, outcome, sync_id, refusal)


def _none(clinic: Clinic) -> NoSchedule:
    return NoSchedule(
        f"clinic {clinic.slug!r} has no schedule",
        hint=f"idexx-sync clinic schedule set {clinic.slug} 'daily at 06:00 and 12:00'",
    )
