"""Reads, compares and undoes the changes of syncs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.reconciling.clinic_lock import lock_clinic

SQL = Queries(__file__)

Values = Mapping[str, Any]
"""An appointment's columns, as JSON has them."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one appointment. `before` is None for an added one, `after` for a removed one.

    Both contain personal data: they are for an operator's terminal, never for logs or NATS.
    """

    id: int
    sync_id: UUID
    appointment_id: UUID
    neo_appointment_id: str
    kind: str
    is_undo: bool
    at: datetime
    before: Values | None = field(repr=False)
    after: Values | None = field(repr=False)

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        return changed_fields(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of one appointment between two syncs. None: it was not there."""

    appointment_id: UUID
    neo_appointment_id: str
    before: Values | None = field(repr=False)
    after: Values | None = field(repr=False)

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        return changed_fields(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Undone:
    """Number of appointments put back: restored after a removal, moved back, or given their old values."""

    restored: int = 0
    moved: int = 0
    updated: int = 0


def changed_fields(before: Values | None, after: Values | None) -> dict[str, tuple[Any, Any]]:
    """The differing columns with old and new value; without the hash, which says nothing to a person."""
    old, new = before or {}, after or {}
    names = [name for name in (new or old) if name != "sync_hash"]
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


async def history(connection: Connection, clinic_id: UUID, appointment: str) -> list[Change]:
    """Every change of an appointment, oldest first. `appointment` is its id here (a UUID) or at the portal."""
    return [_change(row) for row in await connection.fetch(SQL["history_of"], clinic_id, appointment)]


async def changes_of(connection: Connection, sync_id: UUID) -> list[Change]:
    """The changes of a sync, in order."""
    return [_change(row) for row in await connection.fetch(SQL["changes_of_sync"], sync_id)]


async def changes_on_date(
    connection: Connection,
    clinic_id: UUID,
    day: date,
    *,
    at: time | None = None,
    column: str | None = None,
    limit: int = 100,
) -> list[Change]:
    """The changes of a date, newest first; with `at` and `column` those of one slot."""
    rows = await connection.fetch(SQL["changes_on_date"], clinic_id, day, at, column, limit)
    return [_change(row) for row in rows]


async def net_changes_of(connection: Connection, sync_id: UUID) -> list[Difference]:
    """The net change of each appointment in a sync, ignoring later undos; unchanged ones are left out."""
    by_appointment: dict[UUID, list[Change]] = {}
    for change in await changes_of(connection, sync_id):
        if not change.is_undo:
            by_appointment.setdefault(change.appointment_id, []).append(change)
    return [net for changes in by_appointment.values() if (net := _net(changes)).before != net.after]


async def difference(connection: Connection, clinic_id: UUID, a: UUID, b: UUID) -> list[Difference]:
    """The changes of the schedule from the end of one sync to the end of the other, whichever was first."""
    rows = await connection.fetch(SQL["changes_between"], clinic_id, a, b)
    return [Difference(**_parsed(row)) for row in rows]


async def undo(connection: Connection, clinic_id: UUID, sync_id: UUID) -> Undone:
    """Puts back what the sync removed or changed, unless something newer touched it, and recounts the slots.

    What it added or restored stays. The next sync applies what the portal shows, as always: an undo is for when
    the portal showed wrong data. A second undo finds nothing to do.
    """
    await lock_clinic(connection, clinic_id)
    rows = await connection.fetch(SQL["undo_sync"], clinic_id, sync_id)
    if rows:
        days = [day for row in rows for day in (row["left_date"], row["date"])]
        await connection.execute(SQL["link_slots"], clinic_id, min(days), max(days))
        await connection.execute(SQL["update_slot_counts"], clinic_id, min(days), max(days))
    kinds = [row["kind"] for row in rows]
    return Undone(kinds.count("restored"), kinds.count("moved"), kinds.count("updated"))


def _net(changes: Sequence[Change]) -> Difference:
    first, last = changes[0], changes[-1]
    before = None if first.kind in ("added", "restored") else first.before
    return Difference(first.appointment_id, first.neo_appointment_id, before, last.after)


def _change(row: Any) -> Change:
    return Change(**_parsed(row))


def _parsed(row: Any) -> dict[str, Any]:
    sides = {side: None if row[side] is None else json.loads(row[side]) for side in ("before", "after")}
    return dict(row) | sides
