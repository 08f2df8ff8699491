"""The Reconciler's step: bring the stored appointments of one date in line with what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from engine.snapshot import Snapshot
from engine.store.database import Connection, Database
from engine.store.reconciling import DateCounts, reconcile_snapshot
from engine.store.syncs import dates as sync_dates
from engine.store.syncs.lifecycle import lock_sync
from engine.sync import Sync, SyncStatus


@dataclass(frozen=True, slots=True)
class Reconciled:
    """`is_last`: no date of the sync is open any more, so it is for the Coordinator to end it."""

    clinic_id: UUID
    is_last: bool


async def reconcile_date(database: Database, sync_id: UUID, day: date) -> Reconciled | None:
    """Applies the date's snapshot and closes the date, in one transaction.

    None if the sync has ended, and then nothing is written. A date that is closed already is left as it is. Raises
    `Unavailable` if the database is away.
    """
    async with database.transaction() as connection:
        sync = await lock_sync(connection, sync_id)
        if sync is None or sync.status is not SyncStatus.IN_PROGRESS:
            return None
        snapshot = await sync_dates.load_snapshot(connection, sync_id, day)
        if snapshot is not None:
            counts = await _apply(connection, sync, snapshot)
            await sync_dates.complete(
                connection,
                sync_id,
                day,
                added=counts.added,
                updated=counts.updated + counts.moved + counts.restored,
                unchanged=counts.unchanged,
            )
        return Reconciled(sync.clinic_id, is_last=not await sync_dates.any_open(connection, sync_id))


async def _apply(connection: Connection, sync: Sync, snapshot: Snapshot) -> DateCounts:
    """A dry run counts what would change, and takes it back."""
    if not sync.dry_run:
        return await reconcile_snapshot(connection, sync.clinic_id, sync.id, snapshot)
    rehearsal = connection.transaction()
    await rehearsal.start()
    try:
        return await reconcile_snapshot(connection, sync.clinic_id, sync.id, snapshot)
    finally:
        await rehearsal.rollback()
