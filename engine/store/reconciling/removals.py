"""The removals at the end of a sync: carried out, or held for a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from engine.left_out import LeftOutSighting, protected_ids
from engine.removals import MissingAppointment, Protection, RemovalLimit, RemovalPlan, StoredOnDate, decide
from engine.snapshot import LeftOutRecord
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.reconciling.appointments import follow_sightings
from engine.store.reconciling.clinic_lock import lock_clinic

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class Removals:
    """Result of a sync's removals.

    `removed` counts them by date, `held` those that wait for a person, `moved` the appointments that this sync saw
    only elsewhere; `kept` are those that stay although they were not seen.
    """

    removed: Mapping[date, int]
    held: int = 0
    moved: int = 0
    kept: Sequence[MissingAppointment] = ()


async def plan_removals(connection: Connection, clinic_id: UUID, sync_id: UUID, settle: timedelta) -> RemovalPlan:
    """What no complete scrape of this sync has seen, on dates that it scraped completely. Writes nothing.

    A date is complete if the sync's date is `reconciled`; in any other state it counts as failed.
    """
    await lock_clinic(connection, clinic_id)
    missing = [_missing(row) for row in await connection.fetch(SQL["plan_removals"], clinic_id, sync_id, settle)]
    if not missing:
        return RemovalPlan()
    stored = await connection.fetch(SQL["stored_by_date"], clinic_id, sync_id)
    [looks] = await connection.fetch(SQL["read_since"], clinic_id, sync_id)
    return RemovalPlan(
        await _protect(connection, sync_id, missing),
        {row["date"]: StoredOnDate(row["rows"], row["appointments"]) for row in stored},
        looks["read_since"],
        looks["is_quiet"],
    )


async def _protect(
    connection: Connection, sync_id: UUID, missing: Sequence[MissingAppointment]
) -> Sequence[MissingAppointment]:
    """Marks the appointments that a left-out record of the sync may be."""
    rows = await connection.fetch(SQL["left_out_of"], sync_id)
    sightings = [
        LeftOutSighting(row["date"], LeftOutRecord(**json.loads(row["record"])), row["is_repeated"])
        for row in rows
    ]
    ids = protected_ids(sightings, missing)
    return [
        replace(each, protection=each.protection or Protection.LEFT_OUT_RECORD) if each.id in ids else each
        for each in missing
    ]


def _missing(row: Any) -> MissingAppointment:
    protection = row["protection"]
    return MissingAppointment(**dict(row) | {"protection": None if protection is None else Protection(protection)})


async def reconciled_dates(connection: Connection, sync_id: UUID) -> list[date]:
    return [row["date"] for row in await connection.fetch(SQL["reconciled_dates"], sync_id)]


async def apply_removals(
    connection: Connection,
    clinic_id: UUID,
    sync_id: UUID,
    plan: RemovalPlan,
    removal_limit: RemovalLimit,
    *,
    confirmed: bool = False,
) -> Removals:
    """Carries the plan out as far as the limit allows; `plan` must be of the same transaction.

    `confirmed`: as if a second look had confirmed every absence.
    """
    decision = decide(plan, removal_limit, confirmed=confirmed)
    moved = await settle(connection, clinic_id, sync_id)
    if decision.hold:
        await connection.execute(SQL["hold_removals"], sync_id, decision.hold)
    removed = await remove(connection, clinic_id, sync_id, decision.remove) if decision.remove else {}
    return Removals(removed, len(decision.hold), moved, decision.keep)


async def settle(connection: Connection, clinic_id: UUID, sync_id: UUID) -> int:
    """Moves appointments that this sync saw only on another date than their row's; returns how many."""
    rows = await connection.fetch(SQL["second_sightings_to_follow"], clinic_id, sync_id)
    if not rows:
        return 0
    return await follow_sightings(connection, clinic_id, sync_id, [row["id"] for row in rows])


async def remove(
    connection: Connection, clinic_id: UUID, sync_id: UUID, appointment_ids: Sequence[UUID]
) -> dict[date, int]:
    """Marks the appointments as removed; returns how many from each date."""
    rows = await connection.fetch(SQL["remove_appointments"], clinic_id, sync_id, appointment_ids)
    return {row["date"]: row["count"] for row in rows}
