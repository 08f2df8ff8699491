"""The parts of a broker in one process, wired together. A forked process makes its own."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import Any

from .backpressure import CapacitySignal
from .blocking_sender import BlockingSender
from .dead_letters import DeadLetters
from .delayed_message_mover import DelayedMessageMover
from .in_flight import InFlight
from .mailbox import Mailboxes
from .names import QueueNames
from .primitives.kv import Bucket
from .publisher import Publisher
from .pull_consumer import Source
from .sender import Sender
from .streams import StreamOptions, Streams
from .transport.connection import Connection
from .transport.loop import LoopThread

#: `join` checks whether a queue is done at intervals that grow from the first to the second. Seconds.
SHORTEST_LOOK, LONGEST_LOOK = 0.01, 0.2


@dataclass(frozen=True)
class Server:
    """How to reach the server, and how long one operation waits for it, in seconds."""

    urls: list[str]
    connect_options: dict[str, Any]
    timeout: float


@dataclass
class Components:
    """The parts of one broker in one process, on one loop. The coroutine methods run on that loop."""

    pid: int
    thread: LoopThread
    connection: Connection
    streams: Streams
    publisher: Publisher
    in_flight: InFlight
    capacity: CapacitySignal
    sender: Sender
    blocking_sender: BlockingSender
    dead: DeadLetters
    mailboxes: Mailboxes
    _buckets: dict[str, Bucket] = field(default_factory=dict)
    #: A second set with its own loop, for `enqueue` on this loop's thread; None until it is called there.
    beside: Components | None = None

    @classmethod
    def make(cls, server: Server, options: StreamOptions, thread: LoopThread) -> Components:
        """Creates the parts and registers `close` to run before the loop ends. Nothing connects yet."""
        connection = Connection(server.urls, server.connect_options, server.timeout)
        streams = Streams(connection, options)
        publisher = Publisher(connection, thread, server.timeout, streams.declare_again)
        capacity = CapacitySignal(connection)
        in_flight = InFlight(connection, thread, capacity, options.ack_wait)
        sender = Sender(connection, streams, publisher, capacity)
        components = cls(
            pid=os.getpid(),
            thread=thread,
            connection=connection,
            streams=streams,
            publisher=publisher,
            in_flight=in_flight,
            capacity=capacity,
            sender=sender,
            blocking_sender=BlockingSender(thread, streams, publisher, sender),
            dead=DeadLetters(connection, streams, publisher, in_flight),
            mailboxes=Mailboxes(connection, streams),
        )
        thread.closers.append(components.close)
        return components

    async def declare_consumers(self, names: QueueNames) -> list[Source]:
        """Declares a queue's streams and consumers; returns the sources a worker pulls from, highest rank
        first."""
        self.streams.forget(names)
        await self.streams.box(names)
        await self.streams.later(names)
        await self.capacity.watch(names)
        return [Source(stream, durable) for stream, durable in await self.streams.consumers(names)]

    async def mover(self, names: QueueNames) -> DelayedMessageMover | None:
        """Returns a mover of delayed messages, or None if the server moves them itself."""
        if not await self.streams.needs_mover(names):
            return None
        return DelayedMessageMover(self.connection, self.in_flight, self.publisher, names)

    async def join(self, names: QueueNames) -> None:
        """Waits until nothing is ready, in flight or delayed."""
        pause = SHORTEST_LOOK
        while not await self.mailboxes.is_done(names):
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_LOOK)

    async def replay(self, names: QueueNames, sequence: int, wait: float) -> bool:
        """Stores a dead letter in its queue, then drops it. Returns False if it does not exist."""
        letter = await self.dead.replay(names, sequence)
        if letter is None:
            return False
        await self.sender.store(names, letter, wait)
        return await self.dead.drop(names, sequence)

    async def bucket(self, name: str, replicas: int | None) -> Bucket:
        """Returns a key-value bucket on this connection."""
        client = await self.connection.connected()
        bucket = self._buckets.get(name)
        if bucket is None or bucket.client is not client:
            bucket = self._buckets[name] = Bucket(client, name, replicas=replicas or self.streams.options.replicas)
        return bucket

    async def close(self) -> None:
        """Sends pending settlements and closes the connection."""
        if self.close in self.thread.closers:
            self.thread.closers.remove(self.close)
        if self.beside is not None:
            await asyncio.to_thread(self.beside.thread.stop)
            self.beside = None
        await self.in_flight.flush()
        await self.in_flight.close()
        await self.connection.close()
