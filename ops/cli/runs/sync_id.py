"""The sync id argument, and the lookup of a sync with its clinic."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from engine.clinic import Clinic
from engine.store.clinics import find_clinic
from engine.store.database import Connection
from engine.store.syncs.reading import get_sync
from engine.sync import Sync

SyncId = Annotated[UUID, Parameter(help="A sync's id, as `runs` shows it.")]


async def find_sync(connection: Connection, sync_id: UUID) -> tuple[Clinic, Sync]:
    """Returns the sync and its clinic. Raises `UnknownSync`."""
    sync = await get_sync(connection, sync_id)
    return await find_clinic(connection, str(sync.clinic_id)), sync
