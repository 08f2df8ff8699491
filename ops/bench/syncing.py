"""Runs and times one sync, requested over the public interface."""

from __future__ import annotations

import json
import math
import time
from typing import Any

from nats.aio.client import Client

from actors.messages import Subjects
from actors.settings import Settings
from engine.events import LAST
from engine.store.clinics import find_clinic
from engine.store.sessions import drop_session
from ops.client.connections import open_database

DAYS = 14

#: The longest wait for the next event before the run counts as broken. Seconds.
TIMEOUT = 300


def rounds(settings: Settings) -> int:
    """Returns the least number of rounds of calls that read the days of a sync."""
    calls = math.ceil(DAYS / settings.scrape_span_days)
    return math.ceil(calls / settings.sync_concurrency)


async def one_sync(client: Client, settings: Settings, clinic: str, days: int = DAYS) -> float:
    """Runs a sync; returns the seconds from request to last event. Raises if the sync does not complete."""
    subjects = Subjects(settings.subject_prefix)
    events = await client.subscribe(f"{settings.subject_prefix}.evt.sync.{clinic}.*.*")
    begun = time.monotonic()
    body = json.dumps({"days_ahead": days}).encode()
    reply = json.loads((await client.request(subjects.command("sync", clinic), body, timeout=10)).data)
    try:
        while True:
            event: dict[str, Any] = json.loads((await events.next_msg(timeout=TIMEOUT)).data)
            if event["sync_id"] == reply["sync_id"] and event["event"] in LAST:
                break
    finally:
        await events.unsubscribe()
    if event["event"] != "completed" or event["failed_dates"]:
        raise SystemExit(f"the sync did not complete: {event}")
    return time.monotonic() - begun


async def forget_session(settings: Settings, clinic: str) -> None:
    """Deletes the clinic's stored session, so that the next sync must sign in."""
    async with open_database(settings.need_database_url()) as connection:
        await drop_session(connection, (await find_clinic(connection, clinic)).id, None)
