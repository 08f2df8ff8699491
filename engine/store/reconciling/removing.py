"""The end of a sync: what is gone is removed, or held back for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from engine.removals import Fence, MissingAppointment, RemovalPlan, dates_to_look_at_again, judge
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.reconciling.appointments import follow_sightings
from engine.store.reconciling.clinic_lock import lock_clinic

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class Removals:
    """How many were removed from each date, how many are held back for a person to decide, and how many were
    moved because this sync saw them only elsewhere."""

    removed: Mapping[date, int]
    held: int = 0
    moved: int = 0


async def plan_removals(connection: Connection, clinic_id: UUID, sync_id: UUID) -> RemovalPlan:
    """What no complete scrape of this sync has seen, on dates that it scraped completely. Writes nothing.

    A date is complete if the sync's date is `reconciled`; in any other state it counts as failed.
    """
    await lock_clinic(connection, clinic_id)
    rows = await connection.fetch(SQL["plan_removals"], clinic_id, sync_id)
    stored = await connection.fetchval(SQL["count_stored"], clinic_id, sync_id)
    return RemovalPlan([MissingAppointment(**row) for row in rows], stored)


async def unsettled_dates(connection: Connection, clinic_id: UUID, sync_id: UUID, plan: RemovalPlan) -> list[date]:
    """The dates that the sync may scrape once more before the plan is carried out, so that an appointment that
    moved while they were read is found. None where nothing is to be removed."""
    rows = await connection.fetch(SQL["reconciled_scrapes"], clinic_id, sync_id)
    return dates_to_look_at_again(plan, {row["date"]: row["scraped_at"] for row in rows})


async def apply_removals(
    connection: Connection, clinic_id: UUID, sync_id: UUID, plan: RemovalPlan, fence: Fence
) -> Removals:
    """Carries the plan out as far as the fence lets it; `plan` must be of the same transaction."""
    verdict = judge(plan, fence)
    moved = await settle(connection, clinic_id, sync_id)
    if verdict.hold:
        await connection.execute(SQL["hold_removals"], sync_id, verdict.hold)
    removed = await remove(connection, clinic_id, sync_id, verdict.remove) if verdict.remove else {}
    return Removals(removed, len(verdict.hold), moved)


async def settle(connection: Connection, clinic_id: UUID, sync_id: UUID) -> int:
    """Moves what this sync saw only on another date than its row's; answers how many."""
    rows = await connection.fetch(SQL["second_sightings_to_follow"], clinic_id, sync_id)
    if not rows:
        return 0
    return await follow_sightings(connection, clinic_id, sync_id, [row["id"] for row in rows])


async def remove(
    connection: Connection, clinic_id: UUID, sync_id: UUID, appointment_ids: Sequence[UUID]
) -> dict[date, int]:
    """Removes softly; answers how many from each date."""
    rows = await connection.fetch(SQL["remove_appointments"], clinic_id, sync_id, appointment_ids)
    return {row["date"]: row["count"] for row in rows}
