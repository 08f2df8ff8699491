"""Cancels the syncs that are still queued from an earlier run, before anything can start them."""

from __future__ import annotations

from actors.settings import Settings
from engine.steps.cancel import cancel
from engine.store.clinics import find_clinic
from engine.store.database import Database
from engine.store.syncs.reading import list_syncs
from engine.sync import SyncStatus

#: More syncs than can be queued on a machine that is just starting.
LIMIT = 10_000


async def cancel_queued(settings: Settings) -> int:
    """Cancels queued syncs and returns their number. Newest first, so that no cancellation lets another sync
    start."""
    database = Database(settings.need_database_url(), size=1)
    count = 0
    try:
        async with database.connection() as connection:
            syncs = await list_syncs(connection, None, LIMIT)
            waiting = [sync for sync in syncs if sync.status is SyncStatus.QUEUED]
            clinics = {sync.clinic: await find_clinic(connection, sync.clinic) for sync in waiting}
        for sync in waiting:
            done = await cancel(database, clinics[sync.clinic], sync.id, settings.limits, settings.removal_limit)
            count += done.changed
    finally:
        await database.close()
    return count
