"""One date's snapshot against the stored appointments."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID

from engine.appointment import Appointment
from engine.diff import diff_date
from engine.snapshot import Snapshot
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.reconciling.clinic_lock import lock_clinic

SQL = Queries(__file__)

#: The columns of a scraped appointment beside its date, in the order of the arrays that the statements take.
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


#: From so many differing rows on, COPY is quicker than arrays.
BULK_ROWS = 500

#: A slice of hashing: less than half a millisecond.
HASHED_AT_ONCE = 500

_values = attrgetter(*_COLUMNS)


@dataclass(frozen=True, slots=True)
class DateCounts:
    """What the database says was done for one date.

    `superseded`: nothing, since a newer scrape of the date has been applied.
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    restored: int = 0
    unchanged: int = 0
    superseded: bool = False


async def reconcile_snapshot(
    connection: Connection, clinic_id: UUID, sync_id: UUID, snapshot: Snapshot
) -> DateCounts:
    """Brings the stored appointments of the snapshot's date in line with it, and records each change.

    Nothing is removed here: what is gone is only marked as missing. Waits for the clinic's turn, and keeps it until
    the transaction ends.
    """
    stored, seen = await _read_while_hashing(connection, clinic_id, sync_id, snapshot)
    if stored is None:
        return DateCounts(superseded=True)
    hashes = dict(zip(stored["ids"] or (), stored["hashes"] or (), strict=True))
    diff = diff_date(hashes, frozenset(stored["missing"] or ()), seen)
    writer = _DateWriter(connection, clinic_id, sync_id, snapshot, seen)
    await writer.write("change_on_date", diff.changed)
    await writer.write("bring_to_date", diff.arrived)
    await writer.mark_back(diff.back)
    await writer.mark_missing(diff.gone)
    await writer.drop_sightings([key for key in stored["sighted"] or () if key not in seen])
    return writer.counts()


async def _read_while_hashing(
    connection: Connection, clinic_id: UUID, sync_id: UUID, snapshot: Snapshot
) -> tuple[Any, Mapping[str, str]]:
    """What stands on the date (None: a newer scrape has been applied), and the hashes of what was seen, by id.

    PostgreSQL reads while Python hashes, so the longer of the two is the time that it takes.
    """
    try:
        async with asyncio.TaskGroup() as both:
            reading = both.create_task(_look_in_turn(connection, clinic_id, sync_id, snapshot))
            hashing = both.create_task(_hash_all(snapshot.appointments))
    except ExceptionGroup as group:
        raise group.exceptions[0] from None  # the caller knows the connection's errors, and no groups of them
    return reading.result(), hashing.result()


async def _look_in_turn(connection: Connection, clinic_id: UUID, sync_id: UUID, snapshot: Snapshot) -> Any:
    await lock_clinic(connection, clinic_id)
    return await connection.fetchrow(SQL["look_at_date"], clinic_id, snapshot.date, snapshot.scraped_at, sync_id)


async def _hash_all(appointments: Sequence[Appointment]) -> Mapping[str, str]:
    """By id; one that comes twice counts once, as it came last. In slices, between which PostgreSQL's answers are
    taken."""
    hashes: dict[str, str] = {}
    for start in range(0, len(appointments), HASHED_AT_ONCE):
        part = appointments[start : start + HASHED_AT_ONCE]
        hashes |= {one.neo_appointment_id: one.sync_hash for one in part}
        await asyncio.sleep(0)
    return hashes


class _DateWriter:
    """Writes what differs on one date, and adds up what the database answers."""

    def __init__(
        self, connection: Connection, clinic_id: UUID, sync_id: UUID, snapshot: Snapshot, seen: Mapping[str, str]
    ) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._sync_id = sync_id
        self._snapshot = snapshot
        self._seen = seen
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
        records = [(*_values(one), self._seen[key]) for key, one in found.items()]
        if len(records) < BULK_ROWS:
            statement = f"with {SQL['incoming']}, {SQL[query]}"
            arrays = [list(column) for column in zip(*records, strict=True)]
            rows = await self._connection.fetch(statement, *self._scrape, *arrays)
        else:
            rows = await self._write_bulk(f"with {SQL[query]}", records)
        for row in rows:
            self._counts[row["kind"]] += row["count"]

    async def _write_bulk(self, statement: str, records: Sequence[tuple[Any, ...]]) -> list[Any]:
        await self._connection.execute(SQL["enlarge_work_mem"])
        await self._connection.execute(SQL["create_incoming"])
        await self._connection.copy_records_to_table("incoming", records=records)
        rows = await self._connection.fetch(statement, *self._scrape)
        await self._connection.execute(SQL["drop_incoming"])
        return rows

    async def mark_back(self, keys: Sequence[str]) -> None:
        if keys:
            await self._connection.execute(SQL["mark_back"], self._clinic_id, self._snapshot.date, keys)

    async def mark_missing(self, keys: Sequence[str]) -> None:
        if not keys:
            return
        rows = await self._connection.fetch(
            SQL["mark_missing"], self._clinic_id, self._snapshot.date, self._snapshot.scraped_at, keys
        )
        missing = [row["id"] for row in rows]
        self._left = await follow_sightings(self._connection, self._clinic_id, self._sync_id, missing)

    async def drop_sightings(self, keys: Sequence[str]) -> None:
        if keys:
            await self._connection.execute(SQL["drop_sightings"], self._clinic_id, self._snapshot.date, keys)

    def counts(self) -> DateCounts:
        """What moved away from the date counts as moved, too, though it was not seen here."""
        came = self._counts
        return DateCounts(
            added=came["added"],
            updated=came["updated"],
            moved=came["moved"] + self._left,
            restored=came["restored"],
            unchanged=len(self._seen) - sum(came.values()),
        )


async def follow_sightings(
    connection: Connection, clinic_id: UUID, sync_id: UUID, appointment_ids: Sequence[UUID]
) -> int:
    """Moves those of the appointments that another date shows to that date; answers how many."""
    rows = await connection.fetch(SQL["follow_sightings"], clinic_id, sync_id, appointment_ids)
    return sum(row["count"] for row in rows)
