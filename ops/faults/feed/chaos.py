"""One run: rounds of changes and kills, and the comparison at its end."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import asyncpg

from actors.settings import Settings
from engine.errors import EngineError
from ops.client.connections import open_database
from ops.faults.feed import tables
from ops.faults.feed.bookings import change_bookings
from ops.faults.feed.children import Consumer
from ops.faults.feed.comparing import (
    SQL,
    Held,
    applied_in_files,
    applied_in_postgres,
    held_by_clinic,
    held_in_files,
    held_in_postgres,
)
from ops.faults.feed.stores import SCHEMA
from ops.faults.invariants import TIMEOUT, Broken, Invariants
from ops.local.supervision import Supervisor
from ops.sandbox.client import Sandbox

STORES = ("sqlite", "sqlalchemy", "asyncpg")
NAIVE = "naive"

#: What is killed in a round, besides the consumers; None: nothing.
VICTIMS = ("nats-server", "postgres", "gateway", None)

#: The share of rounds in which a consumer misses changes that are then no longer kept.
FORGETTING = 0.1

#: How often all consumers are killed at once in a round, in addition to the kills of each.
STRIKES = 3

#: Changes of bookings in a round.
BOOKINGS = 12

#: What a statement raises while PostgreSQL is killed.
_LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class FeedChaos:
    """A run. All decisions come from `rng`."""

    def __init__(
        self, supervisor: Supervisor, settings: Settings, slugs: list[str], folder: Path, rng: random.Random
    ) -> None:
        self._supervisor = supervisor
        self._url = settings.need_database_url()
        self._slugs = slugs
        self._folder = folder
        self._rng = rng
        self._sandbox = Sandbox(settings.idexx_base_url)
        self._invariants = Invariants(settings, rng)
        self._victims: list[str | None] = []
        self._kills: dict[str, int] = {}
        self.consumers = {name: self._consumer(name) for name in (*STORES, NAIVE)}

    def _consumer(self, name: str) -> Consumer:
        module, *arguments = ("naive", str(self._folder / "naive.db")) if name == NAIVE else (
            "consumer", name, str(self._folder)
        )  # fmt: skip
        argv = (f"ops.faults.feed.{module}", *arguments, *self._slugs)
        return Consumer(name, argv, self._folder / f"{name}.log", random.Random(self._rng.random()))  # noqa: S311

    async def prepare(self) -> None:
        """Makes the tables of the consumer in PostgreSQL, and the first sync of each clinic."""
        os.environ["CONSUMER_DATABASE_URL"] = self._url
        async with open_database(self._url) as connection:
            await connection.execute(f"create schema {SCHEMA}")
            for statement in tables.CREATE:
                await connection.execute(statement.format(schema=f"{SCHEMA}."))
        await self._invariants.kept(await self._invariants.start_syncs())

    async def round(self, number: int) -> None:
        if not self._victims:
            self._victims = self._rng.sample(VICTIMS, len(VICTIMS))
        victim, after = self._victims.pop(), self._rng.uniform(1.0, 6.0)
        forgotten = self.consumers[self._rng.choice(STORES)] if self._rng.random() < FORGETTING else None
        if forgotten is not None:
            forgotten.pause()
        for clinic in await self._sandbox.clinics():
            await self._sandbox.change(
                clinic.company_id, add=10, move=10, cancel=5, seed=self._rng.randrange(10**6)
            )
        syncs = await self._invariants.start_syncs()
        booking = asyncio.create_task(self._book())
        try:
            for strike in range(STRIKES):
                await asyncio.sleep(after / STRIKES)
                for consumer in self.consumers.values():
                    consumer.kill()
                if victim is not None and not strike:
                    self._kill(victim)
            await self._invariants.kept(syncs)
            await booking
        finally:
            booking.cancel()
        if forgotten is not None:
            await self._in_database(lambda c: c.execute(SQL["forget_changes"]))
            forgotten.resume()
        said = f"{victim} killed" if victim else "nothing else killed"
        missed = f", {forgotten.name} missed what is no longer kept" if forgotten else ""
        kills = sum(consumer.kills for consumer in self.consumers.values())
        print(f"round {number}: {said}{missed} · consumers killed {kills} times", flush=True)

    async def _book(self) -> None:
        for _ in range(BOOKINGS):
            await self._in_database(lambda c: change_bookings(c, self._slugs, self._rng, 1))
            await asyncio.sleep(self._rng.uniform(0.0, 0.2))

    async def _in_database(self, work: Callable[..., Awaitable[object]]) -> None:
        """Repeats the work while PostgreSQL is away."""
        async with asyncio.timeout(TIMEOUT):
            while True:
                with suppress(EngineError, OSError, TimeoutError, *_LOST):
                    async with open_database(self._url) as connection:
                        await work(connection)
                    return
                await asyncio.sleep(0.2)

    def _kill(self, name: str) -> None:
        if pid := self._supervisor.pid(name):
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
            self._kills[name] = self._kills.get(name, 0) + 1

    async def check(self) -> str:
        """Waits until the consumers hold what the clinics hold; raises `Broken` if they do not come to that."""
        for consumer in self.consumers.values():
            consumer.spare()
        naive, applied = await self._until_equal()
        if not naive:
            raise Broken("the naive consumer holds the same: this run proves nothing")
        kills = ", ".join(f"{name} {count}" for name, count in sorted(self._kills.items())) or "no server"
        own = ", ".join(f"{name} {consumer.kills}" for name, consumer in self.consumers.items())
        return (
            f"killed: {own}; {kills}\n✓ every consumer holds what the clinics hold; {applied} changes were each applied"
            f" once; the naive one differs in {len(naive)} places, such as: {naive[0]}"
        )

    async def begin(self) -> None:
        """Waits until every consumer, the naive one too, holds what the clinics hold; from then on they are killed."""
        naive = ["nothing was compared"]
        async with asyncio.timeout(TIMEOUT):
            while naive:
                naive, _ = await self._until_equal()
        for consumer in self.consumers.values():
            consumer.hunt()

    async def _until_equal(self) -> tuple[list[str], int]:
        """The differences of the naive consumer when the others hold what the clinics hold, and the applied changes."""
        ends = time.monotonic() + TIMEOUT
        while True:
            await asyncio.sleep(0.3)
            wrong, naive, applied = await self._compare()
            if not wrong:
                return naive, applied
            if time.monotonic() > ends:
                raise Broken(f"{len(wrong)} differences: {'; '.join(wrong[:5])}")

    async def _compare(self) -> tuple[list[str], list[str], int]:
        """Differences of the consumers, and of the naive one, and how many changes the consumers have applied."""
        wrong: list[str] = []
        naive: list[str] = []
        alone = self._folder / "naive.db"
        files = [
            self._file(name, slug, of)
            for name in STORES[:2]
            for slug in self._slugs
            for of in ("Feed", "OfferFeed")
        ]
        async with open_database(self._url) as connection, connection.transaction(isolation="repeatable_read"):
            now = await connection.fetchval("select now()")
            for slug in self._slugs:
                truth = await held_by_clinic(connection, slug, now)
                for name in STORES:
                    found = truth.differences(await self._held(connection, name, slug), now)
                    wrong += [f"{name}, {slug}: {line}" for line in found]
                naive += truth.differences(held_in_files(alone, alone, slug), now)
            return wrong, naive, await applied_in_postgres(connection) + applied_in_files(*files)

    async def _held(self, connection: object, name: str, slug: str) -> Held:
        if name == "asyncpg":
            return await held_in_postgres(connection, slug)  # type: ignore[arg-type]
        return held_in_files(self._file(name, slug, "Feed"), self._file(name, slug, "OfferFeed"), slug)

    def _file(self, name: str, slug: str, of: str) -> Path:
        return self._folder / f"{slug}.{of}.{name}.db"
