"""Events and webhooks are sent as they are stored: those that a test does not send are looked at where they lie."""

from __future__ import annotations

import json

import asyncpg
from pydantic import BaseModel

from actors.spec.events import SYNC_EVENTS
from actors.spec.webhooks import NeedsAttention, SyncEnded, WebhookTest
from engine.events import Event
from tests.spec.hearing import faults

#: One of each shape: a big test stores thousands.
_STORED = """
    select distinct on (event, keys) event, payload
    from idexx_sync.schedule_sync_events,
        lateral (select array_agg(k order by k) as keys from jsonb_object_keys(payload) k) s
    union all
    (select event, body::jsonb from idexx_sync.webhook_deliveries limit 20)
"""


async def check_stored(url: str) -> None:
    """Fails where the database has an event, or the body of a delivery, that is not as its model says."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(_STORED)
    except asyncpg.UndefinedTableError:
        return  # a test of migrations has taken it away
    finally:
        await connection.close()
    found = [
        f"{event}: {fault}" for event, payload in rows for fault in faults(json.loads(payload), _model(event))
    ]
    assert not found, sorted(set(found))


def _model(event: str) -> type[BaseModel]:
    if event.startswith("clinic."):
        return NeedsAttention
    if event.startswith("sync."):
        return WebhookTest if event == "sync.test" else SyncEnded
    return SYNC_EVENTS[Event(event)]
