"""A stream of events that keeps each event once, for a limited time.

The publisher gives every event an id (`Nats-Msg-Id`). Within `duplicate_window` the server drops a second copy of
a known id, so a publisher that does not know whether an event was stored can publish it again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import nats.errors
from dramatiq.errors import BrokerConnectionError
from nats.aio.client import Client
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError

from ..errors import NO_ROOM, StorageFull
from ..transport.retry import retried
from .declare import declare_stream

#: How often the declaration of the stream is tried, and the pause between attempts in seconds.
ATTEMPTS, PAUSE = 5, 0.5


class EventLog:
    """An event stream. Times are in seconds. Subscribe to the subjects for new events, read the stream for old
    ones."""

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
        """Creates the stream or updates its configuration. Raises `BrokerConnectionError`.

        Retries, because a cluster that has just started may need a while to elect a leader.
        """
        js = (await self._client()).jetstream()
        await retried(
            lambda: declare_stream(js, self._config),
            pause=PAUSE,
            attempts=ATTEMPTS,
            passing=lambda error: isinstance(error, BrokerConnectionError),
        )

    async def publish(self, subject: str, payload: bytes, event_id: str) -> None:
        """Publishes an event and returns when it is stored. On `BrokerConnectionError`, publish it again."""
        js = (await self._client()).jetstream()
        try:
            await js.publish(subject, payload, timeout=5, stream=self.stream, headers={"Nats-Msg-Id": event_id})
        except (nats.errors.Error, APIError, TimeoutError) as error:
            if isinstance(error, APIError) and error.err_code in NO_ROOM:
                raise StorageFull(f"{error.description}, {error.err_code}") from error
            raise BrokerConnectionError(
                f"event {event_id} was not stored in {self.stream} ({type(error).__name__}: {error}); "
                "publishing it is retried later"
            ) from error
