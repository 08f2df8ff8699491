"""The NATS client of the HTTP API: sends requests, follows syncs, finds a sync's clinic."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any
from uuid import UUID

import nats.errors
from dramatiq.errors import BrokerConnectionError
from nats.aio.client import Client
from nats.js.errors import APIError, NotFoundError

from actors.http.responses import Refused
from actors.messages import ACTION_HEADER, Subjects, encode
from actors.observability import tracing
from actors.observability.span_names import sending
from actors.sync_events import follow_sync, unsubscribe
from broker import NatsBroker
from engine.errors import Unavailable
from engine.events import Event

#: How long the service may take for a reply, in seconds.
REPLY_WITHIN = 10.0
#: Time without events after which a follower checks whether it missed one, in seconds.
LOOK_AGAIN = 10.0
#: How long a sync that was just accepted may take to appear in the stream, in seconds.
APPEARS_WITHIN = 1.0


class NatsClient:
    def __init__(self, broker: NatsBroker, subjects: Subjects) -> None:
        self._broker = broker
        self._subjects = subjects

    async def ask(
        self, verb: str, clinic: str, body: Mapping[str, Any], *, action: UUID | None = None
    ) -> dict[str, Any]:
        """The service's reply. `action` is the record of what is requested.

        Raises `Refused` with its refusal, or `Unavailable` if no gateway replies.
        """
        client = await self._client()
        try:
            subject, template = self._subjects.command(verb, clinic), self._subjects.command_template(verb)
            with sending(subject, {"clinic": clinic}, template=template):
                headers = tracing.carried() | ({} if action is None else {ACTION_HEADER: str(action)})
                reply = await client.request(subject, encode(body), timeout=REPLY_WITHIN, headers=headers or None)
        except (nats.errors.Error, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise Unavailable(f"no gateway replies on NATS ({why}); try again", retry_after_ms=1000) from error
        answer: dict[str, Any] = json.loads(reply.data)
        if not answer["ok"]:
            raise Refused(answer)
        return answer

    async def follow(self, clinic: str, sync_id: str, after: int = 0) -> AsyncGenerator[dict[str, Any] | None]:
        """The sync's events after number `after`, up to the last one; None after a while without a new one."""
        subject = self._subjects.sync_event(clinic, sync_id)
        stored = partial(self._stored, clinic, sync_id)
        events = follow_sync(await self._client(), subject, stored, after=after, silence=LOOK_AGAIN)
        async with aclosing(events):
            async for event in events:
                yield event

    async def events_of_all(self) -> AsyncGenerator[dict[str, Any]]:
        """The events of every sync as they are published; one can be lost. Raises `Unavailable`."""
        client = await self._client()
        try:
            heard = await client.subscribe(self._subjects.sync_event("*", "*"))
            try:
                async for message in heard.messages:
                    yield json.loads(message.data)
            finally:
                await asyncio.shield(unsubscribe(heard))
        except nats.errors.Error as error:
            raise Unavailable(f"the subscription to events failed ({error}); try again") from error

    async def last_event(self, clinic: str, sync_id: str) -> dict[str, Any]:
        async for event in self.follow(clinic, sync_id):
            if event is not None and Event(event["event"]).is_last:
                return event
        raise AssertionError("unreachable: following ends with the last event")

    async def clinic_of(self, sync_id: str) -> str | None:
        """The slug of the sync's clinic, from the event stream; None: no event of the last 7 days."""
        subject = self._subjects.sync_event("*", sync_id, Event.ACCEPTED)
        stream = (await self._client()).jetstream()
        try:
            async with asyncio.timeout(APPEARS_WITHIN):
                while True:
                    try:
                        found = await stream.get_last_msg(self._subjects.event_stream, subject)
                        return (found.subject or "").split(".")[3]
                    except NotFoundError:
                        await asyncio.sleep(0.1)
        except TimeoutError:
            return None
        except (nats.errors.Error, APIError) as error:
            raise Unavailable(f"the stream of events cannot be read ({error}); try again") from error

    async def _stored(self, clinic: str, sync_id: str, after: int) -> list[dict[str, Any]]:
        """The stored events after a number; empty while no gateway replies: the caller asks again."""
        try:
            reply = await self.ask("events", clinic, {"sync_id": sync_id, "after_seq": after})
        except Unavailable:
            await asyncio.sleep(1)
            return []
        except Refused as refused:
            if refused.code == 503:
                await asyncio.sleep(1)
                return []
            raise
        events: list[dict[str, Any]] = reply["events"]
        return events

    async def _client(self) -> Client:
        try:
            return await self._broker.client()
        except BrokerConnectionError as error:
            raise Unavailable(f"NATS is unreachable ({error}); try again", retry_after_ms=1000) from error
