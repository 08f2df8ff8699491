"""Removals above the limit: a person reads them, then approves or rejects them.

A held removal ends by itself when a later sync sees the appointment, since the absence is over. It stays when a
later sync misses the appointment again, even after a rejection: nothing is removed without asking, and no leftover
row goes unnoticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from engine.removals import MissingAppointment
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.reconciling.clinic_lock import lock_clinic
from engine.store.reconciling.removals import Removal, RemovalProof, remove

SQL = Queries(__file__)


async def held_removals(connection: Connection, sync_id: UUID) -> list[MissingAppointment]:
    """The removals that still wait for a decision, in the order of the schedule."""
    return [MissingAppointment(**row) for row in await connection.fetch(SQL["held_removals"], sync_id)]


async def approve_removals(connection: Connection, clinic_id: UUID, sync_id: UUID) -> Mapping[date, int]:
    """Carries out the sync's held removals and recounts the slots of their dates.

    Returns how many were removed from each date. A second approval finds nothing to do.
    """
    await lock_clinic(connection, clinic_id)
    ids = [held.id for held in await held_removals(connection, sync_id)]
    if not ids:
        return {}
    approved = [Removal(each, RemovalProof.PERSON) for each in ids]
    removed = await remove(connection, clinic_id, sync_id, approved)
    await connection.execute(SQL["decide_held"], ids, "approved")
    await connection.execute(SQL["update_slot_counts"], clinic_id, min(removed), max(removed))
    return removed


async def reject_removals(connection: Connection, clinic_id: UUID, sync_id: UUID) -> int:
    """Drops the sync's held removals; returns how many.

    A later sync that still misses the appointments holds them again, however few they are.
    """
    await lock_clinic(connection, clinic_id)
    ids = [held.id for held in await held_removals(connection, sync_id)]
    await connection.execute(SQL["decide_held"], ids, "rejected")
    return len(ids)
