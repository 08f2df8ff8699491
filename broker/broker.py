"""`NatsBroker`: implements Dramatiq's broker interface with the modules of this package."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dramatiq import Consumer, Message
from dramatiq.common import current_millis, dq_name, q_name
from dramatiq.middleware import Middleware
from nats.js.api import StorageType

from .blocking_sender import SendRequest, due_together
from .components import Server
from .consumer import IdleConsumer, NatsConsumer
from .delivery import NatsMessage
from .errors import DeliveriesExhausted
from .pull_consumer import PullConsumer
from .queue_admin import QueueAdmin
from .streams import StreamOptions

AnyMessage = Message[Any]

DEFAULT_URL = "nats://127.0.0.1:4222"


class _InThisThread(threading.local):
    #: The message whose `after_process_message` hooks are running.
    finishing: NatsMessage | None = None
    #: The messages of the current `pipelined` block.
    batch: list[SendRequest] | None = None


class NatsBroker(QueueAdmin):
    """A Dramatiq broker on NATS JetStream. The package docstring states its guarantees.

    `url` is one server or a list of them; `namespace` separates projects that share a server. Nothing connects
    before the first use. All times are seconds unless the name says `_ms`.

    - `mailbox_size`, `mailbox_bytes`: the limit of a queue, in messages and bytes that are ready or in flight: one
      number, or a mapping by queue; None: no limit. `mailbox_wait`: how long `enqueue` waits for room before
      it raises MailboxFull.
    - `ack_wait`: how long after its worker's death a message is redelivered. `max_deliver`: how often a message
      is delivered without being settled before it becomes a dead letter, kept for `dead_letter_ttl`.
    - `max_priority`: messages may carry `broker_priority` from 0 to this, higher first; each level costs two
      consumers.
    - `duplicate_window`: how long the server recognizes a message that is sent again and stores it only once.
    - `timeout`: how long one operation waits for the server, including reconnections.
    - `replicas`, `storage`: of every stream. `connect_options`: for `nats.connect` (TLS, credentials, a name, …).
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
        urls = [url] if isinstance(url, str) else list(url or [DEFAULT_URL])
        options = StreamOptions(
            mailbox_size=mailbox_size,
            mailbox_bytes=mailbox_bytes,
            ack_wait=ack_wait,
            dead_letter_ttl=dead_letter_ttl,
            duplicate_window=duplicate_window,
            max_priority=max_priority,
            replicas=replicas,
            storage=storage,
        )
        server = Server(urls, dict(connect_options or {}), timeout)
        super().__init__(server, namespace, options, mailbox_wait, middleware)
        self._max_deliver = max_deliver
        self._in_this_thread = _InThisThread()

    # Declaring

    def declare_queue(self, queue_name: str) -> None:
        """Declares a queue, without I/O; declaring it again has no effect."""
        name = q_name(queue_name)
        if name in self.queues:
            return
        self.emit_before("declare_queue", name)
        self.queues.add(name)
        self.emit_after("declare_queue", name)
        self.delay_queues.add(dq_name(name))
        self.emit_after("declare_delay_queue", dq_name(name))

    def get_declared_queues(self) -> set[str]:
        """Returns the names of the queues declared so far, without their delay queues."""
        return self.queues.copy()

    # Sending

    def enqueue(self, message: AnyMessage, *, delay: int | None = None) -> AnyMessage:
        """Stores `message`, to run after `delay` milliseconds, and returns it as stored.

        Returns when the server has confirmed it. Raises MailboxFull, MessageTooLarge, DelayTooLong or
        BrokerConnectionError; after a BrokerConnectionError the message may have been stored all the same.
        Callable from any thread. In an async actor on the broker's loop use `enqueue_async`: there, this method
        blocks the loop and uses a second connection.
        """
        order = self._order(message, delay)
        message = order.message
        self.emit_before("enqueue", message, delay)
        finishing, batch = self._in_this_thread.finishing, self._in_this_thread.batch
        if batch is not None and finishing is None:
            batch.append(order)
            return message
        try:
            self._open_for_sending().blocking_sender.store(
                order, wait=self._mailbox_wait, admitted=finishing is not None
            )
        except BaseException:
            if finishing is not None:
                finishing.delivery.unfinished = True  # it is a follow-up: see `emit_after`
            raise
        self.emit_after("enqueue", message, delay)
        return message

    async def enqueue_async(
        self, message: AnyMessage, delay: int | None = None, *, mailbox_wait: float | None = None
    ) -> AnyMessage:
        """As `enqueue`, for coroutines on the broker's loop: it never blocks the loop.

        `mailbox_wait` overrides the broker's own.
        """
        wait = self._mailbox_wait if mailbox_wait is None else mailbox_wait
        names, message, _, due = self._order(message, delay)
        self.emit_before("enqueue", message, delay)
        sender = self._open().sender
        if due is not None:
            await sender.schedule(names, message, due)
        else:
            await sender.store(names, sender.outgoing(names, message), wait)
        self.emit_after("enqueue", message, delay)
        return message

    def enqueue_many(self, messages: Iterable[AnyMessage], *, delay: int | None = None) -> list[AnyMessage]:
        """Stores many messages with concurrent publishes, and returns them as stored.

        If some could not be stored, raises the first error, with the list of the unsent messages as its `unsent`.
        """
        with self.pipelined():
            return [self.enqueue(message, delay=delay) for message in messages]

    @contextlib.contextmanager
    def pipelined(self) -> Iterator[None]:
        """Stores the messages that this thread enqueues in the block together at the end of the block (a group,
        say).

        Raises there as `enqueue_many` does; stores nothing when the block itself raises. In a middleware's
        `after_process_message`, where follow-ups must not be lost, each message is stored immediately.
        """
        batch: list[SendRequest] = []
        outer, self._in_this_thread.batch = self._in_this_thread.batch, batch
        try:
            yield
        finally:
            self._in_this_thread.batch = outer
        blocking_sender, orders = self._open_for_sending().blocking_sender, due_together(batch)
        errors = blocking_sender.store_many(orders, wait=self._mailbox_wait)
        for order, error in zip(batch, errors, strict=True):
            if error is None:
                self.emit_after("enqueue", order.message, order.delay)
        if first := next(filter(None, errors), None):
            unsent = [order.message for order, error in zip(batch, errors, strict=True) if error]
            first.unsent = unsent  # type: ignore[attr-defined]
            raise first

    def emit_before(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """As in Dramatiq, but raises DeliveriesExhausted for a message that was delivered too often."""
        super().emit_before(signal, *args, **kwargs)
        if signal == "process_message" and isinstance(args[0], NatsMessage) and args[0].exhausted:
            raise DeliveriesExhausted(args[0].delivery.deliveries, self._max_deliver)

    def emit_after(self, signal: str, *args: Any, **kwargs: Any) -> None:
        """As in Dramatiq, but a message is not acked when a hook could not store its follow-up.

        Retries, pipelines and callbacks enqueue in `after_process_message`; Dramatiq logs and drops its errors.
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
        """Returns a consumer that holds at most `prefetch` messages, including those being processed.

        `timeout` in milliseconds is how long its `__next__` waits before it returns None. Raises
        BrokerConnectionError when no server can be reached. A delay queue (`x.DQ`) delivers nothing:
        delayed messages arrive through `x` when they are due.
        """
        if queue_name != q_name(queue_name):
            return IdleConsumer(timeout / 1000)
        components, names = self._open(), self._names(queue_name)
        consumer = NatsConsumer(
            components.thread,
            names,
            components.in_flight,
            components.dead,
            timeout=timeout / 1000,
            max_deliver=self._max_deliver,
        )
        sources = components.thread.run(components.declare_consumers(names))
        give_backs = self._max_deliver // 2
        consumer.open(
            lambda receive: PullConsumer(
                components.connection, components.in_flight, sources, prefetch, give_backs, receive
            ),
            components.thread.run(components.mover(names)),
        )
        return consumer

    # Inside

    def _order(self, message: AnyMessage, delay: int | None) -> SendRequest:
        names, due = self._names(message.queue_name), None
        if delay is not None:
            due = time.monotonic() + delay / 1000
            queue_name, eta = dq_name(message.queue_name), current_millis() + delay
            message = message.copy(queue_name=queue_name, options={"eta": eta})
        return SendRequest(names, message, delay, due)
