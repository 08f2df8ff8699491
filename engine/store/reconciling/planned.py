"""Adds to a dry run's plan what it may not contain: patients, clients, columns. For the terminal only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from engine.clinic import Clinic
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.reconciling.resources import list_resources

SQL = Queries(__file__)

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change of the plan with all that is known of the appointment before and after it."""

    kind: str
    neo_appointment_id: str
    before: Values | None
    after: Values | None


async def planned_changes(
    connection: Connection, clinic: Clinic, sync_id: UUID, plan: Sequence[Values]
) -> list[PlannedChange]:
    """The plan's changes in calendar order. Columns are named as the portal names them.

    What the database no longer has, since snapshots are kept for some days only, is left out.
    """
    ids = [change["neo_appointment_id"] for change in plan]
    rooms = {one.room_id: one.name for one in await list_resources(connection, clinic)}
    known = {
        (row["neo_appointment_id"], row["date"], row["is_after"]): _named(dict(row), rooms)
        for row in await connection.fetch(SQL["planned_appointments"], sync_id, clinic.id, ids)
    }

    def full(change: Values, side: str) -> Values | None:
        place = change[side]
        if place is None:
            return None
        return {**known.get((change["neo_appointment_id"], place["date"], side == "after"), {}), **place}

    found = [
        PlannedChange(each["kind"], each["neo_appointment_id"], full(each, "before"), full(each, "after"))
        for each in plan
    ]
    return sorted(found, key=_when)


def _named(row: dict[str, Any], rooms: Mapping[str, str | None]) -> dict[str, Any]:
    room = row.pop("room_id")
    named = {name: value for name, value in row.items() if name not in ("neo_appointment_id", "date", "is_after")}
    return named | {"column": room and (rooms.get(room) or room)}


def _when(change: PlannedChange) -> tuple[str, str, str]:
    values = change.after or change.before or {}
    return str(values["date"]), str(values["start_time"]), str(values.get("column") or "")
