"""Where events come from: one sync's from the gateway, or anybody's from the stream."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import datetime
from typing import Any

from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from actors.messages import Subjects
from ops.cli.errors import CommandFailed
from ops.cli.exits import Exit
from ops.live.requests import ask

Event = dict[str, Any]

#: The events after which a sync is over.
LAST = frozenset({"completed", "failed", "cancelled", "timed_out"})

#: Seconds without an event after which the gateway is asked whether one was missed.
SILENCE = 2.0


async def events_of(client: Client, subjects: Subjects, clinic: str, sync_id: str) -> AsyncGenerator[Event]:
    """Every event of a sync, from the first to the last, in order and once.

    Listens first and then asks for what was; a gap, or silence, makes it ask again.
    """
    live = await client.subscribe(subjects.sync_event(clinic, sync_id))
    seen = 0
    try:
        while True:
            past = await ask(client, subjects, "events", clinic, sync_id=sync_id, after_seq=seen)
            for event in past["events"]:
                yield event
                seen = event["seq"]
                if event["event"] in LAST:
                    return
            with suppress(NatsTimeoutError):
                while (event := json.loads((await live.next_msg(timeout=SILENCE)).data))["seq"] <= seen + 1:
                    if event["seq"] <= seen:
                        continue
                    yield event
                    seen = event["seq"]
                    if event["event"] in LAST:
                        return
    finally:
        await live.unsubscribe()


async def stream(
    client: Client, subjects: Subjects, *, clinic: str = "*", sync_id: str = "*", since: datetime | None = None
) -> AsyncGenerator[Event | None]:
    """Events from the stream, from `since` or the very first on, and then as they come.

    None stands, once, between those that were there already and those that come.
    """
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_TIME if since else DeliverPolicy.ALL, opt_start_time=since
    )
    subject = subjects.sync_event(clinic, sync_id)
    try:
        messages = await client.jetstream().subscribe(
            subject, stream=subjects.event_stream, ordered_consumer=True, config=config
        )
    except NotFoundError:
        raise CommandFailed(
            f"there is no event stream {subjects.event_stream} on this NATS: no gateway has run here yet",
            status=Exit.UNREACHABLE,
            hint="idexx-sync up",
        ) from None
    try:
        info = await messages.consumer_info()
        caught_up = not info.num_pending and not (info.delivered and info.delivered.consumer_seq)
        if caught_up:
            yield None
        async for message in messages.messages:
            yield json.loads(message.data)
            if not caught_up and message.metadata.num_pending == 0:
                caught_up = True
                yield None
    finally:
        await messages.unsubscribe()
