"""Sends the messages between the actors. They carry ids; the database carries facts.

A DateScraper waits for room in the Reconciler's mailbox, and both wait for room in the Coordinator's, for the
broker's `mailbox_wait`. No other sender waits: the Coordinator looks again later, and a gateway relies on its
sweep. Senders therefore never wait for each other in a circle. If there is no room in time, nothing is lost and
nothing fails: a delayed message, for which there is always room, makes a Coordinator send it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from dramatiq import Message
from dramatiq.errors import BrokerConnectionError

from actors.health.nats_storage import require_storage
from actors.observability import tracing
from actors.observability.span_names import sending
from actors.queues import COORDINATOR, DATE_SCRAPER, NOTIFIER, RECONCILER, Queue
from broker import MailboxFull, NatsBroker
from engine.dispatch import Span
from engine.errors import Unavailable
from engine.steps.coordinate import Step
from engine.sync import Limits

#: Delay before the Coordinator tries a full mailbox again, in seconds.
ROOM_WAIT = 1.0
#: Delay after which a scraped date that found no room in the Reconciler's mailbox is sent again, in seconds. The
#: Coordinator considers a date unreconciled after the same time.
SEND_AGAIN_AFTER = Limits().date_silent_after


class Overloaded(Unavailable):
    reason = "mailbox_full"


class Dispatcher:
    """Sends actor messages without blocking the broker's loop. Raises `MailboxFull` or `BrokerConnectionError`."""

    def __init__(self, broker: NatsBroker, refused: Callable[[str], None]) -> None:
        """`refused` is called with the queue's name whenever a mailbox is full."""
        self._broker = broker
        self._refused = refused

    async def check_room(self) -> None:
        """Raises `Unavailable` if the Coordinator's mailbox is full, or NATS is unreachable or stores nothing."""
        await require_storage(self._broker)
        try:
            box = await self._broker.mailbox_async(COORDINATOR)
        except BrokerConnectionError as error:
            raise Unavailable(f"NATS does not respond ({error}); try again", retry_after_ms=1000) from error
        if box.limit is not None and box.messages >= box.limit:
            self._refused(COORDINATOR)
            raise Overloaded(
                f"the Coordinator's mailbox holds {box.messages} of {box.limit} messages; try again later",
                retry_after_ms=5000,
            )

    async def coordinate(self, sync_id: UUID, after: float | None = None) -> None:
        """Sends the sync to a Coordinator, now or in `after` seconds."""
        await self._send(COORDINATOR, "coordinate", sync_id, after=after)

    async def report(self, sync_id: UUID) -> None:
        """Sends the sync to a Coordinator; waits for room in its mailbox, else sends a delayed message."""
        try:
            await self._send(COORDINATOR, "coordinate", sync_id, wait=None)
        except MailboxFull:
            await self.coordinate(sync_id, after=ROOM_WAIT)

    async def reconcile_dates(self, sync_id: UUID, days: Sequence[date]) -> None:
        """Sends scraped dates to the Reconciler; waits for room in its mailbox.

        Dates that find no room stay scraped and stored; a Coordinator sends them again.
        """
        sending = (self.reconcile_date(sync_id, day, wait=None) for day in days)
        errors = [error for error in await asyncio.gather(*sending, return_exceptions=True) if error is not None]
        for error in errors:
            if not isinstance(error, MailboxFull):
                raise error
        if errors:
            await self.coordinate(sync_id, after=SEND_AGAIN_AFTER)

    async def scrape_dates(self, sync_id: UUID, span: Span) -> None:
        """Sends the span to a DateScraper. The broker drops the second of two equal spans."""
        day = span.first_date.isoformat()
        message_id = uuid5(NAMESPACE_OID, f"{sync_id}/{day}/{span.number}")
        await self._send(DATE_SCRAPER, "scrape_date", sync_id, day, span.days, message_id=message_id)

    async def look_up(self, sync_id: UUID, after: float | None = None) -> None:
        """Sends the sync's look-ups to a DateScraper. The broker drops a repeated message, unless it is delayed."""
        message_id = uuid5(NAMESPACE_OID, f"{sync_id}/look-up") if after is None else None
        await self._send(DATE_SCRAPER, "look_up", sync_id, after=after, message_id=message_id)

    async def scrape_dates_later(self, sync_id: UUID, first_date: date, days: int, after: float) -> None:
        await self._send(DATE_SCRAPER, "scrape_date", sync_id, first_date.isoformat(), days, after=after)

    async def reconcile_date(self, sync_id: UUID, day: date, wait: float | None = 0.0) -> None:
        """`wait`: seconds to wait for room; None: the broker's `mailbox_wait`."""
        await self._send(RECONCILER, "reconcile_date", sync_id, day.isoformat(), wait=wait)

    async def notify(self, delivery_id: UUID, after: float | None = None) -> None:
        """Sends a webhook delivery to the notifier, now or in `after` seconds."""
        await self._send(NOTIFIER, "notify", delivery_id, after=after)

    async def follow(self, sync_id: UUID, step: Step) -> None:
        """Sends what a Coordinator step decided. If a mailbox is full, a Coordinator looks again later."""
        for other in step.started:
            try:
                await self.coordinate(other)
            except MailboxFull:
                await self.coordinate(other, after=ROOM_WAIT)
        try:
            for span in step.dispatch:
                await self.scrape_dates(sync_id, span)
            for day in step.reconcile:
                await self.reconcile_date(sync_id, day)
            if step.look_up:
                await self.look_up(sync_id)
        except MailboxFull:
            await self.coordinate(sync_id, after=ROOM_WAIT)
        if step.look_again_after is not None:
            await self.coordinate(sync_id, after=step.look_again_after)

    async def _send(
        self,
        queue: Queue,
        actor: str,
        about: UUID,
        *args: Any,
        after: float | None = None,
        message_id: UUID | None = None,
        wait: float | None = 0.0,
    ) -> None:
        sent_as = str(message_id or uuid4())
        with sending(queue, {"actor": actor}, message_id=sent_as):
            message: Message[Any] = Message(
                queue_name=queue,
                actor_name=actor,
                args=(str(about), *args),
                kwargs=tracing.carried(),
                options={},
                message_id=sent_as,
            )
            delay = None if after is None else max(round(after * 1000), 1)
            try:
                await self._broker.enqueue_async(message, delay=delay, mailbox_wait=wait)
            except MailboxFull:
                self._refused(queue)
                raise
