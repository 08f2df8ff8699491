"""A clinic's rooms as seen in its appointments, to choose those that count as capacity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.clinic import Clinic
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)

#: Number of appointment types named as examples of a room.
EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Resource:
    """A room. `room_id` is empty for appointments without a room; `name` is None if the portal does not name it.

    `types` are its most frequent types of appointment. `counts`: whether it counts as capacity; None: no person has
    chosen the rooms that count.
    """

    room_id: str
    name: str | None
    appointments: int
    last_date: date | None
    types: tuple[str, ...]
    counts: bool | None


async def list_resources(connection: Connection, clinic: Clinic) -> list[Resource]:
    """Every room that was seen or that the portal names."""
    rows = await connection.fetch(SQL["resources_seen"], clinic.id, EXAMPLES)
    return [
        Resource(**dict(row) | {"types": tuple(row["types"])}, counts=_counts(clinic, row["room_id"]))
        for row in rows
    ]


def _counts(clinic: Clinic, room_id: str) -> bool | None:
    return None if clinic.resources is None else not room_id or room_id in clinic.resources
