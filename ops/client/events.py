"""Where events come from: those that were from the gateway, those that come from the bus.

Nothing here reads the stream, which not everybody may; what was is asked for, so nobody is too late.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError

from actors.messages import ALL, Subjects
from broker.transport.client import cancellable
from engine.events import LAST
from ops.client.errors import CommandFailed
from ops.client.requests import ask

Event = dict[str, Any]

#: Is called with the reason while no gateway answers, and with None when one does.
Looked = Callable[[CommandFailed | None], None]

#: The states of a sync that is not over.
UNFINISHED = frozenset({"queued", "in_progress"})

#: Seconds after which those who follow all syncs ask whether they missed one.
LOOK_AGAIN = 10.0

#: Seconds without an event after which the gateway is asked whether one was missed.
SILENCE = 2.0


async def events_of(
    client: Client, subjects: Subjects, clinic: str, sync_id: str, *, after_seq: int = 0
) -> AsyncGenerator[Event]:
    """Every event of a sync after one of them, to the last, in order and once.

    Listens first and then asks for what was; a gap, or silence, makes it ask again.
    """
    live = await client.subscribe(subjects.sync_event(clinic, sync_id))
    seen = after_seq
    try:
        while True:
            # An answer has a limit, so the next one is asked for until nothing is left.
            while past := await _events_after(client, subjects, clinic, sync_id, seen):
                for event in past:
                    yield event
                    seen = event["seq"]
                    if event["event"] in LAST:
                        return
            with suppress(NatsTimeoutError):
                while (event := json.loads((await cancellable(live.next_msg(timeout=SILENCE))).data))[
                    "seq"
                ] <= seen + 1:
                    if event["seq"] <= seen:
                        continue
                    yield event
                    seen = event["seq"]
                    if event["event"] in LAST:
                        return
    finally:
        await _let_go(live)


async def _events_after(client: Client, subjects: Subjects, clinic: str, sync_id: str, seq: int) -> list[Event]:
    reply = await ask(client, subjects, "events", clinic, sync_id=sync_id, after_seq=seq)
    return list(reply["events"])


async def events_of_all(
    client: Client, subjects: Subjects, clinic: str = ALL, *, looked: Looked = lambda _: None
) -> AsyncGenerator[Event]:
    """Every event of every sync that runs or waits now, or begins later, of a clinic or of all: each sync from its
    first event on, in order and once.

    Listens first and then asks which syncs there are; asks again now and then, since a message can be lost.
    Raises when no gateway answers at the start; later it waits for one. `looked` is told what came of each later look.
    """
    live = await client.subscribe(subjects.sync_event("*" if clinic == ALL else clinic, "*"))
    await client.flush()
    known = _Known(client, subjects)
    syncs = (await ask(client, subjects, "overview", clinic))["syncs"]
    try:
        while True:
            for sync in reversed(syncs):  # the oldest first
                if sync["status"] in UNFINISHED or sync["sync_id"] in known.unfinished:
                    async for event in known.missed(sync["clinic"], sync["sync_id"]):
                        yield event
            look_again = monotonic() + LOOK_AGAIN
            while (told := await _next(live, look_again - monotonic())) is not None:
                async for event in known.heard(told):
                    yield event
            try:
                syncs = (await ask(client, subjects, "overview", clinic))["syncs"]
            except CommandFailed as failure:
                looked(failure)
            else:
                looked(None)
    finally:
        await _let_go(live)


async def _let_go(live: Subscription) -> None:
    """On a connection that is lost there is nothing to let go of, and Ctrl-C must stay what it is."""
    with suppress(OSError, NatsError):
        await live.unsubscribe()


async def _next(live: Subscription, timeout: float) -> Event | None:
    if timeout <= 0:
        return None
    with suppress(NatsTimeoutError):
        return await _event(live, timeout)
    return None


async def _event(live: Subscription, timeout: float) -> Event:
    event: Event = json.loads((await cancellable(live.next_msg(timeout=timeout))).data)
    return event


class _Known:
    """The number of each sync's last event that was seen; what lies between it and the next one is asked for."""

    def __init__(self, client: Client, subjects: Subjects) -> None:
        self._client = client
        self._subjects = subjects
        self._last: dict[str, int] = {}
        self.unfinished: set[str] = set()

    async def heard(self, event: Event) -> AsyncIterator[Event]:
        """The event, after those that were missed before it; nothing if it was seen."""
        last = self._last.get(event["sync_id"], 0)
        if event["seq"] == last + 1:
            yield self._seen(event)
        elif event["seq"] > last:
            async for one in self.missed(event["clinic"], event["sync_id"]):
                yield one

    async def missed(self, clinic: str, sync_id: str) -> AsyncIterator[Event]:
        """Nothing while no gateway answers; a later look finds them."""
        with suppress(CommandFailed):
            while events := await _events_after(
                self._client, self._subjects, clinic, sync_id, self._last.get(sync_id, 0)
            ):
                for event in events:
                    yield self._seen(event)

    def _seen(self, event: Event) -> Event:
        self._last[event["sync_id"]] = event["seq"]
        (self.unfinished.discard if event["event"] in LAST else self.unfinished.add)(event["sync_id"])
        return event
