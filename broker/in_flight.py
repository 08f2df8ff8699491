"""What this process holds: kept alive while it is worked on, and settled when the work is done."""

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

#: How long a settlement may stay unconfirmed before the server is asked whether it has seen it. Seconds.
CONFIRM_EVERY = 0.25
FLUSH_TIMEOUT = 2


class InFlight:
    """Renews the leases of held messages, and repeats settlements that a lost connection may have swallowed.

    Deliveries are kept weakly: what the program has dropped without settling it is not kept alive.
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
        #: Acks only: given back twice, a message could be taken from the one who has it by now.
        self._unconfirmed: list[tuple[str, bytes]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._confirm = asyncio.Event()
        connection.back_callbacks.append(self._repeat)

    def hold(self, delivery: Delivery) -> None:
        """From now on, the server hears that somebody works on this message."""
        if not self._tasks:
            self._tasks = [
                asyncio.ensure_future(self._renew()),
                asyncio.ensure_future(self._confirm_settlements()),
            ]
            for task in self._tasks:
                task.add_done_callback(log_failure)
        self._in_flight.add(delivery)

    def settle_soon(self, delivery: Delivery, verdict: bytes) -> None:
        """As `settle`, from any thread and without waiting. Many settlements cost the loop one wake-up."""
        self._finished.append((delivery, verdict))
        self._wake_up.trigger()

    def settle(self, delivery: Delivery, verdict: bytes) -> None:
        """On the loop: acks or gives back; while no server can be reached, as soon as one can."""
        self._in_flight.discard(delivery)
        if delivery.release is not None:
            delivery.release(delivery)
        self._send((delivery.reply, verdict))
        if verdict == ACK and self._capacity.is_awaited(delivery.stream):
            self._capacity.announce(delivery.stream)

    def give_back(self, delivery: Delivery, delay: float = 0.0) -> None:
        """The server delivers the message again: at once, or after `delay` seconds."""
        self.settle(delivery, nak(delay))

    async def flush(self) -> None:
        """Waits until the server has seen every settlement so far, if it can be reached."""
        self._settle_finished()
        if (client := self._connection.live_client) is not None:
            with contextlib.suppress(TimeoutError, OSError, RuntimeError, nats.errors.Error):
                await client.flush(FLUSH_TIMEOUT)

    async def close(self) -> None:
        """Ends the renewal; what is held and not settled comes again after the ack wait."""
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
        """After a reconnection: a second ack of a delivery changes nothing, a lost one would run it again."""
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
                continue  # the connection is going; `_repeat` follows

    async def _renew(self) -> None:
        while True:
            started = time.monotonic()
            self._renew_all()
            await asyncio.sleep(max(0.0, self._interval - (time.monotonic() - started)))

    def _renew_all(self) -> None:
        for delivery in list(self._in_flight):
            if not self._connection.send(delivery.reply, PROGRESS):
                return  # all of them are renewed when the connection is back


def nak(delay: float = 0.0) -> bytes:
    """The verdict "deliver it again", at once or after `delay` seconds."""
    return b'-NAK {"delay": %d}' % int(delay * 1e9) if delay else NAK
