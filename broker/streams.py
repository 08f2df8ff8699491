"""Declares streams and durable consumers: creates them on first use, or updates them to the given options."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from dramatiq.errors import ConnectionClosed
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)

from .names import WAITING, QueueNames
from .primitives.declare import declare_consumer, declare_stream, has_consumer, require, version_of
from .transport.connection import Connection
from .transport.retry import retried

#: The oldest supported server, and the first with scheduled messages; for older ones see
#: `delayed_message_mover.py`.
OLDEST_SERVER, FIRST_WITH_SCHEDULES = (2, 10), (2, 12)
#: How long one attempt at a declaration waits for a response, and the pause before the next. Seconds.
ATTEMPT, PAUSE = 2.0, 0.2


@dataclass(frozen=True)
class StreamOptions:
    """Options of the streams of a namespace. Every process of a namespace must use the same options."""

    mailbox_size: int | Mapping[str, int] | None = None
    mailbox_bytes: int | Mapping[str, int] | None = None
    ack_wait: float = 30.0
    dead_letter_ttl: float = 7 * 86400.0
    duplicate_window: float = 120.0
    max_priority: int | None = None
    replicas: int = 1
    storage: StorageType = StorageType.FILE

    @property
    def levels(self) -> range:
        """All priorities, lowest first."""
        return range((self.max_priority or 0) + 1)

    def level(self, options: Mapping[str, Any]) -> int:
        """Returns the priority of a message with these options."""
        return min(max(int(options.get("broker_priority") or 0), 0), self.levels[-1])

    def limit(self, queue: str) -> int | None:
        """Returns the limit of the mailbox of `queue` in messages; None: no limit."""
        return _of_queue(self.mailbox_size, queue)

    def limit_bytes(self, queue: str) -> int | None:
        """Returns the limit of the mailbox of `queue` in bytes; None: no limit."""
        return _of_queue(self.mailbox_bytes, queue)


def _of_queue(bound: int | Mapping[str, int] | None, queue: str) -> int | None:
    return bound.get(queue) if isinstance(bound, Mapping) else bound


class Streams:
    """Declares each stream once per process, and again if the server has lost it."""

    def __init__(self, connection: Connection, options: StreamOptions) -> None:
        self.options = options
        #: Whether the server holds delayed messages until they are due; known after `later` was declared.
        self.has_schedules = True
        self._connection = connection
        self._declared: dict[str, asyncio.Task[None]] = {}
        self._known: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}

    async def box(self, names: QueueNames) -> None:
        """Declares the limited stream of ready and in-flight messages, with a durable consumer per priority."""
        await self._once(names.box, lambda: self._declare_box(names))

    async def later(self, names: QueueNames) -> None:
        """Declares the unlimited stream of delayed and due messages, and its consumers."""
        await self._once(names.later, lambda: self._declare_later(names))

    async def dead(self, names: QueueNames) -> None:
        """Declares the stream of dead letters."""
        await self._once(names.dead, lambda: self._declare_dead(names))

    async def needs_mover(self, names: QueueNames) -> bool:
        """Whether workers must move delayed messages; also true after a server upgrade, for messages that wait
        there."""
        js = await self._jetstream()
        if not self.has_schedules:
            levels = [names.at(level) for level in self.options.levels]
            await declare_consumer(js, names.later, self._consumer(WAITING, levels))
            return True
        return await has_consumer(js, names.later, WAITING)

    async def consumers(self, names: QueueNames) -> list[tuple[str, str]]:
        """Returns stream and durable of each consumer that a worker pulls from, highest rank first.

        Higher priorities come first; within a priority, due messages come before new ones, because they are older.
        If `max_priority` was higher in the past, messages may wait above it; their consumers are included.
        """
        js = await self._jetstream()
        found = [_pair(names, level) for level in self.options.levels]
        while beyond := [one for one in _pair(names, len(found)) if await has_consumer(js, *one)]:
            found.append(beyond)
        return [one for pair in reversed(found) for one in pair]

    def knows(self, stream: str) -> bool:
        """Whether this process has finished declaring `stream`, so that no await is needed."""
        task = self._declared.get(stream)
        return task is not None and task.done()

    async def declare_again(self, stream: str) -> None:
        """Recreates a stream that was declared before and no longer responds."""
        self._declared.pop(stream, None)
        await self._once(stream, self._known[stream])

    def forget(self, names: QueueNames) -> None:
        """Makes the next use of the queue declare its streams again."""
        for stream in (names.box, names.later, names.dead):
            self._declared.pop(stream, None)

    async def _once(self, name: str, declare: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = self._declared.get(name)
        if task is not None and task.done() and not task.cancelled() and task.exception() is None:
            return
        if task is None:
            self._known[name] = declare
            task = self._declared[name] = asyncio.ensure_future(self._insist(declare))
        try:
            await asyncio.shield(task)
        except BaseException:
            if task.done() and self._declared.get(name) is task:
                del self._declared[name]
            raise

    async def _insist(self, declare: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Retries a declaration until the timeout: a cluster without a leader does not respond. Repeating is
        harmless."""
        await retried(declare, pause=PAUSE, within=self._connection.timeout, passing=_is_closed)

    async def _declare_box(self, names: QueueNames) -> None:
        options = self.options
        js = await self._jetstream()
        await declare_stream(
            js,
            StreamConfig(
                name=names.box,
                subjects=[names.new("*")],
                retention=RetentionPolicy.WORK_QUEUE,
                discard=DiscardPolicy.NEW,
                max_msgs=options.limit(names.queue) or -1,
                max_bytes=options.limit_bytes(names.queue) or -1,
                duplicate_window=options.duplicate_window,
                num_replicas=options.replicas,
                storage=options.storage,
            ),
        )
        for level in options.levels:
            await declare_consumer(js, names.box, self._consumer(f"new-{level}", [names.new(level)]))

    async def _declare_later(self, names: QueueNames) -> None:
        js = await self._jetstream()
        self.has_schedules = version_of(await self._connection.client()) >= FIRST_WITH_SCHEDULES
        await declare_stream(
            js,
            StreamConfig(
                name=names.later,
                subjects=[names.at("*"), names.due("*")],
                # A limit is neither possible here (the server refuses it) nor wanted: these messages were
                # admitted.
                retention=RetentionPolicy.WORK_QUEUE,
                allow_msg_schedules=self.has_schedules or None,
                allow_rollup_hdrs=True,
                duplicate_window=self.options.duplicate_window,
                num_replicas=self.options.replicas,
                storage=self.options.storage,
            ),
        )
        for level in self.options.levels:
            await declare_consumer(js, names.later, self._consumer(f"due-{level}", [names.due(level)]))

    async def _declare_dead(self, names: QueueNames) -> None:
        await declare_stream(
            await self._jetstream(),
            StreamConfig(
                name=names.dead,
                subjects=[names.letter],
                retention=RetentionPolicy.LIMITS,
                max_age=self.options.dead_letter_ttl,
                duplicate_window=min(self.options.duplicate_window, self.options.dead_letter_ttl),
                num_replicas=self.options.replicas,
                storage=self.options.storage,
            ),
        )

    def _consumer(self, durable: str, subjects: list[str]) -> ConsumerConfig:
        return ConsumerConfig(
            durable_name=durable,
            filter_subject=subjects[0] if len(subjects) == 1 else None,
            filter_subjects=subjects if len(subjects) > 1 else None,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self.options.ack_wait,
            # All workers share the consumer, and each limits its messages by its prefetch.
            max_ack_pending=-1,
            # With a limit the server would silently drop the message; the broker counts deliveries and
            # dead-letters it.
            max_deliver=-1,
        )

    async def _jetstream(self) -> JetStreamContext:
        client = await self._connection.client()
        require(client, OLDEST_SERVER, "This broker")
        return client.jetstream(timeout=min(ATTEMPT, self._connection.timeout))


def _is_closed(error: BaseException) -> bool:
    return isinstance(error, ConnectionClosed)


def _pair(names: QueueNames, level: int) -> list[tuple[str, str]]:
    return [(names.later, f"due-{level}"), (names.box, f"new-{level}")]
