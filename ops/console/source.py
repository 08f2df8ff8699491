"""The console's data and actions, all over NATS."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

from nats.aio.client import Client

from actors.messages import ALL, Subjects
from actors.queues import QUEUES
from broker.dead_letters import DeadLetter, newest_dead_letters
from broker.names import QueueNames
from ops.client.events import Event, events_of, events_of_all
from ops.client.pings import GATEWAYS, WORKERS, ping
from ops.client.requests import ask
from ops.console.overview import ConsoleOverview, View

#: How many of the newest dead letters of each queue are shown.
NEWEST = 50


@dataclass(frozen=True, slots=True)
class Source:
    """Requests data and sends actions. Methods raise `CommandFailed` (no gateway, or a refusal) and NATS client
    errors."""

    client: Client
    subjects: Subjects

    async def overview(self) -> ConsoleOverview:
        overview, pongs = await asyncio.gather(
            ask(self.client, self.subjects, "overview", ALL), ping(self.client, (GATEWAYS, WORKERS))
        )
        ours = [pong for pong in pongs if pong["metadata"].get("prefix") == self.subjects.prefix]
        workers = [pong["metadata"] for pong in ours if pong["name"] == WORKERS]
        gateways = sum(pong["name"] == GATEWAYS for pong in ours)
        return ConsoleOverview(
            overview, gateways, sorted(workers, key=lambda one: str(one["worker"])), monotonic()
        )

    def events(self) -> AsyncGenerator[Event]:
        return events_of_all(self.client, self.subjects)

    async def rejections(self) -> AsyncGenerator[Event]:
        """Yields refusals of requests whose sender did not wait for a reply."""
        heard = await self.client.subscribe(self.subjects.rejected("*"))
        try:
            async for message in heard.messages:
                yield json.loads(message.data)
        finally:
            await heard.unsubscribe()

    async def sync(self, clinic: str, sync_id: str) -> View:
        """Returns a sync with its dates."""
        status = await ask(self.client, self.subjects, "status", clinic, sync_id=sync_id)
        view: View = status["sync"]
        return view

    def events_of(self, clinic: str, sync_id: str, after_seq: int) -> AsyncGenerator[Event]:
        """Yields the sync's events after number `after_seq` live, to the last one."""
        return events_of(self.client, self.subjects, clinic, sync_id, after_seq=after_seq)

    async def letters(self) -> list[DeadLetter]:
        """Returns the newest dead letters of each queue, without removing them."""
        js, prefix = self.client.jetstream(), self.subjects.prefix
        queues = (QueueNames(prefix, queue) for queue in QUEUES)
        return [letter for names in queues for letter in await newest_dead_letters(js, names, NEWEST)]

    async def retry(self, sync: View) -> dict[str, Any]:
        """Requests a new sync of the same dates."""
        dates = {"start_date": sync["start_date"], "end_date": sync["end_date"]}
        return await ask(self.client, self.subjects, "sync", sync["clinic"], **dates)

    async def first_sync(self, clinic: str) -> dict[str, Any]:
        """Requests a sync of the days that a request without dates means."""
        return await ask(self.client, self.subjects, "sync", clinic)

    async def earlier_events(self, syncs: Sequence[View]) -> list[Event]:
        """Returns the events of these syncs, which have ended, in the order of time."""
        found = await asyncio.gather(*(self._events(sync["clinic"], sync["sync_id"]) for sync in syncs))
        return sorted((event for events in found for event in events), key=lambda event: str(event["at"]))

    async def _events(self, clinic: str, sync_id: str) -> list[Event]:
        return [event async for event in self.events_of(clinic, sync_id, 0)]

    async def command(self, verb: str, sync: View) -> dict[str, Any]:
        """Sends a command for a sync; `verb` is cancel, approve or reject."""
        return await ask(self.client, self.subjects, verb, sync["clinic"], sync_id=sync["sync_id"])
