"""The Reconciler's step: brings the stored appointments of a span's dates in line with their snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from engine.errors import Unavailable
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
    """Applies the snapshots of the date and of the other scraped dates of its span, and closes these dates.

    One transaction for all; if it fails, one for each date, so that a bad snapshot does not hold up the others: its
    error is raised when they are done. A move is shown at both places for `settle` at most. Returns None if the
    sync has ended, and then writes nothing. A date that is closed already is left unchanged. Raises `Unavailable`
    if the database is unreachable.
    """
    async with database.connection() as connection:
        days = await sync_dates.scraped_with(connection, sync_id, day) or [day]
    try:
        return await _reconcile(database, sync_id, days, settle)
    except Unavailable:
        raise
    except Exception:
        if len(days) == 1:
            raise
    return await _reconcile_each(database, sync_id, days, settle)


async def _reconcile_each(
    database: Database, sync_id: UUID, days: Sequence[date], settle: timedelta
) -> Reconciled | None:
    """Reconciles each date by itself; raises the first error at the end."""
    done, errors = None, []
    for day in days:
        try:
            done = await _reconcile(database, sync_id, [day], settle)
        except Unavailable:
            raise
        except Exception as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return done


async def _reconcile(
    database: Database, sync_id: UUID, days: Sequence[date], settle: timedelta
) -> Reconciled | None:
    async with database.transaction() as connection:
        sync = await lock_sync(connection, sync_id)
        if sync is None or sync.status is not SyncStatus.IN_PROGRESS:
            return None
        counts = {
            snapshot.date: await _apply(connection, sync, snapshot, settle)
            for snapshot in await sync_dates.load_snapshots(connection, sync_id, days)
        }
        for day in await _undecided(connection, sync, counts):
            del counts[day]
            await sync_dates.fail(connection, sync.id, day, UNDECIDED)
        await sync_dates.complete(
            connection,
            sync.id,
            {
                day: sync_dates.ClosedCounts(
                    added=count.added,
                    updated=count.updated + count.moved + count.restored,
                    unchanged=count.unchanged,
                )
                for day, count in counts.items()
            },
        )
        return Reconciled(sync.clinic_id, is_last=not await sync_dates.any_open(connection, sync_id))


async def _undecided(connection: Connection, sync: Sync, counts: dict[date, DateCounts]) -> list[date]:
    """The dates that share an id with another one, and of which two looks do not decide whether it moves."""
    return [
        day
        for day, count in counts.items()
        if count.shares_ids and await is_undecided(connection, sync.clinic_id, sync.id, day)
    ]


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
