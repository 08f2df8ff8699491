"""One clinic's writers take turns."""

from __future__ import annotations

from uuid import UUID

from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def lock_clinic(connection: Connection, clinic_id: UUID) -> None:
    """Waits for the clinic's turn and keeps it until the transaction ends. May be taken again within it.

    It must be a statement of its own: one that locks and reads at once would read what was there before.
    """
    await connection.execute(SQL["lock_clinic"], clinic_id)
