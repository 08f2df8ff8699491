"""Cancels a sync on request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from engine.clinic import Clinic
from engine.errors import WrongState
from engine.removals import RemovalLimit
from engine.steps.finish_sync import finish_sync
from engine.store.database import Database
from engine.store.syncs.admission import lock_clinic_row, start_waiting
from engine.store.syncs.lifecycle import lock_sync_of
from engine.sync import Limits, SyncStatus


@dataclass(frozen=True, slots=True)
class Cancelled:
    """`changed` is False if the sync had been cancelled before. `started` are syncs that start in its place."""

    changed: bool
    started: Sequence[UUID] = ()


async def cancel(
    database: Database, clinic: Clinic, sync_id: UUID, limits: Limits, removal_limit: RemovalLimit
) -> Cancelled:
    """Cancels a queued or running sync. Raises `UnknownSync`, or `WrongState` if it has ended otherwise."""
    async with database.transaction() as connection:
        await lock_clinic_row(connection, clinic.id)
        sync = await lock_sync_of(connection, clinic, sync_id)
        if sync.status is SyncStatus.CANCELLED:
            return Cancelled(changed=False)
        if sync.status.is_final:
            raise WrongState(f"sync {sync_id} has already ended: {sync.status}")
        await finish_sync(connection, clinic, sync, SyncStatus.CANCELLED, "cancelled by request", removal_limit)
        return Cancelled(changed=True, started=await start_waiting(connection, clinic.id, limits))
