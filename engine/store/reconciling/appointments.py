"""Reconciles one date's snapshot with the stored appointments."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from engine.appointment import REFERENCES, Appointment
from engine.diff import diff_date
from engine.repeating import SETTLE, occurrences
from engine.snapshot import Proof, Snapshot
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.reconciling.repeating import found_repeating, split

SQL = Queries(__file__)

#: Columns of a scraped appointment besides its date and hash, in the order of PostgreSQL's
#: `schedule_seen_appointment`.
_COLUMNS = (
    "neo_appointment_id",
    "start_time",
    "end_time",
    "starts_at",
    "ends_at",
    "patient_name",
    "client_name",
    "client_phone",
    "client_phone_raw",
    "provider_name",
    "room_id",
    "appointment_type",
    "status",
    "notes",
)

#: Appointments hashed without a pause: less than a millisecond.
HASHED_AT_ONCE = 1000

_values = attrgetter(*_COLUMNS)
_references = attrgetter(*REFERENCES)


@dataclass(frozen=True, slots=True)
class DateCounts:
    """Number of changes that the database made for one date.

    `superseded`: none, since a newer scrape of the date has been applied. `shares_ids`: another date may show an
    id of this one as well.
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    restored: int = 0
    unchanged: int = 0
    superseded: bool = False
    shares_ids: bool = field(default=False, compare=False)


async def reconcile_snapshot(
    connection: Connection,
    clinic_id: UUID,
    sync_id: UUID,
    snapshot: Snapshot,
    settle: timedelta = SETTLE,
) -> DateCounts:
    """Brings the stored appointments of the snapshot's date in line with it, and records each change.

    Nothing is removed here: what is gone is only marked as missing. An id that two places have shown for longer
    than `settle` repeats: each place gets a row of its own. Waits for the clinic's lock, and keeps it until the
    transaction ends.
    """
    look, hashes = await _look_while_hashing(connection, clinic_id, sync_id, snapshot)
    if look is None:
        return DateCounts(superseded=True)
    split_into = 0
    if found := await found_repeating(connection, clinic_id, look, hashes.keys(), settle):
        split_into = await _split(connection, clinic_id, sync_id, snapshot, found)
        look = await _look(connection, clinic_id, sync_id, snapshot)
    if repeating := hashes.keys() & set(look["repeating"] or ()):
        snapshot = replace(snapshot, appointments=occurrences(snapshot.appointments, repeating))
        hashes = await _hash_all(snapshot.appointments)
    diff = diff_date(look["ids"] or (), look["hashes"] or (), look["missing"] or (), hashes)
    writer = _DateWriter(connection, clinic_id, sync_id, snapshot, hashes)
    await writer.write("change_on_date", diff.changed)
    await writer.write("bring_to_date", diff.arrived)
    await writer.mark_back(diff.back)
    await writer.mark_missing(diff.gone)
    await writer.drop_sightings([key for key in look["sighted"] or () if key not in hashes])
    counts = writer.counts()
    shares_ids = bool(look["contested"] or diff.arrived)
    return replace(counts, added=counts.added + split_into, shares_ids=shares_ids)


async def _split(
    connection: Connection, clinic_id: UUID, sync_id: UUID, snapshot: Snapshot, portal_ids: Collection[str]
) -> int:
    """Makes a row for each place of the repeating ids; returns how many were added."""
    added = 0

    async def add(scraped_at: datetime, one: Appointment) -> None:
        nonlocal added
        place = replace(snapshot, date=one.date, scraped_at=scraped_at, appointments=(one,))
        hashes = await _hash_all(place.appointments)
        await _DateWriter(connection, clinic_id, sync_id, place, hashes).write("bring_to_date", list(hashes))
        added += 1

    await split(connection, clinic_id, portal_ids, add)
    return added


async def _look(connection: Connection, clinic_id: UUID, sync_id: UUID, snapshot: Snapshot) -> Any:
    has_references = snapshot.has_references
    return await connection.fetchrow(
        SQL["look_at_date"], clinic_id, snapshot.date, snapshot.scraped_at, sync_id, has_references
    )


async def _look_while_hashing(
    connection: Connection, clinic_id: UUID, sync_id: UUID, snapshot: Snapshot
) -> tuple[Any, Mapping[str, str]]:
    """What is stored for the date (None: a newer scrape has been applied), and the snapshot's hashes by id.

    PostgreSQL reads while Python hashes, so it takes the longer of the two times.
    """
    try:
        async with asyncio.TaskGroup() as group:
            look = group.create_task(_look(connection, clinic_id, sync_id, snapshot))
            hashes = await _hash_all(snapshot.appointments)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None  # the caller handles the connection's errors, not groups of them
    return look.result(), hashes


async def _hash_all(appointments: Sequence[Appointment]) -> Mapping[str, str]:
    """Hashes by id; of repeated ids the last one counts. Pauses between slices, so other tasks can run."""
    hashes: dict[str, str] = {}
    for start in range(0, len(appointments), HASHED_AT_ONCE):
        await asyncio.sleep(0)
        for one in appointments[start : start + HASHED_AT_ONCE]:
            hashes[one.neo_appointment_id] = one.sync_hash + one.references_hash
    return hashes


class _DateWriter:
    """Writes the differences of one date, and adds up the counts that the database returns."""

    def __init__(
        self, connection: Connection, clinic_id: UUID, sync_id: UUID, snapshot: Snapshot, hashes: Mapping[str, str]
    ) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._sync_id = sync_id
        self._snapshot = snapshot
        self._hashes = hashes
        self._scrape = (clinic_id, sync_id, snapshot.scraped_at, snapshot.date)
        self._counts = {"added": 0, "updated": 0, "moved": 0, "restored": 0}
        self._left = 0

    async def write(self, query: str, keys: Sequence[str]) -> None:
        if not keys:
            return
        wanted = frozenset(keys)
        found = {
            one.neo_appointment_id: one for one in self._snapshot.appointments if one.neo_appointment_id in wanted
        }
        records = [
            (*_values(one), one.sync_hash, *_references(one), one.references_hash) for one in found.values()
        ]
        has_references = self._snapshot.has_references
        for row in await self._connection.fetch(SQL[query], *self._scrape, records, has_references):
            self._counts[row["kind"]] += row["count"]

    async def mark_back(self, keys: Sequence[str]) -> None:
        if keys:
            await self._connection.execute(SQL["mark_back"], self._clinic_id, self._snapshot.date, keys)

    async def mark_missing(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        rows = await self._connection.fetch(
            SQL["mark_missing"], self._clinic_id, self._snapshot.date, self._snapshot.answered_by, keys
        )
        missing = [row["id"] for row in rows]
        self._left = await follow_sightings(self._connection, self._clinic_id, self._sync_id, missing)

    async def drop_sightings(self, keys: Sequence[str]) -> None:
        if keys:
            await self._connection.execute(SQL["drop_sightings"], self._clinic_id, self._snapshot.date, keys)

    def counts(self) -> DateCounts:
        """The counts. What moved away from the date counts as moved, although it was not seen here."""
        came = self._counts
        return DateCounts(
            added=came["added"],
            updated=came["updated"],
            moved=came["moved"] + self._left,
            restored=came["restored"],
            unchanged=len(self._hashes) - sum(came.values()),
        )


async def place(
    connection: Connection, clinic_id: UUID, sync_id: UUID, appointment: Appointment, seen_at: datetime
) -> None:
    """Brings one appointment to a date on which it is not stored, as if a scrape of `seen_at` had shown it there."""
    day = appointment.date
    proof = Proof(200, "", "appointment", 1, day, day)
    hashes = await _hash_all([appointment])
    writer = _DateWriter(connection, clinic_id, sync_id, Snapshot(day, seen_at, (appointment,), proof), hashes)
    await writer.write("bring_to_date", list(hashes))


async def follow_sightings(
    connection: Connection, clinic_id: UUID, sync_id: UUID, appointment_ids: Sequence[UUID]
) -> int:
    """Moves each appointment that another date shows to that date; returns how many."""
    rows = await connection.fetch(SQL["follow_sightings"], clinic_id, sync_id, appointment_ids)
    return sum(row["count"] for row in rows)
