"""What a broker is made of in one process. A fork makes its own."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from typing import Any

from .connection import Connection
from .dead import DeadLetters
from .held import Held
from .intake import Source
from .kv import Bucket
from .loop import LoopThread
from .mailbox import Mailboxes
from .mover import Mover
from .names import QueueNames
from .outbox import Outbox
from .publisher import Publisher
from .room import Room
from .sender import Sender
from .streams import StreamOptions, Streams

#: How often `join` looks whether a queue is done. Seconds.
SHORTEST_LOOK, LONGEST_LOOK = 0.01, 0.2


@dataclass(frozen=True)
class Server:
    """How to reach the server, and how long one operation waits for it, in seconds."""

    urls: list[str]
    connect_options: dict[str, Any]
    timeout: float


@dataclass
class Parts:
    """The parts of one broker in one process, on one loop. The coroutines run there."""

    pid: int
    thread: LoopThread
    connection: Connection
    streams: Streams
    publisher: Publisher
    held: Held
    room: Room
    sender: Sender
    outbox: Outbox
    dead: DeadLetters
    mailboxes: Mailboxes
    _buckets: dict[str, Bucket] = field(default_factory=dict)
    #: For `enqueue` on the loop's own thread, if it was ever called there.
    beside: Parts | None = None

    @classmethod
    def make(cls, server: Server, options: StreamOptions, thread: LoopThread) -> Parts:
        """Puts the parts together, and has them closed before the loop ends. Nothing connects yet."""
        connection = Connection(server.urls, server.connect_options, server.timeout)
        streams = Streams(connection, options)
        publisher = Publisher(connection, thread, server.timeout, streams.declare_again)
        room = Room(connection)
        held = Held(connection, thread, room, options.ack_wait)
        sender = Sender(connection, streams, publisher, room)
        parts = cls(
            pid=os.getpid(),
            thread=thread,
            connection=connection,
            streams=streams,
            publisher=publisher,
            held=held,
            room=room,
            sender=sender,
            outbox=Outbox(thread, streams, publisher, sender),
            dead=DeadLetters(connection, streams, publisher, held),
            mailboxes=Mailboxes(connection, streams),
        )
        thread.closers.append(parts.close)
        return parts

    async def declare_consumers(self, names: QueueNames) -> list[Source]:
        """Makes what a worker needs of a queue; what it pulls from, in the order of rank."""
        self.streams.forget(names)
        await self.streams.box(names)
        await self.streams.later(names)
        await self.room.watch(names)
        return [Source(stream, durable) for stream, durable in await self.streams.consumers(names)]

    async def mover(self, names: QueueNames) -> Mover | None:
        """What moves delayed messages on, where the server does not."""
        if not await self.streams.needs_mover(names):
            return None
        return Mover(self.connection, self.held, self.publisher, names)

    async def join(self, names: QueueNames) -> None:
        """Waits until nothing is ready, in flight or delayed."""
        pause = SHORTEST_LOOK
        while not await self.mailboxes.is_done(names):
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_LOOK)

    async def replay(self, names: QueueNames, sequence: int, wait: float) -> bool:
        """Stores a dead letter in its queue, and then drops it; False: there is none."""
        letter = await self.dead.replay(names, sequence)
        if letter is None:
            return False
        await self.sender.store(names, letter, wait)
        return await self.dead.drop(names, sequence)

    async def bucket(self, name: str, replicas: int | None) -> Bucket:
        """A key-value bucket on this connection."""
        client = await self.connection.connected()
        bucket = self._buckets.get(name)
        if bucket is None or bucket.client is not client:
            bucket = self._buckets[name] = Bucket(client, name, replicas=replicas or self.streams.options.replicas)
        return bucket

    async def close(self) -> None:
        """Sends what is to be sent, and ends the connection."""
        if self.close in self.thread.closers:
            self.thread.closers.remove(self.close)
        if self.beside is not None:
            await asyncio.to_thread(self.beside.thread.stop)
            self.beside = None
        await self.held.flush()
        await self.held.close()
        await self.connection.close()
