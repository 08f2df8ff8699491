"""`NatsConsumer`: the consumer through which Dramatiq's worker reads a queue."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from typing import Any

from dramatiq import Consumer, Message, MessageProxy
from dramatiq.errors import ConnectionClosed, DecodeError
from dramatiq.logging import get_logger

from .dead_letters import DeadLetters, describe
from .delayed_message_mover import DelayedMessageMover
from .delivery import Delivery, NatsMessage
from .errors import DeliveriesExhausted
from .in_flight import ACK, InFlight, nak
from .names import QueueNames
from .pull_consumer import PullConsumer
from .transport.loop import LoopThread, wait

#: How long closing may take when the server does not respond. Seconds.
CLOSE_TIMEOUT = 3.0
#: A message whose follow-up could not be stored is redelivered after this. Seconds.
UNFINISHED_DELAY = 1.0
#: A message whose dead letter the server refuses is redelivered after this. Seconds.
REFUSED_DELAY = 30.0


class NatsConsumer(Consumer):
    """Passes deliveries from the loop's thread to the worker's, and settles them. Every method is thread-safe."""

    def __init__(
        self,
        thread: LoopThread,
        names: QueueNames,
        in_flight: InFlight,
        dead: DeadLetters,
        *,
        timeout: float,
        max_deliver: int,
    ) -> None:
        self._thread = thread
        self._names = names
        self._in_flight = in_flight
        self._dead = dead
        self._timeout = timeout
        self._max_deliver = max_deliver
        self._arrived: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._pull_consumer: PullConsumer | None = None
        self._mover: DelayedMessageMover | None = None
        self._dead_lettering: set[Future[None]] = set()
        self._logger = get_logger(__name__, type(self))

    def open(
        self,
        make_consumer: Callable[[Callable[[Delivery], None]], PullConsumer],
        mover: DelayedMessageMover | None,
    ) -> None:
        """Starts pulling; raises BrokerConnectionError when no server can be reached."""
        self._pull_consumer, self._mover = make_consumer(self._arrived.put), mover
        self._thread.run(self._pull_consumer.start())
        if mover is not None:
            self._thread.run(mover.start())

    def __next__(self) -> MessageProxy | None:
        try:
            delivery = self._arrived.get(timeout=self._timeout)
        except queue.Empty:
            delivery = None
        if delivery is not None:
            return self._read(delivery)
        if self._pull_consumer is None or self._pull_consumer.is_over:
            reason = self._pull_consumer.failure if self._pull_consumer else "the consumer is closed"
            raise ConnectionClosed(
                f"The consumer of {self._names.queue!r} stopped: {reason or 'the connection is closed'}."
            )
        return None

    def ack(self, message: MessageProxy) -> None:
        """Acks the message without waiting; if no server can be reached, the ack is sent when one can.

        `ack`, `nack` and `requeue` ignore a message that did not come from this broker, and one that was already
        acked, nacked or requeued.
        """
        if (delivery := _to_settle(message)) is not None:
            self._in_flight.settle_soon(delivery, nak(UNFINISHED_DELAY) if delivery.unfinished else ACK)

    def nack(self, message: MessageProxy) -> None:
        """Stores the message, which has failed permanently, as a dead letter, and then acks it."""
        if (delivery := _to_settle(message)) is None:
            return
        if delivery.unfinished:
            self._in_flight.settle_soon(delivery, nak(UNFINISHED_DELAY))
        else:
            self._dead_letter(delivery, describe(message._exception), message.encode())

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Gives back messages that were not started; the server immediately redelivers them to other workers.

        The worker calls this before it closes the consumer. Pulling stops first, or the messages could come back
        here.
        """
        deliveries = [delivery for delivery in map(_to_settle, messages) if delivery is not None]
        if deliveries:
            self._finish(self._give_back(deliveries))

    def close(self) -> None:
        """Stops pulling and gives back what the worker has not taken. Never raises; takes a few seconds at
        most."""
        pull_consumer, self._pull_consumer = self._pull_consumer, None
        if pull_consumer is not None:
            self._finish(self._close(pull_consumer))

    def _finish(self, work: Coroutine[Any, Any, None]) -> None:
        if self._thread.is_current():
            work.close()
            return
        try:
            wait(self._thread.start(work), CLOSE_TIMEOUT)
        except TimeoutError:
            self._logger.warning(
                "NATS does not respond: unacked messages of queue %r are redelivered after the ack wait.",
                self._names.queue,
            )

    async def _give_back(self, deliveries: list[Delivery]) -> None:
        if self._pull_consumer is not None:
            await self._pull_consumer.stop()
        for delivery in deliveries:
            self._in_flight.give_back(delivery)

    async def _close(self, pull_consumer: PullConsumer) -> None:
        await pull_consumer.stop()
        if self._mover is not None:
            await self._mover.stop()
        while not self._arrived.empty():
            if (delivery := self._arrived.get_nowait()) is not None:
                self._in_flight.give_back(delivery)
        await asyncio.gather(*map(asyncio.wrap_future, list(self._dead_lettering)), return_exceptions=True)
        await self._in_flight.flush()

    def _read(self, delivery: Delivery) -> NatsMessage | None:
        try:
            message = self._decode(delivery)
        except Exception as error:
            # It would fail the same way each time: it must not come back, nor stop the other messages.
            self._logger.error(
                "A message of queue %r cannot be decoded and becomes a dead letter: %s", self._names.queue, error
            )
            self._dead_letter(delivery, describe(error), delivery.payload)
            return None
        proxy = NatsMessage(message, delivery)
        if delivery.deliveries > self._max_deliver:
            proxy.exhausted = True
            proxy.fail()
            proxy.stuff_exception(DeliveriesExhausted(delivery.deliveries, self._max_deliver))
        return proxy

    def _decode(self, delivery: Delivery) -> Message[object]:
        try:
            message: Message[object] = Message.decode(delivery.payload)
        except DecodeError as error:
            raise error.error from None
        if delivery.stream == self._names.later:
            # The message is due; with an eta, the worker would delay it again.
            message.options.pop("eta", None)
        object.__setattr__(message, "queue_name", self._names.queue)  # a copy would cost more than the decoding
        return message

    def _dead_letter(self, delivery: Delivery, error: str, payload: bytes) -> None:
        task = self._thread.start(self._store_dead_letter(delivery, error, payload))
        self._dead_lettering.add(task)
        task.add_done_callback(self._dead_lettering.discard)

    async def _store_dead_letter(self, delivery: Delivery, error: str, payload: bytes) -> None:
        try:
            await self._dead.dead_letter(self._names, delivery, error, payload)
        except Exception:
            self._logger.exception(
                "A dead letter of queue %r could not be stored; its message is redelivered in %.0f "
                "s. The message had failed with: %s",
                self._names.queue,
                REFUSED_DELAY,
                error,
            )
            self._in_flight.give_back(delivery, REFUSED_DELAY)


def _to_settle(message: MessageProxy) -> Delivery | None:
    """Marks the message's delivery as settled and returns it; None if already settled or not from this broker."""
    if not isinstance(message, NatsMessage) or message.delivery.is_settled:
        return None
    message.delivery.is_settled = True
    return message.delivery


class IdleConsumer(Consumer):
    """A consumer of a delay queue that delivers nothing: delayed messages arrive through the queue itself."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._closed = threading.Event()

    def __next__(self) -> None:
        self._closed.wait(self._timeout)

    def close(self) -> None:
        """Ends a waiting `__next__`."""
        self._closed.set()
