"""Queue administration over the process's connection: reads and empties queues, and handles dead letters."""

from __future__ import annotations

import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from dramatiq import Broker
from dramatiq.common import q_name
from dramatiq.errors import QueueJoinTimeout
from dramatiq.middleware import Middleware
from nats.aio.client import Client

from .components import Components, Server
from .dead_letters import DeadLetter
from .mailbox import Mailbox
from .names import QueueNames
from .primitives.kv import Bucket
from .streams import StreamOptions
from .transport.loop import LoopThread, loop_thread

T = TypeVar("T")


class QueueAdmin(Broker):
    """Queue operations besides sending and consuming. Each method raises BrokerConnectionError
    when no server can be reached within the broker's `timeout`."""

    def __init__(
        self,
        server: Server,
        namespace: str,
        options: StreamOptions,
        mailbox_wait: float,
        middleware: list[Middleware] | None,
    ) -> None:
        super().__init__(middleware=middleware)
        self.queues: set[str] = set()
        self.namespace = namespace
        self.options = options
        self._server = server
        self._mailbox_wait = mailbox_wait
        self._lock = threading.Lock()
        self._components: Components | None = None
        self._known: dict[str, QueueNames] = {}

    # The process's loop and connection

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Runs `coroutine` on the process's loop thread and waits for it, from any other thread.

        Cancels it and raises TimeoutError after `timeout` seconds. Raises RuntimeError on the loop's own thread.
        """
        return self._open().thread.run(coroutine, timeout)

    async def client(self) -> Client:
        """Returns this process's NATS connection. It is shared: do not close it. Runs on the loop."""
        return await self._open().connection.client()

    async def bucket(self, name: str, replicas: int | None = None) -> Bucket:
        """Returns a key-value bucket on this process's connection, created on first use. Runs on the loop."""
        return await self._open().bucket(name, replicas)

    def close(self) -> None:
        """Sends what is buffered and closes the connection, within a few seconds. A later use reconnects."""
        with self._lock:
            components, self._components = self._components, None
        if components is not None and components.pid == os.getpid():
            components.thread.run(components.close())

    # Looking and emptying

    def mailbox(self, queue_name: str) -> Mailbox:
        """Returns how full a queue is, and its limits."""
        components = self._open()
        return components.thread.run(components.mailboxes.look(self._names(queue_name)))

    async def mailbox_async(self, queue_name: str) -> Mailbox:
        """As `mailbox`, on the loop."""
        return await self._open().mailboxes.look(self._names(queue_name))

    def get_queue_message_counts(self, queue_name: str) -> tuple[int, int, int]:
        """Returns the number of messages as (ready, in flight or due; delayed; dead)."""
        box = self.mailbox(queue_name)
        return box.messages + box.due, box.delayed, box.dead

    def flush(self, queue_name: str) -> None:
        """Drops all messages of a queue: ready, in flight, due, delayed, and dead letters."""
        components = self._open()
        components.thread.run(components.mailboxes.flush(self._names(queue_name)))

    def flush_all(self) -> None:
        """Drops all messages of every declared queue."""
        for queue_name in self.queues:
            self.flush(queue_name)

    def join(self, queue_name: str, *, timeout: int | None = None) -> None:
        """Waits until nothing is ready, in flight or delayed; raises QueueJoinTimeout after `timeout`
        milliseconds."""
        components = self._open()
        try:
            components.thread.run(
                components.join(self._names(queue_name)), None if timeout is None else timeout / 1000
            )
        except TimeoutError:
            raise QueueJoinTimeout(f"The queue {queue_name!r} still has messages after {timeout} ms.") from None

    # Dead letters

    def get_dead_letters(self, queue_name: str, *, after: int = 0, limit: int = 100) -> list[DeadLetter]:
        """Returns at most `limit` dead letters of a queue with a sequence above `after`, oldest first."""
        components = self._open()
        return components.thread.run(components.dead.read(self._names(queue_name), after=after, limit=limit))

    def replay_dead_letter(self, queue_name: str, sequence: int) -> bool:
        """Puts a dead letter back into its queue with its retries reset; returns False if it does not exist.

        Drops the dead letter only after the message is stored in the queue. Raises MailboxFull like `enqueue`.
        """
        components = self._open()
        return components.thread.run(components.replay(self._names(queue_name), sequence, self._mailbox_wait))

    def drop_dead_letter(self, queue_name: str, sequence: int) -> bool:
        """Deletes a dead letter; returns False if it does not exist."""
        components = self._open()
        return components.thread.run(components.dead.drop(self._names(queue_name), sequence))

    # Inside

    def _names(self, queue_name: str) -> QueueNames:
        names = self._known.get(queue_name)
        if names is None:
            names = self._known[queue_name] = QueueNames(self.namespace, q_name(queue_name))
        return names

    def _open(self) -> Components:
        components = self._components
        if components is not None and components.pid == os.getpid():
            return components
        with self._lock:
            if self._components is None or self._components.pid != os.getpid():
                self._components = Components.make(self._server, self.options, loop_thread())
            return self._components

    def _open_for_sending(self) -> Components:
        """Returns the parts for a blocking send: on the loop's own thread, where waiting blocks the loop, a second
        set with its own loop and connection."""
        components = self._open()
        if not components.thread.is_current():
            return components
        if components.beside is None:
            components.beside = Components.make(self._server, self.options, LoopThread())
        return components.beside
