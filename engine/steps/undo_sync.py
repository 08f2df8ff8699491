"""Puts back what a sync changed, for when the portal showed wrong data."""

from __future__ import annotations

from uuid import UUID

from engine.clinic import Clinic
from engine.errors import WrongState
from engine.store.database import Database
from engine.store.reconciling import Undone, undo
from engine.store.syncs.admission import lock_clinic_row
from engine.store.syncs.lifecycle import lock_sync_of


async def undo_sync(database: Database, clinic: Clinic, sync_id: UUID) -> Undone:
    """Puts back what the sync removed or changed, unless something newer touched it, and recounts the slots.

    Raises `UnknownSync`, or `WrongState` while the sync can still change something.
    """
    async with database.transaction() as connection:
        await lock_clinic_row(connection, clinic.id)
        sync = await lock_sync_of(connection, clinic, sync_id)
        if not sync.status.is_final:
            raise WrongState(
                f"sync {sync_id} is {sync.status}; wait for its end, or cancel it",
                hint=f"idexx-sync cancel {clinic.slug} {sync_id}",
            )
        return await undo(connection, clinic.id, sync_id)
