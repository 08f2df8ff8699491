"""How fast a clinic's bookable starts are found: `python -m ops.bench offer`.

One clinic with six columns, opening hours of ten hours on seven days, lunch, a choice of columns, 60 appointments a
day, some bookings by telephone. A call asks for the starts of the next 14 days. `one caller` asks as fast as it is
answered; `callers` are 50 connections, each of which asks once a second. Both are measured with 30 and with 1,000
days of history, which must make no difference; that is compared by the server's CPU, which a busy machine changes
least.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import asyncpg

from engine.store.migrate import migrate
from engine.store.queries import Queries
from ops.bench.report import conclude, options_of, parser_of
from ops.bench.result import Better, Figure, Ratio, Result
from ops.local.embedded.scratch_postgres import scratch_postgres

SQL = Queries(str(Path(__file__).parent / "offer_clinic" / "_"))

#: Milliseconds: of the median call of one caller, and of all but a twentieth of the calls of fifty.
GOAL_ONE, GOAL_MANY = 5.0, 20.0

#: How much slower a long history may be.
GOAL_HISTORY = 1.25

DAYS = 14
ASK = f"select * from idexx_sync.bookable_starts($1, now(), now() + interval '{DAYS} days')"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds of each call of one caller and of many, and the server's CPU for one caller's call."""

    one: list[float]
    cpu: float
    many: list[float]


async def bench(url: str, options: argparse.Namespace) -> Result:
    taken: dict[int, Taken] = {}
    found = 0
    for days in options.history:
        name = f"offer_{days}"
        server = await asyncpg.connect(url)
        await server.execute(f"create database {name}")
        connection = await asyncpg.connect(url, database=name)
        await migrate(connection)
        clinic_id = await connection.fetchval(SQL["clinic"], days)
        await connection.execute("vacuum analyze")
        found = len(await connection.fetch(ASK, clinic_id))
        one, cpu = await one_caller(connection, clinic_id, options.calls)
        taken[days] = Taken(one, cpu, await callers(url, name, clinic_id, options.callers, options.seconds))
        await connection.close()
        await server.execute(f"drop database {name} with (force)")
        await server.close()
    return result_of(taken, found, options)


async def one_caller(connection: asyncpg.Connection, clinic_id: UUID, calls: int) -> tuple[list[float], float]:
    """The milliseconds of each call, and of CPU for one. The first ones, which plan, do not count."""
    for _ in range(10):
        await _ask(connection, clinic_id)
    before = _cpu(connection)
    taken = [await _ask(connection, clinic_id) for _ in range(calls)]
    return taken, (_cpu(connection) - before) / calls


def _cpu(connection: asyncpg.Connection) -> float:
    """The CPU milliseconds of the connection's server process."""
    return int(Path(f"/proc/{connection.get_server_pid()}/schedstat").read_text().split()[0]) / 1e6


async def callers(url: str, database: str, clinic_id: UUID, count: int, seconds: int) -> list[float]:
    """The milliseconds of each call of `count` callers who ask once a second, each at its own moment."""
    async with AsyncExitStack() as stack:
        lines = [await asyncpg.connect(url, database=database) for _ in range(count)]
        for line in lines:
            stack.push_async_callback(line.close)
            for _ in range(7):
                await _ask(line, clinic_id)
        taken: list[float] = []

        async def ask(line: asyncpg.Connection, start: float) -> None:
            for n in range(seconds):
                await asyncio.sleep(max(start + n - time.perf_counter(), 0))
                taken.append(await _ask(line, clinic_id))

        start = time.perf_counter() + 0.2
        await asyncio.gather(*(ask(line, start + random.random()) for line in lines))  # noqa: S311
        return taken


async def _ask(connection: asyncpg.Connection, clinic_id: UUID) -> float:
    started = time.perf_counter()
    await connection.fetch(ASK, clinic_id)
    return (time.perf_counter() - started) * 1000


def result_of(taken: dict[int, Taken], found: int, options: argparse.Namespace) -> Result:
    figures, ratios = [], []
    for days, calls in taken.items():
        one, many = calls.one, calls.many
        group = f"{days} days of history"
        p95 = quantiles(many, n=20)[-1]
        figures += [
            Figure(group, "one caller: median", median(one), "ms"),
            Figure(group, "one caller: p95", quantiles(one, n=20)[-1], "ms"),
            Figure(group, "one caller: CPU of the server", calls.cpu, "ms"),
            Figure(group, f"{options.callers} callers: median", median(many), "ms"),
            Figure(group, f"{options.callers} callers: p95", p95, "ms"),
        ]
        ratios += [
            Ratio(f"{group}: one caller's median beside {GOAL_ONE:g} ms", median(one) / GOAL_ONE, Better.LOWER, 1),
            Ratio(f"{group}: callers' p95 beside {GOAL_MANY:g} ms", p95 / GOAL_MANY, Better.LOWER, 1),
        ]
    first, last = min(taken), max(taken)
    ratios.append(
        Ratio(
            "long history beside short: CPU",
            taken[last].cpu / taken[first].cpu,
            Better.LOWER,
            GOAL_HISTORY,
        )
    )
    settings = {"callers": options.callers, "seconds": options.seconds, "days": DAYS, "starts": found}
    return Result("offer", settings, figures, ratios, faults=[] if found else ["no start was found"])


def main(arguments: Sequence[str]) -> int:
    parser = parser_of("offer", __doc__)
    parser.add_argument("--history", type=int, nargs="+", default=[30, 1000], help="days of history")
    parser.add_argument("--callers", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=20, help="how long the callers ask")
    parser.add_argument("--calls", type=int, default=300, help="calls of the one caller")
    options = options_of(parser, arguments)
    if options.quick:
        options.history, options.seconds, options.calls = [3, 30], 2, 20
    with scratch_postgres() as url:
        return conclude(asyncio.run(bench(url, options)), options)
