"""Backend of Dramatiq's rate limiters and barriers in a NATS key-value bucket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from dramatiq.rate_limits import RateLimiterBackend

from .primitives.kv import Bucket, bucket_name
from .results import RECHECK, changed_within

if TYPE_CHECKING:
    from .broker import NatsBroker

T = TypeVar("T")


class NatsRateLimiterBackend(RateLimiterBackend):
    """For `dramatiq.rate_limits` and `GroupCallbacks`. Every change is a compare-and-set, so none is lost.

    All times are milliseconds, as in Dramatiq; the server's shortest time to live is one second.
    """

    def __init__(self, broker: NatsBroker, *, bucket: str | None = None, replicas: int | None = None) -> None:
        self._broker = broker
        self._bucket_name = bucket or bucket_name(broker.namespace, "limits")
        self._replicas = replicas

    def add(self, key: str, value: int, ttl: int) -> bool:
        """Sets a number unless the key has one; returns whether it did."""
        return self._run(lambda bucket: _create(bucket, key, value, ttl / 1000))

    def incr(self, key: str, amount: int, maximum: int, ttl: int) -> bool:
        """Adds `amount` unless the result exceeds `maximum`; returns whether it did."""
        return self._run(lambda bucket: _change(bucket, key, amount, lambda new: new <= maximum, ttl / 1000))

    def decr(self, key: str, amount: int, minimum: int, ttl: int) -> bool:
        """Subtracts `amount` unless the result is below `minimum`; returns whether it did."""
        return self._run(lambda bucket: _change(bucket, key, -amount, lambda new: new >= minimum, ttl / 1000))

    def incr_and_sum(
        self, key: str, keys: Callable[[], Iterable[str]], amount: int, maximum: int, ttl: int
    ) -> bool:
        """Adds `amount` unless the sum of `keys()` would then exceed `maximum`; returns whether it did.

        If concurrent calls together exceed `maximum`, fewer than possible may succeed, but never more.
        """
        return self._run(lambda bucket: _add_within(bucket, key, keys, amount, maximum, ttl / 1000))

    def wait(self, key: str, timeout: int | None) -> bool:
        """Waits at most `timeout` milliseconds (None: no limit) for a `wait_notify`; returns whether it came."""
        return self._run(lambda bucket: _await(bucket, key, None if timeout is None else timeout / 1000))

    def wait_notify(self, key: str, ttl: int) -> None:
        """Ends every `wait` for `key`, including those that start within the next `ttl` milliseconds."""
        self._run(lambda bucket: bucket.write(key, b"1", ttl=ttl / 1000))

    def _run(self, operation: Callable[[Bucket], Coroutine[Any, Any, T]]) -> T:
        async def on_loop() -> T:
            return await operation(await self._broker.bucket(self._bucket_name, self._replicas))

        return self._broker.run(on_loop())


async def _create(bucket: Bucket, key: str, value: int, ttl: float) -> bool:
    return await bucket.create(key, str(value).encode(), ttl=ttl) is not None


async def _change(bucket: Bucket, key: str, amount: int, allowed: Callable[[int], bool], ttl: float) -> bool:
    def add(value: bytes | None) -> tuple[bytes | None, bool]:
        total = int(value or b"0") + amount
        return (str(total).encode(), True) if allowed(total) else (None, False)

    changed, _ = await bucket.update(key, add, ttl=ttl)
    return changed


async def _add_within(
    bucket: Bucket, key: str, keys: Callable[[], Iterable[str]], amount: int, maximum: int, ttl: float
) -> bool:
    if await _sum(bucket, keys()) + amount > maximum:
        return False
    if not await _change(bucket, key, amount, lambda new: new <= maximum, ttl):
        return False
    # Another key of the sum may have grown since: check again, and undo the addition if the sum is too large.
    if await _sum(bucket, keys()) <= maximum:
        return True
    await _change(bucket, key, -amount, lambda _: True, ttl)
    return False


async def _sum(bucket: Bucket, keys: Iterable[str]) -> int:
    entries = await asyncio.gather(*map(bucket.read, keys))
    return sum(int(entry.value or b"0") for entry in entries)


async def _await(bucket: Bucket, key: str, timeout: float | None) -> bool:
    deadline = None if timeout is None else time.monotonic() + timeout
    async with bucket.changes(key) as changed:
        while True:
            changed.clear()
            if (await bucket.read(key)).value is not None:
                return True
            remaining = RECHECK if deadline is None else deadline - time.monotonic()
            if remaining <= 0:
                return False
            await changed_within(changed, min(remaining, RECHECK))
