"""Clinics as every interface shows them: freshness, freshness goal, next due sync."""

from __future__ import annotations

from typing import Any

from actors.views import clinic_view, freshness_view, schedule_view
from engine.clinic import Clinic
from engine.store.clinics import list_clinics
from engine.store.database import Connection
from engine.store.schedules import find_schedule, list_schedules
from engine.store.syncs.reading import database_time, freshness


async def one_clinic(connection: Connection, clinic: Clinic) -> dict[str, Any]:
    schedule = await find_schedule(connection, clinic)
    return clinic_view(clinic, await freshness(connection, clinic.id), schedule, await database_time(connection))


async def all_clinics(connection: Connection) -> list[dict[str, Any]]:
    """All clinics, each with its number of appointments."""
    now = await database_time(connection)
    schedules = {one.clinic: one for one in await list_schedules(connection)}
    return [
        freshness_view(clinic, now) | {"schedule": schedule_view(schedules.get(clinic["slug"]), now)}
        for clinic in await list_clinics(connection)
    ]
