"""Fails the dates of a dead-lettered message, so that no sync stays open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from engine.failure import Failure
from engine.store.database import Database
from engine.store.syncs import dates as sync_dates
from engine.store.syncs.lifecycle import lock_sync
from engine.sync import SyncStatus


async def give_up_dates(database: Database, sync_id: UUID, dates: Sequence[date], failure: Failure) -> None:
    """Marks the dates as failed, whatever worker holds them, unless they are closed or their sync has ended."""
    async with database.transaction() as connection:
        sync = await lock_sync(connection, sync_id)
        if sync is not None and sync.status is SyncStatus.IN_PROGRESS:
            for day in dates:
                await sync_dates.fail(connection, sync_id, day, failure)
