"""The removals at the end of a sync: carried out, or held for a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from engine.left_out import LeftOutSighting, protected_ids
from engine.removals import (
    MissingAppointment,
    Protection,
    RemovalLimit,
    RemovalPlan,
    StoredOnDate,
    can_be_looked_up,
    decide,
)
from engine.snapshot import LeftOutRecord
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.reconciling.appointments import follow_sightings, place
from engine.store.reconciling.clinic_lock import lock_clinic
from engine.store.reconciling.lookups import lacks_lookup_of_sync, lookups_of
from engine.store.reconciling.repeating import appointment_of

SQL = Queries(__file__)


class RemovalProof(StrEnum):
    """How a removal was proved: by a look-up of the id, by two looks at the calendar, or by a person."""

    IDENTITY = "identity"
    TWO_LOOKS = "two_looks"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Removal:
    """An appointment to remove. `reason`: what the portal says, if it was asked."""

    appointment_id: UUID
    proof: RemovalProof
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Removals:
    """Result of a sync's removals.

    `removed` counts them by date, `held` those that wait for a person, `moved` the appointments that this sync saw
    only elsewhere, or that a look-up found elsewhere; `kept` are those that stay although they were not seen.
    """

    removed: Mapping[date, int]
    held: int = 0
    moved: int = 0
    kept: Sequence[MissingAppointment] = ()


async def plan_removals(connection: Connection, clinic_id: UUID, sync_id: UUID, settle: timedelta) -> RemovalPlan:
    """What no complete scrape of this sync has seen, on dates that it scraped completely. Writes nothing.

    A date is complete if the sync's date is `reconciled`; in any other state it counts as failed.
    """
    await lock_clinic(connection, clinic_id)
    missing = [_missing(row) for row in await connection.fetch(SQL["plan_removals"], clinic_id, sync_id, settle)]
    if not missing:
        return RemovalPlan()
    stored = await connection.fetch(SQL["stored_by_date"], clinic_id, sync_id)
    [looks] = await connection.fetch(SQL["read_since"], clinic_id, sync_id)
    return RemovalPlan(
        await _with_lookups(connection, sync_id, await _protect(connection, sync_id, missing)),
        {row["date"]: StoredOnDate(row["rows"], row["appointments"]) for row in stored},
        looks["read_since"],
        looks["is_quiet"],
    )


async def _protect(
    connection: Connection, sync_id: UUID, missing: Sequence[MissingAppointment]
) -> Sequence[MissingAppointment]:
    """Marks the appointments that a left-out record of the sync may be."""
    rows = await connection.fetch(SQL["left_out_of"], sync_id)
    sightings = [
        LeftOutSighting(row["date"], LeftOutRecord(**json.loads(row["record"])), row["is_repeated"])
        for row in rows
    ]
    ids = protected_ids(sightings, missing)
    return [
        replace(each, protection=each.protection or Protection.LEFT_OUT_RECORD) if each.id in ids else each
        for each in missing
    ]


async def _with_lookups(
    connection: Connection, sync_id: UUID, missing: Sequence[MissingAppointment]
) -> Sequence[MissingAppointment]:
    """Adds what the portal says of each. If it was asked for some only, the others are unchecked."""
    asked = await lookups_of(connection, sync_id)
    if not asked or await lacks_lookup_of_sync(connection, sync_id):
        return missing
    looked_up, at = {each.appointment_id: each.lookup for each in asked}, asked[0].asked_at
    return [
        replace(
            each,
            lookup=looked_up.get(each.id),
            is_unchecked=each.id not in looked_up and each.missing_since < at and can_be_looked_up(each),
        )
        for each in missing
    ]


def _missing(row: Any) -> MissingAppointment:
    protection = row["protection"]
    return MissingAppointment(**dict(row) | {"protection": None if protection is None else Protection(protection)})


async def reconciled_dates(connection: Connection, sync_id: UUID) -> list[date]:
    return [row["date"] for row in await connection.fetch(SQL["reconciled_dates"], sync_id)]


async def apply_removals(
    connection: Connection,
    clinic_id: UUID,
    sync_id: UUID,
    plan: RemovalPlan,
    removal_limit: RemovalLimit,
    *,
    confirmed: bool = False,
) -> Removals:
    """Carries the plan out as far as the limit allows; `plan` must be of the same transaction.

    `confirmed`: as if a second look had confirmed every absence.
    """
    decision = decide(plan, removal_limit, confirmed=confirmed)
    moved = await settle(connection, clinic_id, sync_id)
    if decision.hold:
        await connection.execute(SQL["hold_removals"], sync_id, decision.hold)
    left, arrived = await _follow_lookups(connection, clinic_id, sync_id, decision.moved)
    gone = [
        *(Removal(each, RemovalProof.TWO_LOOKS) for each in decision.remove),
        *(
            Removal(each.id, RemovalProof.IDENTITY, None if each.lookup is None else each.lookup.reason)
            for each in decision.proved
        ),
        *left,
    ]
    removed = await remove(connection, clinic_id, sync_id, gone) if gone else {}
    for each in decision.keep:
        if each.is_contradicted:
            await connection.execute(SQL["mark_back"], clinic_id, each.date, [each.neo_appointment_id])
    return Removals(removed, len(decision.hold), moved + arrived, decision.keep)


async def _follow_lookups(
    connection: Connection, clinic_id: UUID, sync_id: UUID, moved: Sequence[MissingAppointment]
) -> tuple[Sequence[Removal], int]:
    """Moves the appointments that a look-up found on another date of the sync.

    Returns the removals of those that have left the sync's dates, and how many moved.
    """
    if not moved:
        return [], 0
    dates = {row["date"] for row in await connection.fetch(SQL["dates_of_sync"], sync_id)}
    starts = {each.id: each.lookup.starts_at for each in moved if each.lookup and each.lookup.starts_at}
    inside = [each for each in moved if each.id in starts and starts[each.id].date() in dates]
    for each in inside:
        await _move(connection, clinic_id, sync_id, each)
    left = [
        Removal(each.id, RemovalProof.IDENTITY, f"moved to {starts[each.id]:%Y-%m-%d %H:%M}")
        for each in moved
        if each not in inside
    ]
    return left, len(inside)


async def _move(connection: Connection, clinic_id: UUID, sync_id: UUID, missing: MissingAppointment) -> None:
    """Moves the row to the place that the look-up found; the next sync reads its other values there."""
    lookup = missing.lookup
    if lookup is None or lookup.starts_at is None or lookup.ends_at is None:
        return
    [row] = await connection.fetch(SQL["rows_to_move"], clinic_id, [missing.id])
    starts, ends = lookup.starts_at, lookup.ends_at
    moved = replace(
        appointment_of(row),
        date=starts.date(),
        start_time=starts.time(),
        end_time=ends.time(),
        starts_at=starts.astimezone(UTC),
        ends_at=ends.astimezone(UTC),
    )
    await place(connection, clinic_id, sync_id, moved, row["last_synced_at"])


async def settle(connection: Connection, clinic_id: UUID, sync_id: UUID) -> int:
    """Moves appointments that this sync saw only on another date than their row's; returns how many."""
    rows = await connection.fetch(SQL["second_sightings_to_follow"], clinic_id, sync_id)
    if not rows:
        return 0
    return await follow_sightings(connection, clinic_id, sync_id, [row["id"] for row in rows])


async def remove(
    connection: Connection, clinic_id: UUID, sync_id: UUID, removals: Sequence[Removal]
) -> dict[date, int]:
    """Marks the appointments as removed; returns how many from each date."""
    rows = await connection.fetch(
        SQL["remove_appointments"],
        clinic_id,
        sync_id,
        [each.appointment_id for each in removals],
        [each.proof for each in removals],
        [each.reason for each in removals],
    )
    return {row["date"]: row["count"] for row in rows}
