"""Reconciling, compared with the old system's plan and with raw COPY, in one run: `python -m ops.bench reconcile`.

- `ours`: `reconcile_snapshot`, one transaction per date. Besides what the old plan does, it takes the clinic's lock,
  claims the date's newest read, marks missing appointments, detects moves, and records each change with its values
  before and after, for history, undo and events.
- `old`: the previous system's method, date by date: read ids and hashes, compare in the program, insert by hundreds,
  update one by one, each statement in its own transaction.
- `old, one transaction`: the same in one transaction, which is faster than the previous system was.
- `copy`: COPY of the same rows for an empty clinic, without comparing: the upper limit of writing. (Where little
  changes, reading is faster than that.)

All start with the same Python objects, hash each appointment once, and use prepared statements on one warm
connection. Neither side includes the portal, parsing, stored snapshots, slot counts and publishing. The cases:
nothing, 1 % or 100 % of the stored rows have changed, or nothing is stored yet (`new`, the first sync).

The old plan waits for the disk at each update, ours once per date, even if it writes only the time of the newest
read. So the old plan is faster if few rows are spread over many dates (`--days`), if nothing has changed, or if
`fsync` is off; the portal takes a hundred times longer per date than either.

Each round starts from the same rows, freshly vacuumed; the plans take turns. Times are medians over the rounds. A
ratio is the median of the rounds' ratios, each of two adjacent runs, because the machine's speed may vary. CPU is
that of the program and its PostgreSQL process. Exits with 1 if a plan wrote other rows than those that changed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time as clock
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from uuid import UUID

import asyncpg

from engine.store.database import Connection
from engine.store.migrate import migrate
from ops.bench.reconcile_plans import FIRST_DAY, PLANS, Plan, Rows, add_clinic, change, copy_rows, make_rows
from ops.bench.report import conclude, options_of, parser_of
from ops.bench.result import Better, Figure, Ratio, Result
from ops.local.embedded.scratch_postgres import scratch_postgres

#: PostgreSQL chooses its final plan for a prepared statement after five executions.
WARM_UPS = 6

#: Number of rows from which `--rounds` applies; fewer rows are measured more often, because they are noisier.
MANY = 100_000
MOST_ROUNDS_FACTOR = 20

#: Goals for rows per second relative to the old plan, by the share of changed rows.
GOALS = {"1 %": 2.0, "100 %": 10.0}


@dataclass(frozen=True, slots=True)
class Case:
    """A benchmark case: `stored` rows are in the database, `seen` rows are reconciled, `written` of them
    differ."""

    count: int
    changed: str
    stored: Rows
    seen: Rows
    written: int

    @property
    def name(self) -> str:
        return f"{self.count:,} rows, {self.changed} changed"


@dataclass(frozen=True, slots=True)
class Sample:
    """One plan in one round: its seconds, and the appointments that it wrote."""

    wall: float
    cpu: float
    written: int


Samples = Mapping[str, list[Sample]]


def cases(options: argparse.Namespace) -> Iterator[Case]:
    for count in options.rows:
        rows = make_rows(count, options.days)
        for changed in options.changed:
            if changed == "new":
                yield Case(count, changed, [], rows, count)
            else:
                percent = float(changed)
                yield Case(count, f"{changed} %", rows, change(rows, percent), round(count * percent / 100))


async def measure_case(connection: Connection, case: Case, rounds: int) -> Samples:
    samples: dict[str, list[Sample]] = {name: [] for name in PLANS}
    for _ in range(rounds * max(1, min(MOST_ROUNDS_FACTOR, MANY // case.count))):
        for name, plan in PLANS.items():
            samples[name].append(await _measure(connection, plan, case))
    return samples


async def _measure(connection: Connection, plan: Plan, case: Case) -> Sample:
    await connection.execute(
        "truncate schedule_appointments, idexx_sync.schedule_appointment_changes, idexx_sync.schedule_date_scrapes,"
        " idexx_sync.schedule_second_sightings, idexx_sync.schedule_held_removals, idexx_sync.appointment_lookups"
    )
    clinic_id = await add_clinic(connection)
    await copy_rows(connection, clinic_id, case.stored)
    await _warm_up(connection, clinic_id, plan)
    work = await plan(connection, clinic_id, case.seen)
    before = int(await connection.fetchval("select pg_current_xact_id()::text"))
    cpu, started = _cpu(connection), clock.perf_counter()
    await work()
    wall, cpu = clock.perf_counter() - started, _cpu(connection) - cpu
    written = await connection.fetchval(
        "select count(*) from schedule_appointments where xmin::text::bigint > $1", before
    )
    return Sample(wall, cpu, written)


async def _warm_up(connection: Connection, clinic_id: UUID, plan: Plan) -> None:
    """Runs the plan until its statements are planned, as on a long-lived connection; emptying the tables discards
    the plans."""
    few = make_rows(20, 1, FIRST_DAY - timedelta(days=1))
    await copy_rows(connection, clinic_id, few)
    await connection.execute("vacuum analyze schedule_appointments")
    for number in range(WARM_UPS):
        await (await plan(connection, clinic_id, change(few, 50, f"Note {number}")))()


def _cpu(connection: Connection) -> float:
    """Returns the CPU seconds of this process, and of the connection's server process if it is on this machine."""
    try:
        nanoseconds = int(Path(f"/proc/{connection.get_server_pid()}/schedstat").read_text().split()[0])
    except OSError:
        nanoseconds = 0
    return clock.process_time() + nanoseconds / 1e9


def figures(case: Case, samples: Samples) -> Iterator[Figure]:
    for name, taken in samples.items():
        yield Figure(case.name, name, case.count / median(one.wall for one in taken), "rows/s")
    for name, taken in samples.items():
        yield Figure(case.name, f"{name}: CPU", median(one.cpu for one in taken) / case.count * 1e6, "s/million")


def ratios(case: Case, samples: Samples) -> Iterator[Ratio]:
    rounds = zip(samples["ours"], samples["old"], strict=True)
    pairs = [(old.wall / ours.wall, old.cpu / ours.cpu) for ours, old in rounds]
    beside = f"{case.name}: ours beside old"
    yield Ratio(beside, median(wall for wall, _ in pairs), Better.HIGHER, GOALS.get(case.changed))
    yield Ratio(f"{beside}, CPU", median(cpu for _, cpu in pairs), Better.HIGHER)


def faults(case: Case, samples: Samples) -> Iterator[str]:
    for name, taken in samples.items():
        wrong = {one.written for one in taken} - {case.count if name == "copy" else case.written}
        if wrong:
            yield f"{case.name}: {name} wrote {wrong} rows, but {case.written} differed"


async def bench(url: str, options: argparse.Namespace) -> Result:
    found: list[tuple[Case, Samples]] = []
    async with _connection(url) as connection:
        version = await connection.fetchval("show server_version")
        for case in cases(options):
            print(f"{case.name} …", file=sys.stderr)
            found.append((case, await measure_case(connection, case, options.rounds)))
    return Result(
        "reconcile",
        {"days": options.days, "rounds": options.rounds, "postgresql": version},
        [figure for case, samples in found for figure in figures(case, samples)],
        [ratio for case, samples in found for ratio in ratios(case, samples)],
        faults=[fault for case, samples in found for fault in faults(case, samples)],
    )


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
    """Yields `url`, or the URL of a temporary server for the run."""
    if url is not None:
        yield url
        return
    with scratch_postgres() as own:
        yield own


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = parser_of("reconcile", __doc__)
    parser.add_argument("--rows", type=int, nargs="+")
    parser.add_argument("--changed", nargs="+", default=["0", "1", "100", "new"], help="percent changed, or `new`")
    parser.add_argument("--days", type=int, default=1, help="number of dates over which the rows are spread")
    parser.add_argument(
        "--rounds", type=int, default=3, help="rounds with 100,000 rows; fewer rows get up to twenty times as many"
    )
    parser.add_argument(
        "--url",
        help="URL of a PostgreSQL server, in which the run creates a database (default: a temporary server)",
    )
    options = options_of(parser, arguments)
    options.rows = options.rows or ([1_000] if options.quick else [1_000, 10_000, 100_000])
    return options


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    with _server(options.url) as url:
        result = asyncio.run(bench(url, options))
    return conclude(result, options)
