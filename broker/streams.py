"""Declaring streams and durable consumers: created on first use, and changed to the options given."""

from __future__ import annotations

import asyncio
import time
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

#: The first server that has what is needed, and the first with scheduled messages; before, see `mover.py`.
OLDEST_SERVER, FIRST_WITH_SCHEDULES = (2, 10), (2, 12)
#: How long one attempt at a declaration waits for an answer, and the pause before the next. Seconds.
ATTEMPT, PAUSE = 2.0, 0.2


@dataclass(frozen=True)
class StreamOptions:
    """How the streams of a namespace are made. Every process of a namespace must use the same options."""

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
        """The priorities that exist, the lowest first."""
        return range((self.max_priority or 0) + 1)

    def level(self, options: Mapping[str, Any]) -> int:
        """The priority that a message with these options has."""
        return min(max(int(options.get("broker_priority") or 0), 0), self.levels[-1])

    def limit(self, queue: str) -> int | None:
        """How many messages the mailbox of `queue` holds; None: no bound."""
        return _of_queue(self.mailbox_size, queue)

    def limit_bytes(self, queue: str) -> int | None:
        """How many bytes the mailbox of `queue` holds; None: no bound."""
        return _of_queue(self.mailbox_bytes, queue)


def _of_queue(bound: int | Mapping[str, int] | None, queue: str) -> int | None:
    return bound.get(queue) if isinstance(bound, Mapping) else bound


class Streams:
    """Declares each stream once in the life of a process, and again when the server turns out to have lost it."""

    def __init__(self, connection: Connection, options: StreamOptions) -> None:
        self.options = options
        #: Whether the server keeps delayed messages until their time; known when `later` was declared.
        self.has_schedules = True
        self._connection = connection
        self._declared: dict[str, asyncio.Task[None]] = {}
        self._known: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {}

    async def box(self, names: QueueNames) -> None:
        """The bounded stream of what is ready or in flight, and a durable consumer for each priority."""
        await self._once(names.box, lambda: self._declare_box(names))

    async def later(self, names: QueueNames) -> None:
        """The unbounded stream of what waits for its time or is due, and its consumers."""
        await self._once(names.later, lambda: self._declare_later(names))

    async def dead(self, names: QueueNames) -> None:
        """The stream of dead letters."""
        await self._once(names.dead, lambda: self._declare_dead(names))

    async def needs_mover(self, names: QueueNames) -> bool:
        """Whether delayed messages wait for a worker to move them on; after an update of the server, too."""
        js = await self._jetstream()
        if not self.has_schedules:
            levels = [names.at(level) for level in self.options.levels]
            await declare_consumer(js, names.later, self._consumer(WAITING, levels))
            return True
        return await has_consumer(js, names.later, WAITING)

    async def consumers(self, names: QueueNames) -> list[tuple[str, str]]:
        """Stream and durable of all that a worker pulls from, by their rank.

        From the highest priority down; what is due is older than what is new, and goes first. Where `max_priority`
        was higher before, messages may wait beyond it, and are worked off, too.
        """
        js = await self._jetstream()
        found = [_pair(names, level) for level in self.options.levels]
        while beyond := [one for one in _pair(names, len(found)) if await has_consumer(js, *one)]:
            found.append(beyond)
        return [one for pair in reversed(found) for one in pair]

    def knows(self, stream: str) -> bool:
        """Whether `stream` was declared by this process, so that nothing needs to be awaited."""
        task = self._declared.get(stream)
        return task is not None and task.done()

    async def declare_again(self, stream: str) -> None:
        """Makes a stream anew that was declared before and does not answer any more."""
        self._declared.pop(stream, None)
        await self._once(stream, self._known[stream])

    def forget(self, names: QueueNames) -> None:
        """The next use of the queue declares its streams again."""
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
        """A cluster that has no leader yet does not answer at all; what is asked again changes nothing."""
        deadline = time.monotonic() + self._connection.timeout
        while True:
            try:
                return await declare()
            except ConnectionClosed:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(PAUSE)

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
                # A bound is neither possible here (the server refuses it) nor wanted: what is here was admitted.
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
            # The consumer is shared by every worker, and each worker bounds what it holds by its prefetch.
            max_ack_pending=-1,
            # The server would drop the message silently; the broker counts deliveries and keeps a dead letter.
            max_deliver=-1,
        )

    async def _jetstream(self) -> JetStreamContext:
        client = await self._connection.client()
        require(client, OLDEST_SERVER, "This broker")
        return client.jetstream(timeout=min(ATTEMPT, self._connection.timeout))


def _pair(names: QueueNames, level: int) -> list[tuple[str, str]]:
    return [(names.later, f"due-{level}"), (names.box, f"new-{level}")]
