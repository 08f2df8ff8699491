"""Publishes recorded events of syncs, and the feeds of changed appointments, of changed offers and of actions.

Events are recorded in the transaction of what they report, and published after it. Each has an id, so that
one that is published again after a crash is stored once. One publisher per clinic at a time keeps the order.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog

from actors.messages import Subjects, encode
from actors.metrics import Metrics
from actors.observability.item_guard import ItemGuard
from actors.outbox.event_logging import log_event
from actors.outbox.feed_events import appointment_event, offer_event
from broker.primitives.event_log import EventLog
from engine.events import Event
from engine.store import actions
from engine.store import offer_changes as offers
from engine.store.database import Connection, Database
from engine.store.feeds import number_changes
from engine.store.syncs import events as store
from engine.task_group import task_group

log = structlog.get_logger(__name__)

#: Number of events, and of changes of each feed, that one transaction publishes at most.
BATCH = 200
#: Delay before a clinic whose events could not be published is tried again, in seconds.
RETRY_AFTER = 1.0


class Relay:
    """Publishes the events of clinics after `poke`, while `run` runs.

    `on_end` is called for each sync whose last event was published.
    """

    def __init__(
        self,
        database: Database,
        event_log: EventLog,
        subjects: Subjects,
        metrics: Metrics,
        on_end: Callable[[UUID], Awaitable[None]],
    ) -> None:
        self._database = database
        self._log = event_log
        self._subjects = subjects
        self._metrics = metrics
        self._on_end = on_end
        self._clinics: set[UUID] = set()
        self._news = asyncio.Event()
        self._left_behind = ItemGuard[UUID]("events left behind")
        self._not_compared = ItemGuard[UUID]("offer left to compare")
        self._ends = ItemGuard[UUID]("end of a sync")

    def poke(self, clinic_id: UUID) -> None:
        self._clinics.add(clinic_id)
        self._news.set()

    async def run(self) -> None:
        """Publishes until cancelled. A failure is retried later; other clinics do not wait for it."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.drain()
            except Exception as error:
                log.warning("events_not_published", error=str(error), kind=type(error).__name__)
                asyncio.get_running_loop().call_later(RETRY_AFTER, self._news.set)

    async def drain(self) -> None:
        """Publishes for every clinic that was poked. A clinic for which that fails is left for the next turn."""
        await self._publish_each(self._clinics)

    async def sweep(self) -> None:
        """Publishes events that any process has left unpublished, and those that other programs have caused."""
        async with self._database.connection() as connection:
            clinics = await offers.clinics_to_compare(connection)
        await self._not_compared.each(clinics, self._compare_offer)
        async with self._database.connection() as connection:
            clinics = await store.clinics_with_unpublished(connection)
        await self._left_behind.each(clinics, self.publish)

    async def _compare_offer(self, clinic_id: UUID) -> None:
        async with self._database.transaction() as connection:
            await offers.compare_offer(connection, clinic_id)

    async def _publish_each(self, clinics: set[UUID]) -> None:
        """Publishes the events of each clinic; clinics that failed stay in `clinics`.

        Raises the first error at the end.
        """
        failure, left = None, set[UUID]()
        try:
            while clinics:
                left.add(clinic_id := clinics.pop())
                try:
                    await self.publish(clinic_id)
                    left.discard(clinic_id)
                except Exception as error:
                    failure = failure or error
        finally:
            clinics |= left
        if failure is not None:
            raise failure

    async def publish(self, clinic_id: UUID) -> None:
        """Publishes everything of one clinic, in order. Raises `Unavailable` or `BrokerConnectionError`."""
        while await self._publish_batch(clinic_id):
            pass

    async def _publish_batch(self, clinic_id: UUID) -> bool:
        async with self._database.connection() as connection:
            await number_changes(connection, clinic_id)  # committed before a change is published
        async with self._database.transaction() as connection:
            await store.lock_feed(connection, clinic_id)
            events = await store.unpublished_events(connection, clinic_id, BATCH)
            await self._publish_events(connection, events)
            changes = await store.unpublished_changes(connection, clinic_id, BATCH)
            await self._publish_changes(connection, changes)
            offered = await offers.unpublished_offers(connection, clinic_id, BATCH)
            await self._publish_offers(connection, offered)
            done = await actions.unpublished_actions(connection, clinic_id, BATCH)
            await self._publish_actions(connection, done)
        # After the commit: events that are published again after a failure are logged and counted once.
        for row in events:
            self._log_and_count(json.loads(row["payload"]))
        await self._ends.each((row["sync_id"] for row in events if Event(row["event"]).is_last), self._on_end)
        return BATCH in (len(events), len(changes), len(offered), len(done))

    async def _publish_events(self, connection: Connection, events: Sequence[Any]) -> None:
        for row in events:
            subject = self._subjects.sync_event(row["clinic"], row["sync_id"], row["event"])
            await self._log.publish(subject, row["payload"].encode(), f"{row['sync_id']}/{row['seq']}")
        if events:
            await store.mark_events_published(connection, events)

    def _log_and_count(self, event: Mapping[str, Any]) -> None:
        """Logs and counts the event that was published."""
        log_event(event)
        self._metrics.record_event(event)

    async def _publish_changes(self, connection: Connection, changes: Sequence[Any]) -> None:
        # All at once: they are sent in the order of the calls, and there may be hundreds.
        async with task_group() as group:
            for row in changes:
                subject = self._subjects.appointment(row["clinic"], row["kind"])
                event = encode(appointment_event(row))
                group.create_task(self._log.publish(subject, event, f"change/{row['id']}"))
        if changes:
            await store.mark_changes_published(connection, changes)

    async def _publish_offers(self, connection: Connection, changes: Sequence[Any]) -> None:
        async with task_group() as group:
            for row in changes:
                subject = self._subjects.offer(row["clinic"], row["kind"])
                group.create_task(self._log.publish(subject, encode(offer_event(row)), f"offer/{row['id']}"))
        if changes:
            await offers.mark_offers_published(connection, changes)

    async def _publish_actions(self, connection: Connection, done: Sequence[Any]) -> None:
        for row in done:
            event = {name: value for name, value in row.items() if name != "id"}
            subject = self._subjects.action(row["clinic"], row["verb"])
            await self._log.publish(subject, encode(event), f"action/{row['id']}")
        if done:
            await actions.mark_actions_published(connection, done)
