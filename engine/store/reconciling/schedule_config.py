"""A clinic's configuration as last read from its portal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from engine.config_reading import ConfigReading
from engine.schedule import AppointmentType, OpenHours, Provider, Room, ScheduleConfig
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredConfig:
    """A stored configuration. `source` is the call that returned it; None if an older version stored it.

    `read_at` is the time of the last response, `hours_read_at` of the last one with opening hours.
    """

    config: ScheduleConfig = field(default_factory=ScheduleConfig)
    source: str | None = None
    read_at: datetime | None = None
    hours_read_at: datetime | None = None


async def save_config_reading(connection: Connection, clinic_id: UUID, reading: ConfigReading) -> None:
    """Stores the parts that were read; the others stay.

    A fallback replaces nothing that another call returned: the older call has the same hours for every day.
    """
    if reading.is_fallback:
        stored = await load_stored_config(connection, clinic_id)
        if stored.source not in (None, reading.source):
            return
    await save_schedule_config(connection, clinic_id, reading.config, reading.source)


async def save_schedule_config(
    connection: Connection,
    clinic_id: UUID,
    config: ScheduleConfig,
    source: str | None = None,
) -> None:
    """Stores every part that is not None."""
    await connection.execute(
        SQL["save_portal_config"],
        clinic_id,
        config.slot_minutes,
        _json(config.rooms),
        _json(config.types),
        _json(config.providers),
        source,
        config.hours is not None,
    )
    if config.hours is not None:
        weekdays, opens, closes = zip(
            *((each.weekday, each.opens, each.closes) for each in config.hours), strict=True
        )
        await connection.execute(SQL["save_open_hours"], clinic_id, weekdays, opens, closes)
    await connection.execute(SQL["save_schedule_config"], clinic_id)


async def load_schedule_config(connection: Connection, clinic_id: UUID) -> ScheduleConfig:
    """The stored configuration; a part that was never read is None."""
    return (await load_stored_config(connection, clinic_id)).config


async def load_stored_config(connection: Connection, clinic_id: UUID) -> StoredConfig:
    row = await connection.fetchrow(SQL["load_schedule_config"], clinic_id)
    if row is None:
        return StoredConfig()
    hours = zip(row["weekdays"] or (), row["opens"] or (), row["closes"] or (), strict=True)
    config = ScheduleConfig(
        hours=tuple(OpenHours(*each) for each in hours) or None,
        slot_minutes=row["slot_minutes"],
        rooms=_objects(Room, row["rooms"]),
        types=_objects(AppointmentType, row["appointment_types"]),
        providers=_objects(Provider, row["providers"]),
        default_capacity=row["default_capacity"],
    )
    return StoredConfig(config, row["source"], row["read_at"], row["hours_read_at"])


def _json(parts: Iterable[Any] | None) -> str | None:
    return None if parts is None else json.dumps([asdict(part) for part in parts])


def _objects(kind: type[T], stored: str | None) -> tuple[T, ...] | None:
    return None if stored is None else tuple(kind(**part) for part in json.loads(stored))
