"""The messages between the actors. They carry ids; the database carries facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from dramatiq import Message
from dramatiq.errors import BrokerConnectionError

from actors import tracing
from broker import MailboxFull, NatsBroker
from engine.coordinate import Step
from engine.dispatch import Span
from engine.errors import Unavailable

COORDINATOR = "coordinator"
DATE_SCRAPER = "date_scraper"
RECONCILER = "reconciler"
NOTIFIER = "notifier"

#: The mailboxes, one of each actor.
QUEUES = (COORDINATOR, DATE_SCRAPER, RECONCILER, NOTIFIER)

#: How long the Coordinator waits for room in a full mailbox before it looks again, in seconds.
ROOM_WAIT = 1.0


class Overloaded(Unavailable):
    reason = "mailbox_full"


class Mail:
    """Sends on the broker's loop, without blocking it. Raises `MailboxFull`, or a `BrokerConnectionError`."""

    def __init__(self, broker: NatsBroker, refused: Callable[[str], None]) -> None:
        """`refused` is told the queue of each mailbox that was full."""
        self._broker = broker
        self._refused = refused

    async def check_room(self) -> None:
        """Raises `Unavailable` if no Coordinator could be told of one more sync, or NATS is away."""
        try:
            box = await self._broker.mailbox_async(COORDINATOR)
        except BrokerConnectionError as error:
            raise Unavailable(f"NATS does not answer ({error}); try again", retry_after_ms=1000) from error
        if box.limit is not None and box.messages >= box.limit:
            self._refused(COORDINATOR)
            raise Overloaded(
                f"the Coordinator's mailbox holds {box.messages} of {box.limit} messages; try again later",
                retry_after_ms=5000,
            )

    async def coordinate(self, sync_id: UUID, after: float | None = None) -> None:
        """Has a Coordinator look at the sync, now or in `after` seconds."""
        await self._send(COORDINATOR, "coordinate", sync_id, after=after)

    async def scrape_dates(self, sync_id: UUID, span: Span) -> None:
        """The same span sent twice is one message: the broker drops the repetition."""
        day = span.lead.isoformat()
        message_id = uuid5(NAMESPACE_OID, f"{sync_id}/{day}/{span.number}")
        await self._send(DATE_SCRAPER, "scrape_date", sync_id, day, span.days, message_id=message_id)

    async def scrape_dates_later(self, sync_id: UUID, lead: date, days: int, after: float) -> None:
        await self._send(DATE_SCRAPER, "scrape_date", sync_id, lead.isoformat(), days, after=after)

    async def reconcile_date(self, sync_id: UUID, day: date) -> None:
        await self._send(RECONCILER, "reconcile_date", sync_id, day.isoformat())

    async def notify(self, delivery_id: UUID, after: float | None = None) -> None:
        """Has the notifier try a delivery of a webhook, now or in `after` seconds."""
        await self._send(NOTIFIER, "notify", delivery_id, after=after)

    async def follow(self, sync_id: UUID, step: Step) -> None:
        """Sends what a step of the Coordinator has decided. A full mailbox means to look again a little later."""
        for other in step.started:
            await self.coordinate(other)
        try:
            for span in step.dispatch:
                await self.scrape_dates(sync_id, span)
            for day in step.reconcile:
                await self.reconcile_date(sync_id, day)
        except MailboxFull:
            await self.coordinate(sync_id, after=ROOM_WAIT)
        if step.look_again_after is not None:
            await self.coordinate(sync_id, after=step.look_again_after)

    async def _send(
        self,
        queue: str,
        actor: str,
        about: UUID,
        *args: Any,
        after: float | None = None,
        message_id: UUID | None = None,
    ) -> None:
        message: Message[Any] = Message(
            queue_name=queue,
            actor_name=actor,
            args=(str(about), *args),
            kwargs=tracing.carried(),
            options={},
            message_id=str(message_id or uuid4()),
        )
        delay = None if after is None else max(round(after * 1000), 1)
        try:
            await self._broker.enqueue_async(message, delay=delay)
        except MailboxFull:
            self._refused(queue)
            raise
