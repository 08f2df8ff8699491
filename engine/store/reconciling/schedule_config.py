"""The clinic's schedule configuration, as the portal gave it last."""

from __future__ import annotations

import json
from dataclasses import asdict
from uuid import UUID

from engine.schedule import Room, ScheduleConfig
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def save_schedule_config(connection: Connection, clinic_id: UUID, config: ScheduleConfig) -> None:
    """Stores it; writes nothing if it is as before."""
    rooms = None if config.rooms is None else json.dumps([asdict(room) for room in config.rooms])
    await connection.execute(
        SQL["save_schedule_config"],
        clinic_id,
        config.opens,
        config.closes,
        list(config.days_of_week),
        config.slot_minutes,
        rooms,
    )


async def load_schedule_config(connection: Connection, clinic_id: UUID) -> ScheduleConfig:
    """The stored one, or the defaults where the portal has not been asked yet."""
    return await known_schedule_config(connection, clinic_id) or ScheduleConfig()


async def known_schedule_config(connection: Connection, clinic_id: UUID) -> ScheduleConfig | None:
    """The stored one; None where it was never read from the portal."""
    row = await connection.fetchrow(SQL["load_schedule_config"], clinic_id)
    if row is None:
        return None
    rooms = None if row["rooms"] is None else tuple(Room(**room) for room in json.loads(row["rooms"]))
    return ScheduleConfig(row["opens"], row["closes"], tuple(row["days_of_week"]), row["slot_minutes"], rooms)
