"""Reads sync events: past events from the gateway, new events from NATS.

Nothing here reads the stream, because not every user has the permission. Past events come from the gateway, so a
late subscriber misses none.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from functools import partial
from time import monotonic

from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import TimeoutError as NatsTimeoutError

from actors.messages import ALL, Subjects
from actors.sync_events import SyncEvent, follow_sync, unsubscribe
from broker.transport.client import cancellable
from engine.events import LAST
from ops.client.errors import CommandFailed
from ops.client.patience import Looked, patiently
from ops.client.requests import ask

Event = SyncEvent

#: The states of a sync that has not ended.
UNFINISHED = frozenset({"queued", "in_progress"})

#: Seconds after which a follower of all syncs asks the gateway whether it missed one.
LOOK_AGAIN = 10.0

#: Seconds without an event after which a follower asks the gateway whether it missed one.
SILENCE = 2.0


async def events_of(
    client: Client,
    subjects: Subjects,
    clinic: str,
    sync_id: str,
    *,
    after_seq: int = 0,
    looked: Looked | None = None,
) -> AsyncGenerator[Event]:
    """Yields every event of a sync after number `after_seq`, to the last one, in order and once.

    With `looked`, it goes on while no gateway responds, until `looked` raises; without, it raises at once.
    """

    async def stored(seq: int) -> list[Event]:
        request = partial(_events_after, client, subjects, clinic, sync_id, seq)
        return await (patiently(request, looked) if looked else request())

    events = follow_sync(client, subjects.sync_event(clinic, sync_id), stored, after=after_seq, silence=SILENCE)
    async with aclosing(events):
        async for event in events:
            if event is not None:
                yield event


async def _events_after(client: Client, subjects: Subjects, clinic: str, sync_id: str, seq: int) -> list[Event]:
    reply = await ask(client, subjects, "events", clinic, sync_id=sync_id, after_seq=seq)
    return list(reply["events"])


async def events_of_all(
    client: Client, subjects: Subjects, clinic: str = ALL, *, looked: Looked = lambda _: None
) -> AsyncGenerator[Event]:
    """Yields every event of every running, queued or later sync of a clinic or of all clinics: each sync from its
    first event, in order and once.

    Subscribes first, then requests the list of syncs; repeats this at intervals, because a message can be lost.
    Raises if no gateway responds at the start; later it waits for one. `looked` receives the result of each later
    request.
    """
    live = await client.subscribe(subjects.sync_event("*" if clinic == ALL else clinic, "*"))
    await client.flush()
    known = _SeenEvents(client, subjects)
    syncs = (await ask(client, subjects, "overview", clinic))["syncs"]
    try:
        while True:
            for sync in reversed(syncs):  # oldest first
                if sync["status"] in UNFINISHED or sync["sync_id"] in known.unfinished:
                    async for event in known.missed(sync["clinic"], sync["sync_id"]):
                        yield event
            look_again = monotonic() + LOOK_AGAIN
            while (message := await _next(live, look_again - monotonic())) is not None:
                async for event in known.heard(message):
                    yield event
            try:
                syncs = (await ask(client, subjects, "overview", clinic))["syncs"]
            except CommandFailed as failure:
                looked(failure)
            else:
                looked(None)
    finally:
        await unsubscribe(live)


async def events_of_several(
    client: Client, subjects: Subjects, syncs: Mapping[str, str], *, looked: Looked
) -> AsyncGenerator[Event]:
    """Yields every event of these syncs, given as clinics by sync id: each sync's in order and once, until all have
    ended.

    One subscription serves all of them. At intervals, the events of each are requested too, because a message can be
    lost. It goes on while no gateway responds, until `looked` raises.
    """
    live = await client.subscribe(subjects.sync_event("*", "*"))
    await client.flush()
    known, unfinished = _SeenEvents(client, subjects), dict(syncs)
    try:
        while unfinished:
            look_again = monotonic() + LOOK_AGAIN
            for sync_id, clinic in list(unfinished.items()):
                for event in await patiently(partial(known.rest, clinic, sync_id), looked):
                    if event["event"] in LAST:
                        del unfinished[sync_id]
                    yield event
            while unfinished and (message := await _next(live, look_again - monotonic())) is not None:
                if message["sync_id"] not in unfinished:
                    continue
                async for event in known.heard(message):
                    if event["event"] in LAST:
                        del unfinished[message["sync_id"]]
                    yield event
    finally:
        await unsubscribe(live)


async def _next(live: Subscription, timeout: float) -> Event | None:
    if timeout <= 0:
        return None
    with suppress(NatsTimeoutError):
        event: Event = json.loads((await cancellable(live.next_msg(timeout=timeout))).data)
        return event
    return None


class _SeenEvents:
    """Tracks the number of each sync's last event, and requests the events in a gap before the next one."""

    def __init__(self, client: Client, subjects: Subjects) -> None:
        self._client = client
        self._subjects = subjects
        self._last: dict[str, int] = {}
        self.unfinished: set[str] = set()

    async def heard(self, event: Event) -> AsyncIterator[Event]:
        """Yields the missed events before `event`, then `event`; nothing if it was already seen."""
        last = self._last.get(event["sync_id"], 0)
        if event["seq"] == last + 1:
            yield self._seen(event)
        elif event["seq"] > last:
            async for one in self.missed(event["clinic"], event["sync_id"]):
                yield one

    async def missed(self, clinic: str, sync_id: str) -> AsyncIterator[Event]:
        """Yields the missed events of a sync; nothing while no gateway responds (a later request finds them)."""
        with suppress(CommandFailed):
            for event in await self.rest(clinic, sync_id):
                yield event

    async def rest(self, clinic: str, sync_id: str) -> list[Event]:
        """Returns the events of a sync after the last one that was seen. Raises `CommandFailed`."""
        found: list[Event] = []
        last = self._last.get(sync_id, 0)
        while events := await _events_after(self._client, self._subjects, clinic, sync_id, last):
            found += events
            last = events[-1]["seq"]
        return [self._seen(event) for event in found]

    def _seen(self, event: Event) -> Event:
        self._last[event["sync_id"]] = event["seq"]
        (self.unfinished.discard if event["event"] in LAST else self.unfinished.add)(event["sync_id"])
        return event
