"""Deliveries: recorded with the end of a sync, tried until they arrive or are given up, and kept as a log."""

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

#: A delivery whose message has not led to a try for so long is sent another one, in seconds.
LOST_AFTER = 300.0

#: How many deliveries are sent to the notifier in one transaction.
BATCH = 200


async def record_delivery(connection: Connection, sync_id: UUID) -> None:
    """Records what the clinic's webhook, if it has one, is to be told of the event that has just ended the sync."""
    await connection.execute(SQL["record_delivery"], sync_id)


async def record_test(connection: Connection, clinic_id: UUID) -> UUID:
    """Records a delivery that tells nothing."""
    delivery_id: UUID = await connection.fetchval(SQL["record_test"], clinic_id, TEST)
    return delivery_id


async def deliveries_to_mail(connection: Connection, sync_id: UUID | None = None) -> list[UUID]:
    """Those that the notifier must be told of; locked until the transaction ends."""
    rows = await connection.fetch(SQL["deliveries_to_mail"], LOST_AFTER, sync_id, BATCH)
    return [row["id"] for row in rows]


async def mark_mailed(connection: Connection, delivery_ids: Sequence[UUID]) -> None:
    await connection.execute(SQL["mark_mailed"], list(delivery_ids))


async def begin_try(connection: Connection, delivery_id: UUID, lease: float) -> Delivery | None:
    """Counts a try and keeps others from it for `lease` seconds; None if there is none to be made now."""
    row = await connection.fetchrow(SQL["begin_try"], delivery_id, lease)
    return None if row is None else Delivery(**row)


async def time_until_due(connection: Connection, delivery_id: UUID) -> float | None:
    """Seconds until a try may be made; None if none will be, as far as is known now."""
    wait: float | None = await connection.fetchval(SQL["time_until_due"], delivery_id)
    return wait


async def finish_try(
    connection: Connection, delivery: Delivery, answer: AttemptResult, verdict: AttemptDecision
) -> None:
    await connection.execute(
        SQL["finish_try"],
        delivery.id,
        delivery.attempts,
        verdict.state,
        answer.status,
        answer.reason,
        answer.duration_ms,
        verdict.wait,
    )


async def list_deliveries(connection: Connection, clinic_id: UUID, limit: int) -> list[dict[str, Any]]:
    """The log: the latest first."""
    return [dict(row) for row in await connection.fetch(SQL["list_deliveries"], clinic_id, limit)]


async def get_delivery(connection: Connection, delivery_id: UUID) -> dict[str, Any]:
    """Raises `UnknownDelivery`."""
    row = await connection.fetchrow(SQL["get_delivery"], delivery_id)
    if row is None:
        raise UnknownDelivery(
            f"delivery {delivery_id} is not known; `idexx-sync clinic webhook log CLINIC` lists the latest ones"
        )
    return dict(row)


async def redeliver(connection: Connection, delivery_id: UUID) -> None:
    """Has it delivered once more, from the first try on, with the same id, so that its receiver knows it again."""
    await connection.execute(SQL["redeliver"], delivery_id)
