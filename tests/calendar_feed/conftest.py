"""Fixtures: a clinic of the store's tests, a feed of it, and the gateway's HTTP server on a clock of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
import vobject
from starlette.applications import Starlette
from starlette.routing import Mount

from actors.http.calendar_feeds import FOLDER, FRESH_FOR, CalendarFeeds, FeedTokens
from actors.http.key_cache import UNKNOWN_FOR
from actors.http.keys import fingerprint, new_feed_token
from actors.http.responses import HANDLERS
from actors.http.server import HttpServer
from engine.calendar_feed.feed import CalendarFeed, FeedScope
from engine.clinic import Clinic
from engine.store.calendar_feeds import add_feed
from engine.store.clinics import find_clinic
from engine.store.database import Database
from tests.store.harness import NOON, Harness

#: The zone of the clinic, where the clocks change on day 6 of the stories.
ZONE = "America/Denver"

WITH_NAMES = FeedScope(names=True)


@dataclass
class Clocks:
    """The moment that is published, and the seconds of a cache's clock."""

    now: datetime = NOON + timedelta(days=1)
    seconds: float = 0.0

    def pass_by(self, seconds: float = FRESH_FOR) -> None:
        self.now += timedelta(seconds=seconds)
        self.seconds += max(seconds, UNKNOWN_FOR)


@dataclass
class Feeds:
    """A served gateway's feeds. `url` is the server's; `reads` counts what reaches the database."""

    url: str
    clocks: Clocks
    pool: asyncpg.Pool
    clinic: Clinic
    client: httpx.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    async def new(self, name: str, scope: FeedScope = WITH_NAMES) -> CalendarFeed:
        """Makes a feed; `address(name)` is its address."""
        token = new_feed_token()
        async with self.pool.acquire() as connection:
            clinic = await find_clinic(connection, self.clinic.slug)
            made = await add_feed(connection, name, fingerprint(token), clinic=clinic, scope=scope, created_by="t")
            # So that sequence numbers say how old the feed is on the clock of the story.
            await connection.execute(
                "update idexx_sync.calendar_feeds set created_at = $2 where id = $1", made.id, self.clocks.now
            )
        self.tokens[name] = token
        self.clocks.pass_by(UNKNOWN_FOR)
        return made

    def address(self, name: str) -> str:
        return f"{self.url}{FOLDER}/{self.tokens[name]}.ics"

    async def read(self, name: str) -> dict[str, Any]:
        """Reads a feed as it is now: its events by their uids."""
        self.clocks.pass_by()
        response = await self.client.get(self.address(name))
        assert response.status_code == 200, response.text
        return events_of(response.text)


def events_of(text: str) -> dict[str, Any]:
    """The events of a document by their uids, as another library than the one that wrote them reads them."""
    calendar = vobject.readOne(text)
    events = getattr(calendar, "vevent_list", [])
    by_uid = {event.uid.value: event for event in events}
    assert len(by_uid) == len(events), "a uid is there twice"
    return by_uid


def booking(status: str, hold: float = -3600) -> tuple[object, ...]:
    """The values of a booking at 15:00, after the clinic and the day. `hold`: the seconds until its hold ends."""
    return time(15), "Maria Lopez", "+13125550101", "Rex", status, hold


@pytest.fixture
async def harness(pool: asyncpg.Pool) -> Harness:
    harness = await Harness.open(pool)
    await pool.execute("update clinics set timezone = $2 where id = $1", harness.clinic.id, ZONE)
    return harness


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def feeds(harness: Harness, database: Database) -> AsyncIterator[Feeds]:
    clocks = Clocks()
    tokens = FeedTokens(database, clock=lambda: clocks.seconds)
    endpoint = CalendarFeeds(database, tokens, clock=lambda: clocks.seconds, now=lambda: clocks.now)
    app = Starlette(routes=[Mount(FOLDER, routes=endpoint.routes())], exception_handlers=HANDLERS)
    server = HttpServer(app, "127.0.0.1", 0, "HTTP_PORT")
    await server.start()
    try:
        async with httpx.AsyncClient() as client:
            yield Feeds(server.url, clocks, harness.pool, harness.clinic, client)
    finally:
        await server.stop()
