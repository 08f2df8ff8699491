"""What a pooler costs: the same work directly and through PgBouncer, in one run: `python -m ops.bench pooler`.

A pooler in transaction mode loses named prepared statements, so each statement is parsed again and takes one more
round trip. The run compares four ways to the same server, on sockets of this machine:

- `direct`: named prepared statements, as without a pooler (the base of the ratios);
- `direct, unnamed`: the same connection without them;
- `PgBouncer, session mode`: named ones again;
- `PgBouncer, transaction mode`: unnamed ones, as gateways and workers use it.

`statement` is one small query outside of a transaction. `date` reconciles a date of 40 appointments, 2 of which have
changed, in one transaction. The ways take turns; figures are medians, and a ratio is the median of the ratios of the
rounds. Over a network, each added round trip costs the network's latency as well. Needs Debian's pgbouncer.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time as clock
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from statistics import median
from typing import Any
from uuid import UUID

import asyncpg

from engine.store.connecting import Connector
from engine.store.database import Connection
from engine.store.migrate import migrate
from engine.store.pool_mode import PoolMode
from ops.bench.pgbouncer import PgBouncerMissing, pgbouncer
from ops.bench.reconcile_plans import add_clinic, change, copy_rows, make_rows, ours
from ops.bench.report import conclude, options_of, parser_of
from ops.bench.result import Better, Figure, Ratio, Result
from ops.local.embedded.scratch_postgres import scratch_postgres

DIRECT = "direct"

#: Appointments of the date, and the percentage that changes.
ROWS, CHANGED = 40, 5.0

#: Executions before the measurement: PostgreSQL chooses the final plan of a prepared statement after five.
WARM_UPS = 6

#: Seconds for one connection.
CONNECT_TIMEOUT = 15.0

#: Seconds by kind of work and way, one for each round.
Samples = dict[str, dict[str, list[float]]]


async def bench(urls: Mapping[str, tuple[str, PoolMode]], options: argparse.Namespace) -> Result:
    samples: Samples = {kind: {way: [] for way in urls} for kind in ("statement", "date")}
    async with AsyncExitStack() as opened:
        connections = {way: await _connect(opened, url, mode) for way, (url, mode) in urls.items()}
        await migrate(await _connect(opened, *urls[DIRECT]))
        clinic_id = await add_clinic(connections[DIRECT])
        await copy_rows(connections[DIRECT], clinic_id, make_rows(ROWS, 1))
        for number in range(WARM_UPS + options.rounds):
            for way, connection in connections.items():
                found = (
                    await _statement(connection, clinic_id),
                    await _date(connection, clinic_id, f"{way} {number}"),
                )
                if number >= WARM_UPS:
                    for kind, seconds in zip(samples, found, strict=True):
                        samples[kind][way].append(seconds)
    return Result("pooler", {"rounds": options.rounds}, _figures(samples), _ratios(samples))


async def _connect(opened: AsyncExitStack, url: str, mode: PoolMode) -> asyncpg.Connection[Any]:
    connection = await Connector(url, mode).connect(timeout=CONNECT_TIMEOUT)
    opened.push_async_callback(connection.close)
    return connection


async def _statement(connection: Connection, clinic_id: UUID) -> float:
    begun = clock.perf_counter()
    await connection.fetchval("select name from clinics where id = $1", clinic_id)
    return clock.perf_counter() - begun


async def _date(connection: Connection, clinic_id: UUID, note: str) -> float:
    work = await ours(connection, clinic_id, change(make_rows(ROWS, 1), CHANGED, note))
    begun = clock.perf_counter()
    await work()
    return clock.perf_counter() - begun


def _figures(samples: Samples) -> list[Figure]:
    return [
        Figure(kind, way, median(taken) * 1000, "ms")
        for kind, ways in samples.items()
        for way, taken in ways.items()
    ]


def _ratios(samples: Samples) -> list[Ratio]:
    return [
        Ratio(
            f"{kind}: {way} beside {DIRECT}",
            median(one / base for one, base in zip(taken, ways[DIRECT], strict=True)),
            Better.LOWER,
        )
        for kind, ways in samples.items()
        for way, taken in ways.items()
        if way != DIRECT
    ]


def main(arguments: Sequence[str]) -> int:
    parser = parser_of("pooler", __doc__)
    parser.add_argument("--rounds", type=int)
    options = options_of(parser, arguments)
    options.rounds = options.rounds or (20 if options.quick else 500)
    try:
        with ExitStack() as servers:
            url = servers.enter_context(scratch_postgres())
            by_transaction = servers.enter_context(pgbouncer(url))
            by_session = servers.enter_context(pgbouncer(url, PoolMode.SESSION))
            ways = {
                DIRECT: (url, PoolMode.SESSION),
                "direct, unnamed": (url, PoolMode.TRANSACTION),
                "PgBouncer, session mode": (by_session, PoolMode.SESSION),
                "PgBouncer, transaction mode": (by_transaction, PoolMode.TRANSACTION),
            }
            result = asyncio.run(bench(ways, options))
    except PgBouncerMissing as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    return conclude(result, options)
