"""The lock by which one clinic's writers take turns."""

from __future__ import annotations

from uuid import UUID

from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def lock_clinic(connection: Connection, clinic_id: UUID) -> None:
    """Waits for the clinic's lock and keeps it until the transaction ends. It is reentrant.

    It must be a statement of its own: one that locks and reads at once would read the state before the lock.
    """
    await connection.execute(SQL["lock_clinic"], clinic_id)
