"""Sends recorded webhook deliveries to the notifier, now or when their next try is due.

Level-based: the process that ends a sync sends its delivery at once; a sweep in the gateways finds deliveries that
were not sent, since the process died or NATS was unreachable. A repeated message does no harm: a try is begun
once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from dramatiq.errors import BrokerConnectionError

from actors.dispatcher import Dispatcher
from broker import MailboxFull
from engine.store.database import Database
from engine.store.webhooks.deliveries import deliveries_to_send, mark_sent

log = structlog.get_logger(__name__)

#: How often a gateway looks for deliveries that were not sent to the notifier, in seconds.
SWEEP_INTERVAL = 2.0


class Deliveries:
    """Sends deliveries to the notifier. Raises `Unavailable`.

    If NATS is unreachable or the mailbox full, the sweep sends them later.
    """

    def __init__(self, database: Database, dispatcher: Dispatcher) -> None:
        self._database = database
        self._dispatcher = dispatcher

    async def sweep(self) -> None:
        """Sends every delivery that is due."""
        await self._send_due(None)

    async def send_of_sync(self, sync_id: UUID) -> None:
        """Sends the delivery that the end of this sync has recorded, if any."""
        await self._send_due(sync_id)

    async def send_later(self, delivery_id: UUID, after: float) -> None:
        """Sends a delivery for when its next try is due, in `after` seconds."""
        with _left_to_the_sweep():
            async with self._database.transaction() as connection:
                # Mark first: the row is locked until the message is sent, so its try cannot overtake the mark.
                await mark_sent(connection, [delivery_id])
                await self._dispatcher.notify(delivery_id, after)

    async def _send_due(self, sync_id: UUID | None) -> None:
        sent: list[UUID] = []
        async with self._database.transaction() as connection:
            with _left_to_the_sweep():
                for delivery_id in await deliveries_to_send(connection, sync_id):
                    await self._dispatcher.notify(delivery_id)
                    sent.append(delivery_id)
            if sent:
                await mark_sent(connection, sent)


@contextmanager
def _left_to_the_sweep() -> Iterator[None]:
    try:
        yield
    except (MailboxFull, BrokerConnectionError) as error:
        log.warning(
            "deliveries_not_sent", error=str(error), hint="a gateway sends the messages to the notifier later"
        )
