"""Remembers by name the unknown fields of clinics' records, so that each new one is noticed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from engine.failure import Failure
from engine.snapshot import NO_NAME, Snapshot
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.syncs.lifecycle import add_warning
from engine.warnings import SyncWarning, WarningCode

SQL = Queries(__file__)


async def remember_fields(connection: Connection, clinic_id: UUID, names: Iterable[str]) -> list[str]:
    """Stores the names; returns those that were not stored before, sorted."""
    # Sorted, so that two workers that store the same names do not deadlock.
    wanted = sorted(set(names))
    if not wanted:
        return []
    return sorted(row["name"] for row in await connection.fetch(SQL["remember_fields"], clinic_id, wanted))


async def warn_of_new_fields(
    connection: Connection, clinic_id: UUID, sync_id: UUID, found: Iterable[Snapshot | Failure]
) -> None:
    """Warns once of each field that the clinic's records did not have before."""
    names = {name for each in found if isinstance(each, Snapshot) for name in each.proof.unknown_fields}
    if new := await remember_fields(connection, clinic_id, names - {NO_NAME}):
        await add_warning(connection, sync_id, SyncWarning(WarningCode.NEW_FIELDS, ", ".join(new), len(new)))


async def unknown_fields(connection: Connection) -> Mapping[str, list[str]]:
    """The names of each clinic that has any, by slug."""
    return {row["slug"]: row["names"] for row in await connection.fetch(SQL["unknown_fields"])}
