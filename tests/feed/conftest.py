"""Fixtures: a clinic whose feeds are served on NATS, with its changes published as a gateway does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from actors.gateway.feeds import FeedCommands
from actors.messages import Subjects, encode, refusal
from actors.metrics import Metrics
from actors.outbox.events import Relay
from broker.primitives.event_log import EventLog
from engine.errors import EngineError
from engine.store.database import Database
from tests.outbox.offering import DAY, Offering


class Served:
    """The clinic, and what a gateway does for its consumers."""

    def __init__(self, url: str, prefix: str, clinic: Offering, database: Database, client: Client) -> None:
        self.url, self.prefix, self.clinic = url, prefix, clinic
        self.database = database
        self.requests: list[str] = []
        self._client = client
        self._commands = FeedCommands(database)
        self._subjects = Subjects(prefix)

        async def connected() -> Client:
            return client

        self.log = EventLog(connected, self._subjects.event_stream, [self._subjects.events])
        self.relay = Relay(database, self.log, self._subjects, Metrics(), _ignore)

    async def start(self) -> None:
        await self.log.declare()
        for verb in ("snapshot", "changes"):
            await self._client.subscribe(self._subjects.command(verb), cb=self._answer)
        await self._client.flush()

    async def _answer(self, message: Msg) -> None:
        _, _, verb, slug = message.subject.split(".")
        self.requests.append(verb)
        try:
            reply = encode(await getattr(self._commands, verb)(slug, message.data))
        except EngineError as error:
            reply = encode(refusal(error))
        await message.respond(reply)

    async def publish(self) -> None:
        await self.relay.publish(self.clinic.clinic_id)

    async def appointment(self, start: str, sync_id: Any) -> str:
        """Adds an appointment of half an hour, and publishes it."""
        hour, minute = start.split(":")
        end = f"{int(hour) + (minute == '30'):02}:{'00' if minute == '30' else '30'}"
        found = await self.clinic.appear(sync_id, start, end)
        await self.publish()
        return str(found)

    async def send(self, subject: str, body: Any) -> None:
        """Publishes what is not from a gateway."""
        await self._client.publish(f"{self.prefix}.{subject}", json.dumps(body).encode())
        await self._client.flush()


async def _ignore(_sync_id: Any) -> None:
    """The end of a sync causes nothing here."""


@pytest.fixture
async def served(
    nats_url: str, namespace: str, pool: asyncpg.Pool[Any], database_url: str
) -> AsyncIterator[Served]:
    clinic = await Offering.open(pool)
    await clinic.sync(DAY)
    database, client = Database(database_url), await nats.connect(nats_url)
    served = Served(nats_url, namespace, clinic, database, client)
    await served.start()
    yield served
    await client.close()
    await database.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(tmp_path / "consumer.db") as connection:
        await connection.execute("create table held (id text primary key, start text)")
        yield connection
