"""A token bucket that all processes share: limits their calls per second in total."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque

from nats.aio.client import Client
from nats.js import JetStreamContext

from ..transport.clock import ServerClock
from .kv import Bucket
from .shared_record import SharedRecord
from .token_arithmetic import Record, Terms

#: How many waiters of one process take tokens in one write; the limit lets other processes get their turn.
TOGETHER = 10
#: How long `throttled` pauses when the called service does not specify a time. Seconds.
USUAL_PAUSE = 1.0
#: The factor by which `throttled` lowers the rate. Against a hidden limit, the rate oscillates between this share
#: and the whole limit: a larger factor wastes less of it and causes more refusals.
DECREASE = 0.8
#: How long the rate takes to grow from nothing to full, in seconds. Slow, because exceeding the limit costs a
#: refusal.
RECOVERY = 180.0


class TokenBucket:
    """At most `rate` × t + `burst` grants in any window of t seconds, regardless of the number of processes.

        bucket = TokenBucket(client, bucket="limits", key="portal", rate=10, burst=5)
        await bucket.acquire()

    Times are the server's, so the clocks of the machines do not matter. Waiters of one process are served in order
    and take their tokens together. Processes compete by compare-and-set and keep the tokens they take, so none
    starves. A cancelled waiter wastes its token. Every process must use the same terms for a key. With a burst of
    1, tokens are a tenth further apart than the rate says; otherwise the limit would not hold.
    """

    def __init__(
        self,
        nats: Client | JetStreamContext,
        *,
        bucket: str,
        key: str,
        rate: float,
        burst: float | None = None,
        recovery: float = RECOVERY,
        least: float = 0.05,
        replicas: int = 1,
    ) -> None:
        """`rate`: tokens per second. `burst`: tokens (default: the rate, at least 1). See Terms for the rest."""
        burst = max(1.0, rate) if burst is None else burst
        if rate <= 0 or burst < 1:
            raise ValueError(
                f"rate is {rate} and burst {burst}: the rate must be positive and the burst at least 1."
            )
        self._terms = Terms(rate, burst, recovery, least)
        stored = Bucket(nats, bucket, replicas=replicas)
        self._record = SharedRecord(stored, ServerClock(stored.stream), key, _decode, keeps=True)
        self._lead = 0.0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._serving: asyncio.Task[None] | None = None

    async def acquire(self, n: int = 1) -> None:
        """Waits until `n` more calls are allowed. Raises BrokerConnectionError when no server can be reached."""
        waiters = [asyncio.get_running_loop().create_future() for _ in range(n)]
        self._waiters.extend(waiters)
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        try:
            await asyncio.gather(*waiters)
        except BaseException:
            for waiter in waiters:
                waiter.cancel()
            raise

    async def reserve(self, n: int = 1) -> float:
        """Takes `n` tokens without waiting, and returns how many seconds to wait before they may be used.

        A caller that waits by itself does not notice a pause that starts in the meantime.
        """
        times = await self._record.change(lambda record, now: self._terms.take(record, now, n))
        return max(0.0, times[-1] - await self._record.now())

    async def pause(self, seconds: float) -> None:
        """Grants no tokens for `seconds`; tokens that callers wait for become void."""
        await self._record.change(lambda record, now: (self._terms.pause(record, now, seconds), None))

    async def slow_down(self, factor: float = 0.5) -> None:
        """Lowers the rate of all processes; it grows back over time."""
        await self._record.change(lambda record, now: (self._terms.slow_down(record, now, factor), None))

    async def throttled(self, retry_after: float | None = None) -> None:
        """Handles a refusal for too many calls (HTTP 429): pauses for `retry_after` seconds and lowers the rate.

        If several callers report the same episode, the first lowers the rate and the others only extend the pause.
        """
        pause = USUAL_PAUSE if retry_after is None else retry_after

        def change(record: Record, now: float) -> tuple[Record, None]:
            begins = now >= record.paused_until
            paused = self._terms.pause(record, now, pause)
            return (self._terms.slow_down(paused, now, DECREASE) if begins else paused), None

        await self._record.change(change)

    async def succeeded(self) -> None:
        """Has no effect, because the rate grows back over time. For callers that report both outcomes."""

    async def allowed_rate(self) -> float:
        """Returns the current rate in tokens per second."""
        record = await self._record.read()
        return self._terms.rate * self._terms.share(record, await self._record.now())

    async def paused_for(self) -> float:
        """Returns the remaining seconds of the pause; 0.0 if there is none."""
        record = await self._record.read()
        return max(0.0, record.paused_until - await self._record.now())

    async def wait(self) -> float:
        """Returns how many seconds a token taken now would have to wait; takes none."""
        record, now = await self._record.read(), await self._record.now()
        _, [at] = self._terms.take(record, now, 1)
        return max(0.0, at - now)

    async def _serve(self) -> None:
        try:
            while self._drop_cancelled():
                await self._serve_some(min(len(self._waiters), TOGETHER))
        except Exception as error:
            while self._waiters:
                if not (waiter := self._waiters.popleft()).done():
                    waiter.set_exception(error)

    async def _serve_some(self, count: int) -> None:
        times, pauses = await self._take(count)
        for at in times:
            if await self._sleep_until(at - self._lead) and await self._is_void(pauses):
                return
            await self._sleep_until(at)
            if not self._drop_cancelled():
                return
            # A waiter may be cancelled while the time is requested.
            if await self._record.now() - at <= self._terms.latest_use and self._drop_cancelled():
                self._waiters.popleft().set_result(None)

    async def _take(self, count: int) -> tuple[list[float], int]:
        began = time.monotonic()
        lead = self._lead

        def take(record: Record, now: float) -> tuple[Record, tuple[list[float], int]]:
            taken, times = self._terms.take(record, now + lead, count)
            return taken, (times, taken.pauses)

        taken = await self._record.change(take)
        self._learn(time.monotonic() - began)
        return taken

    async def _is_void(self, pauses: int) -> bool:
        began = time.monotonic()
        record = await self._record.read()
        self._learn(time.monotonic() - began)
        return record.pauses != pauses

    def _learn(self, took: float) -> None:
        """Adapts how early tokens are taken and checked to the measured latency, so that they can be used in
        time."""
        self._lead = took * 1.5 if took > self._terms.latest_use / 2 else self._lead / 2

    async def _sleep_until(self, at: float) -> bool:
        wait = at - await self._record.now()
        if wait <= 0:
            return False
        await asyncio.sleep(wait)
        return True

    def _drop_cancelled(self) -> bool:
        while self._waiters and self._waiters[0].done():
            self._waiters.popleft()
        return bool(self._waiters)


def _decode(value: bytes | None) -> Record:
    return Record(**json.loads(value)) if value else Record()
