"""Keeps the unacked messages of this process alive, and sends their acks and naks."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from weakref import WeakSet

import nats.errors

from .backpressure import CapacitySignal
from .delivery import Delivery
from .transport.connection import Connection
from .transport.loop import LoopThread, WakeUp, log_failure

ACK, NAK, PROGRESS = b"+ACK", b"-NAK", b"+WPI"

#: How long after an ack a flush asks the server to confirm it. Seconds.
CONFIRM_EVERY = 0.25
FLUSH_TIMEOUT = 2


class InFlight:
    """Sends progress messages for the held messages, and repeats acks that a broken connection may have lost.

    References to deliveries are weak: a delivery that the program drops without settling is not kept alive.
    """

    def __init__(
        self, connection: Connection, thread: LoopThread, capacity: CapacitySignal, ack_wait: float
    ) -> None:
        self._connection = connection
        self._capacity = capacity
        self._interval = ack_wait / 3
        self._in_flight: WeakSet[Delivery] = WeakSet()
        self._finished: deque[tuple[Delivery, bytes]] = deque()
        self._wake_up = WakeUp(thread, self._settle_finished)
        self._unsent: deque[tuple[str, bytes]] = deque()
        #: Acks only: a repeated nak could take a message away from the worker that has it by then.
        self._unconfirmed: list[tuple[str, bytes]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._confirm = asyncio.Event()
        connection.back_callbacks.append(self._repeat)

    def hold(self, delivery: Delivery) -> None:
        """Starts sending progress messages for this delivery, so that the server does not redeliver it."""
        if not self._tasks:
            self._tasks = [
                asyncio.ensure_future(self._renew()),
                asyncio.ensure_future(self._confirm_settlements()),
            ]
            for task in self._tasks:
                task.add_done_callback(log_failure)
        self._in_flight.add(delivery)

    def settle_soon(self, delivery: Delivery, reply: bytes) -> None:
        """As `settle`, from any thread and without waiting. Many calls cost the loop one wake-up."""
        self._finished.append((delivery, reply))
        self._wake_up.trigger()

    def settle(self, delivery: Delivery, reply: bytes) -> None:
        """Sends the ack or nak; if no server can be reached, as soon as one can. Runs on the loop."""
        self._in_flight.discard(delivery)
        if delivery.release is not None:
            delivery.release(delivery)
        self._send((delivery.reply, reply))
        if reply == ACK and self._capacity.is_awaited(delivery.stream):
            self._capacity.announce(delivery.stream)

    def give_back(self, delivery: Delivery, delay: float = 0.0) -> None:
        """Gives the message back; the server redelivers it immediately, or after `delay` seconds."""
        self.settle(delivery, nak(delay))

    async def flush(self) -> None:
        """Waits until the server has received every ack and nak sent so far, if it can be reached."""
        self._settle_finished()
        if (client := self._connection.live_client) is not None:
            with contextlib.suppress(TimeoutError, OSError, RuntimeError, nats.errors.Error):
                await client.flush(FLUSH_TIMEOUT)

    async def close(self) -> None:
        """Stops the progress messages; the server redelivers unsettled messages after the ack wait."""
        for task in self._tasks:
            task.cancel()
        self._in_flight.clear()

    def _settle_finished(self) -> None:
        while self._finished:
            self.settle(*self._finished.popleft())

    def _send(self, settlement: tuple[str, bytes]) -> None:
        if not self._connection.send(*settlement):
            self._unsent.append(settlement)
        elif settlement[1] == ACK:
            self._unconfirmed.append(settlement)
            self._confirm.set()

    async def _repeat(self) -> None:
        """Repeats unconfirmed acks after a reconnection: a second ack has no effect, a lost one means a second
        run."""
        again = [*self._unconfirmed, *self._unsent]
        self._unconfirmed.clear()
        self._unsent.clear()
        for settlement in again:
            self._send(settlement)
        self._renew_all()

    async def _confirm_settlements(self) -> None:
        while True:
            await self._confirm.wait()
            await asyncio.sleep(CONFIRM_EVERY)
            self._confirm.clear()
            sent = len(self._unconfirmed)
            try:
                if (client := self._connection.live_client) is not None:
                    await client.flush()
                    del self._unconfirmed[:sent]
            except (TimeoutError, OSError, RuntimeError, nats.errors.Error):
                continue  # the connection is closing; `_repeat` runs after the reconnection

    async def _renew(self) -> None:
        while True:
            started = time.monotonic()
            self._renew_all()
            await asyncio.sleep(max(0.0, self._interval - (time.monotonic() - started)))

    def _renew_all(self) -> None:
        for delivery in list(self._in_flight):
            if not self._connection.send(delivery.reply, PROGRESS):
                return  # `_repeat` renews all of them after the reconnection


def nak(delay: float = 0.0) -> bytes:
    """Returns a nak that asks for redelivery, immediately or after `delay` seconds."""
    return b'-NAK {"delay": %d}' % int(delay * 1e9) if delay else NAK
