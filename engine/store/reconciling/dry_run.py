"""Shows what a sync would do: carries it out, reads the changes, and rolls back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from engine.clinic import Clinic
from engine.dates import DateRange
from engine.removals import MissingAppointment, RemovalLimit, decide
from engine.snapshot import Snapshot
from engine.store.database import Connection
from engine.store.reconciling.appointments import DateCounts, reconcile_snapshot
from engine.store.reconciling.history import Change, changes_of
from engine.store.reconciling.removals import Removals, apply_removals, plan_removals
from engine.store.reconciling.slots import SlotCounts, refresh_slots


@dataclass(frozen=True, slots=True)
class DryRun:
    """The plan of a dry run. `held` are removals above the limit. Absences count as confirmed."""

    dates: Mapping[date, DateCounts]
    changes: Sequence[Change]
    removals: Removals
    held: Sequence[MissingAppointment]
    slots: SlotCounts


async def dry_run(
    connection: Connection,
    clinic: Clinic,
    sync_id: UUID,
    dates: DateRange,
    snapshots: Sequence[Snapshot],
    removal_limit: RemovalLimit,
) -> DryRun:
    """What the sync's stored snapshots would change. Nothing stays; the caller's transaction continues.

    The sync's dates must be in the state that they would have at its end: `reconciled`, or `failed`.
    """
    savepoint = connection.transaction()
    await savepoint.start()
    try:
        counts = {
            snapshot.date: await reconcile_snapshot(connection, clinic.id, sync_id, snapshot)
            for snapshot in snapshots
        }
        plan = await plan_removals(connection, clinic.id, sync_id, removal_limit.settle)
        decision = decide(plan, removal_limit, confirmed=True)
        removals = await apply_removals(connection, clinic.id, sync_id, plan, removal_limit, confirmed=True)
        slots = await refresh_slots(connection, clinic, dates)
        held = [each for each in plan.missing if each.id in decision.hold]
        return DryRun(counts, await changes_of(connection, sync_id), removals, held, slots)
    finally:
        await savepoint.rollback()
