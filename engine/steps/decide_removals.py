"""Applies a person's decision about the removals that a sync holds."""

from __future__ import annotations

from uuid import UUID

from engine.clinic import Clinic
from engine.errors import WrongState
from engine.store.database import Connection, Database
from engine.store.reconciling import approve_removals, reject_removals
from engine.store.syncs.admission import lock_clinic_row
from engine.store.syncs.lifecycle import lock_sync_of, recount_held, settle_held
from engine.sync_reference import LIST_SYNCS


async def approve(database: Database, clinic: Clinic, sync_id: UUID, expected: int | None = None) -> int:
    """Carries out the held removals and returns their number.

    Raises `UnknownSync`, or `WrongState` if none are held, or not as many as the caller has `expected`: what a sync
    holds only becomes less, so the same number is the same removals.
    """
    async with database.transaction() as connection:
        await _lock_held(connection, clinic, sync_id)
        removed = await approve_removals(connection, clinic.id, sync_id)
        count = sum(removed.values())
        _require(count, expected)
        await settle_held(connection, sync_id, removed=count)
        await recount_held(connection, clinic.id)
        return count


async def reject(database: Database, clinic: Clinic, sync_id: UUID, expected: int | None = None) -> int:
    """Drops the held removals and returns their number. Raises like `approve`."""
    async with database.transaction() as connection:
        await _lock_held(connection, clinic, sync_id)
        count = await reject_removals(connection, clinic.id, sync_id)
        _require(count, expected)
        await settle_held(connection, sync_id, removed=0)
        await recount_held(connection, clinic.id)
        return count


def _require(count: int, expected: int | None) -> None:
    if expected not in (None, count):
        raise WrongState(
            f"removals: the sync holds {count} removals now, not {expected}: look at them again, then decide"
        )


async def _lock_held(connection: Connection, clinic: Clinic, sync_id: UUID) -> None:
    await lock_clinic_row(connection, clinic.id)
    sync = await lock_sync_of(connection, clinic, sync_id)
    if sync.dry_run or not sync.removals_held:
        raise WrongState(f"sync {sync_id} has no held removals", hint=LIST_SYNCS)
