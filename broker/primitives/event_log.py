"""A stream of events that are kept for a while, each stored once.

The publisher gives every event an id (`Nats-Msg-Id`). Within `duplicate_window` the server drops a second
copy of an id it knows, so one who does not know whether an event arrived publishes it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import nats.errors
from dramatiq.errors import BrokerConnectionError
from nats.aio.client import Client
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError

from ..errors import NO_ROOM, StorageFull
from .declare import declare_stream

#: How often the stream is declared until it is there, and the pause between. Seconds.
ATTEMPTS, PAUSE = 5, 0.5


class EventLog:
    """Times in seconds. Subscribe to the subjects for what comes, read the stream for what was."""

    def __init__(
        self,
        client: Callable[[], Awaitable[Client]],
        stream: str,
        subjects: list[str],
        *,
        max_age: float = 7 * 86400.0,
        duplicate_window: float = 3600.0,
        replicas: int = 1,
    ) -> None:
        self._client = client
        self.stream = stream
        self._config = StreamConfig(
            name=stream,
            subjects=subjects,
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
            max_age=max_age,
            duplicate_window=duplicate_window,
            num_replicas=replicas,
            allow_direct=True,
        )

    async def declare(self) -> None:
        """Makes the stream, or brings its configuration up to date. Raises `BrokerConnectionError`.

        A cluster that has just started may need a while to choose who decides.
        """
        js = (await self._client()).jetstream()
        for left in reversed(range(ATTEMPTS)):
            try:
                await declare_stream(js, self._config)
                return
            except BrokerConnectionError:
                if not left:
                    raise
            await asyncio.sleep(PAUSE)

    async def publish(self, subject: str, payload: bytes, event_id: str) -> None:
        """Returns when the event is stored. Raises `BrokerConnectionError`; then publish it again."""
        js = (await self._client()).jetstream()
        try:
            await js.publish(subject, payload, timeout=5, stream=self.stream, headers={"Nats-Msg-Id": event_id})
        except (nats.errors.Error, APIError, TimeoutError) as error:
            if isinstance(error, APIError) and error.err_code in NO_ROOM:
                raise StorageFull(f"{error.description}, {error.err_code}") from error
            raise BrokerConnectionError(
                f"event {event_id} was not stored in {self.stream} ({type(error).__name__}: {error}); "
                "it is published again later"
            ) from error
