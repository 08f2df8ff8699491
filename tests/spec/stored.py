"""Events are published as they are stored: those of tests without NATS are looked at where they lie."""

from __future__ import annotations

import json

import asyncpg

from actors.spec.events import SYNC_EVENTS
from engine.events import Event
from tests.spec.hearing import faults


async def check_stored_events(url: str) -> None:
    """Fails where the database has an event that is not as its model says."""
    connection = await asyncpg.connect(url)
    try:
        # One of each shape: a big test stores thousands.
        rows = await connection.fetch(
            "select distinct on (event, keys) event, payload from schedule_sync_events,"
            " lateral (select array_agg(k order by k) as keys from jsonb_object_keys(payload) k) shape"
        )
    except asyncpg.UndefinedTableError:
        return  # a test of migrations has taken it away
    finally:
        await connection.close()
    found = {
        f"{row['event']}: {fault}"
        for row in rows
        for fault in faults(json.loads(row["payload"]), SYNC_EVENTS[Event(row["event"])])
    }
    assert not found, sorted(found)
