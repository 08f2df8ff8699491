"""The Reconciler's step: brings the stored appointments of one date in line with its snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from engine.failure import Failure, Reason
from engine.repeating import SETTLE
from engine.snapshot import Snapshot
from engine.store.database import Connection, Database
from engine.store.reconciling import DateCounts, is_undecided, reconcile_snapshot
from engine.store.syncs import dates as sync_dates
from engine.store.syncs.lifecycle import lock_sync
from engine.sync import Sync, SyncStatus

#: Why a date fails that shares an id with another one even in a second look.
UNDECIDED = Failure(
    Reason.BAD_ANSWER,
    "an id is shown on this date and on another one: undecided whether it moved or repeats",
)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`is_last`: no date of the sync is open any more, so the Coordinator has to end it."""

    clinic_id: UUID
    is_last: bool


async def reconcile_date(
    database: Database, sync_id: UUID, day: date, settle: timedelta = SETTLE
) -> Reconciled | None:
    """Applies the date's snapshot and closes the date, in one transaction.

    A move is shown at both places for `settle` at most. Returns None if the sync has ended, and then writes
    nothing. A date that is closed already is left unchanged. Raises `Unavailable` if the database is unreachable.
    """
    async with database.transaction() as connection:
        sync = await lock_sync(connection, sync_id)
        if sync is None or sync.status is not SyncStatus.IN_PROGRESS:
            return None
        snapshot = await sync_dates.load_snapshot(connection, sync_id, day)
        if snapshot is not None:
            counts = await _apply(connection, sync, snapshot, settle)
            await _close(connection, sync, day, counts)
        return Reconciled(sync.clinic_id, is_last=not await sync_dates.any_open(connection, sync_id))


async def _close(connection: Connection, sync: Sync, day: date, counts: DateCounts) -> None:
    if counts.shares_ids and await is_undecided(connection, sync.clinic_id, sync.id, day):
        await sync_dates.fail(connection, sync.id, day, UNDECIDED)
        return
    await sync_dates.complete(
        connection,
        sync.id,
        day,
        added=counts.added,
        updated=counts.updated + counts.moved + counts.restored,
        unchanged=counts.unchanged,
    )


async def _apply(connection: Connection, sync: Sync, snapshot: Snapshot, settle: timedelta) -> DateCounts:
    """Applies the snapshot; a dry run counts what would change, and rolls it back."""
    if not sync.dry_run:
        return await reconcile_snapshot(connection, sync.clinic_id, sync.id, snapshot, settle)
    transaction = connection.transaction()
    await transaction.start()
    try:
        return await reconcile_snapshot(connection, sync.clinic_id, sync.id, snapshot, settle)
    finally:
        await transaction.rollback()
