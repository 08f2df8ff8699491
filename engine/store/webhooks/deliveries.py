"""Deliveries: recorded with the end of a sync, tried until delivered or given up, and kept as a log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from engine.errors import UnknownDelivery
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.webhook import TEST, Delivery
from engine.webhook_retry import AttemptDecision, AttemptResult

SQL = Queries(__file__)

#: Time after which a delivery whose message has not led to a try is sent another one, in seconds.
LOST_AFTER = 300.0

#: Number of deliveries sent to the notifier in one transaction.
BATCH = 200


async def record_delivery(connection: Connection, sync_id: UUID) -> None:
    """Records the delivery of the event that ended the sync, if the clinic has a webhook."""
    await connection.execute(SQL["record_delivery"], sync_id)


async def record_test(connection: Connection, clinic_id: UUID) -> UUID:
    """Records a test delivery, without data of a sync."""
    delivery_id: UUID = await connection.fetchval(SQL["record_test"], clinic_id, TEST)
    return delivery_id


async def deliveries_to_send(connection: Connection, sync_id: UUID | None = None) -> list[UUID]:
    """The deliveries to send to the notifier; locked until the transaction ends."""
    rows = await connection.fetch(SQL["deliveries_to_mail"], LOST_AFTER, sync_id, BATCH)
    return [row["id"] for row in rows]


async def mark_sent(connection: Connection, delivery_ids: Sequence[UUID]) -> None:
    await connection.execute(SQL["mark_mailed"], list(delivery_ids))


async def begin_try(connection: Connection, delivery_id: UUID, lease: float) -> Delivery | None:
    """Counts a try and locks others out for `lease` seconds; None if no try is to be made now."""
    row = await connection.fetchrow(SQL["begin_try"], delivery_id, lease)
    return None if row is None else Delivery(**row)


async def time_until_due(connection: Connection, delivery_id: UUID) -> float | None:
    """Seconds until a try may be made; None if none is expected."""
    wait: float | None = await connection.fetchval(SQL["time_until_due"], delivery_id)
    return wait


async def finish_try(
    connection: Connection, delivery: Delivery, answer: AttemptResult, decision: AttemptDecision
) -> None:
    await connection.execute(
        SQL["finish_try"],
        delivery.id,
        delivery.attempts,
        decision.state,
        answer.status,
        answer.reason,
        answer.duration_ms,
        decision.wait,
    )


async def list_deliveries(connection: Connection, clinic_id: UUID, limit: int) -> list[dict[str, Any]]:
    """The log of deliveries, latest first."""
    return [dict(row) for row in await connection.fetch(SQL["list_deliveries"], clinic_id, limit)]


async def get_delivery(connection: Connection, delivery_id: UUID) -> dict[str, Any]:
    """The delivery. Raises `UnknownDelivery`."""
    row = await connection.fetchrow(SQL["get_delivery"], delivery_id)
    if row is None:
        raise UnknownDelivery(
            f"delivery {delivery_id} does not exist", hint="idexx-sync clinic webhook log CLINIC"
        )
    return dict(row)


async def redeliver(connection: Connection, delivery_id: UUID) -> None:
    """Restarts the delivery from the first try, with the same id, so its receiver recognizes it."""
    await connection.execute(SQL["redeliver"], delivery_id)
