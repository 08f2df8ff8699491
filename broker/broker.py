"""The broker itself: Dramatiq's contract, put together from the parts beside it."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from dramatiq import Broker, Consumer, Message
from dramatiq.common import current_millis, dq_name, q_name
from dramatiq.errors import QueueJoinTimeout
from dramatiq.middleware import Middleware
from nats.aio.client import Client
from nats.js.api import StorageType

from .consumer import IdleConsumer, NatsConsumer
from .dead import DeadLetter
from .delivery import NatsMessage
from .errors import DeliveriesExhausted
from .intake import Intake
from .kv import Bucket
from .loop import LoopThread, loop_thread
from .mailbox import Mailbox
from .names import QueueNames
from .outbox import Order
from .parts import Parts, Server
from .streams import StreamOptions

T = TypeVar("T")
AnyMessage = Message[Any]

DEFAULT_URL = "nats://127.0.0.1:4222"


class _InThisThread(threading.local):
    #: The message whose after_process_message hooks run.
    finishing: NatsMessage | None = None
    #: What waits for the end of a `pipelined` block.
    batch: list[tuple[Order, int | None]] | None = None


class NatsBroker(Broker):
    """A Dramatiq broker on NATS JetStream. See the package for what it promises.

    `url` is one server or a list of them; `namespace` keeps projects apart on one server. Nothing connects
    before the first use. All times are seconds unless the name says `_ms`.

    - `mailbox_size`, `mailbox_bytes`: the bound of a queue, in messages and bytes that are ready or in flight: one
      number, or a mapping by queue; None: no bound. `mailbox_wait`: how long `enqueue` waits for room before
      it raises MailboxFull.
    - `ack_wait`: how long after its worker died a message is delivered again. `max_deliver`: how often a message
      is delivered without being settled before it becomes a dead letter, kept for `dead_letter_ttl`.
    - `max_priority`: messages may carry `broker_priority` from 0 to this, higher first; each costs two consumers.
    - `duplicate_window`: for so long the same message sent again is stored once.
    - `timeout`: how long one operation waits for the server, reconnections included.
    - `replicas`, `storage`: of every stream. `connect_options`: for `nats.connect` (TLS, credentials, a name …).
    """

    def __init__(
        self,
        url: str | list[str] | None = None,
        *,
        namespace: str = "dramatiq",
        mailbox_size: int | Mapping[str, int] | None = None,
        mailbox_bytes: int | Mapping[str, int] | None = None,
        mailbox_wait: float = 0,
        ack_wait: float = 30,
        max_deliver: int = 20,
        dead_letter_ttl: float = 7 * 86400,
        max_priority: int | None = None,
        duplicate_window: float = 120,
        replicas: int = 1,
        storage: StorageType = StorageType.FILE,
        timeout: float = 5,
        connect_options: Mapping[str, Any] | None = None,
        middleware: list[Middleware] | None = None,
    ) -> None:
        super().__init__(middleware=middleware)
        self.queues: set[str] = set()
        self.namespace = namespace
        self.options = StreamOptions(
            mailbox_size=mailbox_size,
            mailbox_bytes=mailbox_bytes,
            ack_wait=ack_wait,
            dead_letter_ttl=dead_letter_ttl,
            duplicate_window=duplicate_window,
            max_priority=max_priority,
            replicas=replicas,
            storage=storage,
        )
        urls = [url] if isinstance(url, str) else list(url or [DEFAULT_URL])
        self._server = Server(urls, dict(connect_options or {}), timeout)
        self._mailbox_wait = mailbox_wait
        self._max_deliver = max_deliver
        self._lock = threading.Lock()
        self._parts: Parts | None = None
        self._in_this_thread = _InThisThread()

    # The process's loop and connection

    def run(self, coroutine: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Runs `coroutine` on the process's loop thread and waits for it, from any other thread.

        Cancels it and raises TimeoutError after `timeout` seconds. On the loop's thread: RuntimeError.
        """
        return self._open().thread.run(coroutine, timeout)

    async def client(self) -> Client:
        """On the loop: this process's NATS connection. It is shared: do not close it."""
        return await self._open().connection.client()

    async def bucket(self, name: str, replicas: int | None = None) -> Bucket:
        """On the loop: a key-value bucket of this process's connection, made on first use."""
        return await self._open().bucket(name, replicas)

    def close(self) -> None:
        """Sends what is buffered and ends the connection, in a few seconds at most. A later use connects again."""
        with self._lock:
            parts, self._parts = self._parts, None
        if parts is not None and parts.pid == os.getpid():
            parts.thread.run(parts.close())

    # Declaring

    def declare_queue(self, queue_name: str) -> None:
        """Makes a queue known, without I/O; declaring it again changes nothing."""
        name = q_name(queue_name)
        if name in self.queues:
            return
        self.emit_before("declare_queue", name)
        self.queues.add(name)
        self.emit_after("declare_queue", name)
        self.delay_queues.add(dq_name(name))
        self.emit_after("declare_delay_queue", dq_name(name))

    def get_declared_queues(self) -> set[str]:
        """The names of the queues declared so far, without their delay queues."""
        return self.queues.copy()

    # Sending

    def enqueue(self, message: AnyMessage, *, delay: int | None = None) -> AnyMessage:
        """Stores `message`, to be run after `delay` milliseconds, and returns it as it was stored.

        Returns when the server has confirmed it. Raises MailboxFull, MessageTooLarge or BrokerConnectionError;
        after the last, the message may have been stored nevertheless. From any thread; in an async actor on the
        broker's loop, `enqueue_async` is better: this would hold up the loop, on a connection of its own.
        """
        order = self._order(message, delay)
        message = order[1]
        self.emit_before("enqueue", message, delay)
        if self._in_this_thread.batch is not None:
            self._in_this_thread.batch.append((order, delay))
            return message
        outbox, admitted = self._open_for_sending().outbox, self._in_this_thread.finishing is not None
        self._noting_failure(lambda: outbox.store(order, wait=self._mailbox_wait, admitted=admitted))
        self.emit_after("enqueue", message, delay)
        return message

    async def enqueue_async(self, message: AnyMessage, delay: int | None = None) -> AnyMessage:
        """As `enqueue`, for coroutines on the broker's loop: it never blocks the loop."""
        names, message, due = self._order(message, delay)
        self.emit_before("enqueue", message, delay)
        sender = self._open().sender
        if due is not None:
            await sender.schedule(names, message, due)
        else:
            await sender.store(names, sender.letter(names, message), self._mailbox_wait)
        self.emit_after("enqueue", message, delay)
        return message

    def enqueue_many(self, messages: Iterable[AnyMessage], *, delay: int | None = None) -> list[AnyMessage]:
        """Stores many messages with their publishes under way together, and returns them as they were stored.

        When some could not be stored, the first error is raised, with the list of them as its `unsent`.
        """
        with self.pipelined():
            return [self.enqueue(message, delay=delay) for message in messages]

    @contextlib.contextmanager
    def pipelined(self) -> Iterator[None]:
        """What this thread enqueues in the block is stored together at its end: for a group, say.

        Raises there as `enqueue_many` does; nothing is stored when the block itself raises.
        """
        batch: list[tuple[Order, int | None]] = []
        outer, self._in_this_thread.batch = self._in_this_thread.batch, batch
        try:
            yield
        finally:
            self._in_this_thread.batch = outer
        outbox, orders = self._open_for_sending().outbox, [order for order, _ in batch]
        errors = self._noting_failure(lambda: outbox.store_many(orders, wait=self._mailbox_wait))
        for ((_, message, _), delay), error in zip(batch, errors, strict=True):
            if error is None:
                self.emit_after("enqueue", message, delay)
        if first := next(filter(None, errors), None):
            unsent = [message for (_, message, _), error in zip(orders, errors, strict=True) if error]
            first.unsent = unsent  # type: ignore[attr-defined]
            raise first

    def emit_before(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """As in Dramatiq; a message that was delivered too often is skipped here, already failed."""
        super().emit_before(signal, *args, **kwargs)
        if signal == "process_message" and isinstance(args[0], NatsMessage) and args[0].exhausted:
            raise DeliveriesExhausted(args[0].delivery.deliveries, self._max_deliver)

    def emit_after(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """As in Dramatiq, but a follow-up that a hook could not store keeps its message from being acked.

        Retries, pipelines and callbacks enqueue in `after_process_message`; Dramatiq logs and forgets its errors.
        """
        if signal != "process_message" or not isinstance(args[0], NatsMessage):
            super().emit_after(signal, *args, **kwargs)
            return
        self._in_this_thread.finishing = args[0]
        try:
            super().emit_after(signal, *args, **kwargs)
        finally:
            self._in_this_thread.finishing = None

    # Receiving

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30000) -> Consumer:
        """A consumer that holds at most `prefetch` messages, those being worked on included.

        `timeout` in milliseconds is how long its `__next__` waits before it returns None. Raises
        BrokerConnectionError when no server can be reached. A delay queue (`x.DQ`) has nothing to consume:
        what was delayed comes through `x` when its time has come.
        """
        if queue_name != q_name(queue_name):
            return IdleConsumer(timeout / 1000)
        parts, names = self._open(), self._names(queue_name)
        consumer = NatsConsumer(
            parts.thread,
            names,
            parts.held,
            parts.dead,
            timeout=timeout / 1000,
            max_deliver=self._max_deliver,
        )
        sources = parts.thread.run(parts.declare_consumers(names))
        give_backs = self._max_deliver // 2
        consumer.open(lambda receive: Intake(parts.connection, parts.held, sources, prefetch, give_backs, receive))
        return consumer

    # Looking and emptying

    def mailbox(self, queue_name: str) -> Mailbox:
        """How full a queue is, and its limits."""
        parts = self._open()
        return parts.thread.run(parts.mailboxes.look(self._names(queue_name)))

    async def mailbox_async(self, queue_name: str) -> Mailbox:
        """As `mailbox`, on the loop."""
        return await self._open().mailboxes.look(self._names(queue_name))

    def get_queue_message_counts(self, queue_name: str) -> tuple[int, int, int]:
        """How many messages of a queue are (ready or in flight, delayed, dead)."""
        box = self.mailbox(queue_name)
        return box.messages + box.due, box.delayed, box.dead

    def flush(self, queue_name: str) -> None:
        """Drops everything in a queue: ready, in flight, delayed, and its dead letters."""
        parts = self._open()
        parts.thread.run(parts.mailboxes.flush(self._names(queue_name)))

    def flush_all(self) -> None:
        """Drops everything in every declared queue."""
        for queue_name in self.queues:
            self.flush(queue_name)

    def join(self, queue_name: str, *, timeout: int | None = None) -> None:
        """Waits until nothing is ready, in flight or delayed; QueueJoinTimeout after `timeout` milliseconds."""
        parts = self._open()
        try:
            parts.thread.run(parts.join(self._names(queue_name)), None if timeout is None else timeout / 1000)
        except TimeoutError:
            raise QueueJoinTimeout(f"The queue {queue_name!r} is not done after {timeout} ms.") from None

    # Dead letters

    def get_dead_letters(self, queue_name: str, *, after: int = 0, limit: int = 100) -> list[DeadLetter]:
        """At most `limit` dead letters of a queue, the oldest first; `after` is the sequence to start behind."""
        parts = self._open()
        return parts.thread.run(parts.dead.read(self._names(queue_name), after=after, limit=limit))

    def replay_dead_letter(self, queue_name: str, sequence: int) -> bool:
        """Puts a dead letter back into its queue with its retries counted anew; False when there is none.

        It is dropped after it was stored in the queue. Raises MailboxFull like `enqueue`.
        """
        parts = self._open()
        return parts.thread.run(parts.replay(self._names(queue_name), sequence, self._mailbox_wait))

    def drop_dead_letter(self, queue_name: str, sequence: int) -> bool:
        """Deletes a dead letter; False when there is none."""
        parts = self._open()
        return parts.thread.run(parts.dead.drop(self._names(queue_name), sequence))

    # Inside

    def _names(self, queue_name: str) -> QueueNames:
        return QueueNames(self.namespace, q_name(queue_name))

    def _order(self, message: AnyMessage, delay: int | None) -> Order:
        names, due = self._names(message.queue_name), None
        if delay is not None:
            due = time.monotonic() + delay / 1000
            queue_name, eta = dq_name(message.queue_name), current_millis() + delay
            message = message.copy(queue_name=queue_name, options={"eta": eta})
        return names, message, due

    def _noting_failure(self, store: Callable[[], T]) -> T:
        """A middleware's enqueue that fails while its message is being finished keeps that message."""
        try:
            return store()
        except BaseException:
            if self._in_this_thread.finishing is not None:
                self._in_this_thread.finishing.delivery.unfinished = True
            raise

    def _open(self) -> Parts:
        parts = self._parts
        if parts is not None and parts.pid == os.getpid():
            return parts
        with self._lock:
            if self._parts is None or self._parts.pid != os.getpid():
                self._parts = Parts.make(self._server, self.options, loop_thread())
            return self._parts

    def _open_for_sending(self) -> Parts:
        """On the loop's own thread, a connection beside it: the loop stands still meanwhile and cannot send."""
        parts = self._open()
        if not parts.thread.is_current():
            return parts
        if parts.beside is None:
            parts.beside = Parts.make(self._server, self.options, LoopThread())
        return parts.beside
