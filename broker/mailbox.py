"""Reads how full a queue is, and empties it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import nats.js.errors
from nats.js import JetStreamContext
from nats.js.api import StreamInfo

from .errors import transport
from .names import QueueNames
from .streams import Streams
from .transport.connection import Connection


@dataclass(frozen=True)
class Mailbox:
    """How much a queue holds. `limit` and `limit_bytes` are None if there is no limit."""

    queue: str
    #: Ready or in flight; the limit applies to this number.
    messages: int
    limit: int | None
    bytes: int
    limit_bytes: int | None
    #: Delivered to a worker and not yet settled (included in `messages` or `due`).
    in_flight: int
    #: Was delayed or retried, and is now due. Not counted against the limit: it was admitted before.
    due: int
    #: Not due yet.
    delayed: int
    dead: int


class Mailboxes:
    """Reads and empties the streams of queues. Runs on the broker's loop."""

    def __init__(self, connection: Connection, streams: Streams) -> None:
        self._connection = connection
        self._streams = streams

    async def look(self, names: QueueNames) -> Mailbox:
        """Returns the current state of the queue; a queue that was never used is empty."""
        js = await self._jetstream()
        with transport():
            box, later, dead = await asyncio.gather(
                _info(js, names.box), _info(js, names.later, names.due("*")), _info(js, names.dead)
            )
            in_flight = await self._in_flight(js, names, box, later)
        due = sum((later.state.subjects or {}).values()) if later else 0
        options = self._streams.options
        return Mailbox(
            queue=names.queue,
            messages=box.state.messages if box else 0,
            limit=options.limit(names.queue),
            bytes=box.state.bytes if box else 0,
            limit_bytes=options.limit_bytes(names.queue),
            in_flight=in_flight,
            due=due,
            delayed=later.state.messages - due if later else 0,
            dead=dead.state.messages if dead else 0,
        )

    async def is_done(self, names: QueueNames) -> bool:
        """Whether nothing is ready, in flight, due or delayed."""
        js = await self._jetstream()
        with transport():
            streams = await asyncio.gather(_info(js, names.box), _info(js, names.later))
        return all(stream is None or stream.state.messages == 0 for stream in streams)

    async def flush(self, names: QueueNames) -> None:
        """Drops all messages of the queue: ready, in flight, due, delayed, and dead letters."""
        js = await self._jetstream()
        with transport():
            for stream in (names.box, names.later, names.dead):
                if await _info(js, stream) is not None:
                    await js.purge_stream(stream)

    async def _in_flight(
        self, js: JetStreamContext, names: QueueNames, box: StreamInfo | None, later: StreamInfo | None
    ) -> int:
        asked = [(names.box, f"new-{level}") for level in self._streams.options.levels if box]
        asked += [(names.later, f"due-{level}") for level in self._streams.options.levels if later]
        return sum(await asyncio.gather(*(_unsettled(js, *consumer) for consumer in asked)))

    async def _jetstream(self) -> JetStreamContext:
        client = await self._connection.connected()
        return client.jetstream(timeout=self._connection.timeout)


async def _info(js: JetStreamContext, stream: str, subjects: str | None = None) -> StreamInfo | None:
    try:
        return await js.stream_info(stream, subjects_filter=subjects)
    except nats.js.errors.NotFoundError:
        return None


async def _unsettled(js: JetStreamContext, stream: str, durable: str) -> int:
    try:
        return (await js.consumer_info(stream, durable)).num_ack_pending or 0
    except nats.js.errors.NotFoundError:
        return 0  # the stream is being declared at this moment
