"""Stores the results of actors in a NATS key-value bucket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dramatiq import Message
from dramatiq.encoder import Encoder
from dramatiq.logging import get_logger
from dramatiq.results import ResultBackend, ResultMissing, ResultTimeout
from dramatiq.results.backend import DEFAULT_TIMEOUT, Missing
from dramatiq.results.result import wrap_exception

from .errors import MessageTooLarge
from .primitives.kv import Bucket, bucket_name

if TYPE_CHECKING:
    from .broker import NatsBroker

#: A waiter that was not notified of its result checks for it after this. Seconds.
RECHECK = 2.0


class NatsResultBackend(ResultBackend):
    """For `dramatiq.results.Results`. Waiting for a result does not poll: the server notifies the waiter.

    Results are kept for their `result_ttl` (milliseconds, at least one second), survive restarts, and use the
    broker's connection. If a result cannot be stored, because it exceeds the server's `max_payload` or cannot be
    encoded, the waiter immediately gets a ResultFailure with the reason.
    """

    def __init__(
        self,
        broker: NatsBroker,
        *,
        bucket: str | None = None,
        namespace: str = "dramatiq-results",
        encoder: Encoder | None = None,
        use_namespace_prefix_keys: bool = False,
        replicas: int | None = None,
    ) -> None:
        super().__init__(namespace=namespace, encoder=encoder, use_namespace_prefix_keys=use_namespace_prefix_keys)
        self._broker = broker
        self._bucket_name = bucket or bucket_name(broker.namespace, "results")
        self._replicas = replicas
        self._logger = get_logger(__name__, type(self))
        self._unwrap: Callable[[Any], Any] = self.unwrap_result

    def get_result(self, message: Message[Any], *, block: bool = False, timeout: int | None = None) -> Any:
        """Returns the result; if `block`, waits for it at most `timeout` milliseconds (default: 10 seconds).

        Raises ResultMissing (not stored), ResultTimeout (not stored in time) or ResultFailure (the actor failed
        permanently).
        """
        key = self.build_message_key(message)
        if not block:
            found = self._get(key)
            if found is Missing:
                raise ResultMissing(message)
            return self._unwrap(found)
        seconds = (DEFAULT_TIMEOUT if timeout is None else timeout) / 1000
        payload = self._broker.run(self._await(key, seconds))
        if payload is None:
            raise ResultTimeout(message)
        return self._unwrap(self.encoder.decode(payload))

    def _get(self, message_key: str) -> Any:
        payload = self._broker.run(self._read(message_key))
        return Missing if payload is None else self.encoder.decode(payload)

    def _store(self, message_key: str, result: Any, ttl: int) -> None:
        try:
            self._broker.run(self._write(message_key, self.encoder.encode(result), ttl / 1000))
        except (MessageTooLarge, TypeError, ValueError, OverflowError, RecursionError) as error:
            # Dramatiq would log the error and ack the message, and the waiter would time out.
            self._logger.error("A result cannot be stored; its waiter receives this error instead: %s", error)
            failure = self.encoder.encode(wrap_exception(error))
            self._broker.run(self._write(message_key, failure, ttl / 1000))

    async def _read(self, key: str) -> bytes | None:
        return (await (await self._bucket()).read(key)).value

    async def _write(self, key: str, value: bytes, ttl: float) -> None:
        await (await self._bucket()).write(key, value, ttl=ttl)

    async def _await(self, key: str, timeout: float) -> bytes | None:
        deadline = time.monotonic() + timeout
        bucket = await self._bucket()
        async with bucket.changes(key) as changed:
            while True:
                changed.clear()
                payload = (await bucket.read(key)).value
                remaining = deadline - time.monotonic()
                if payload is not None or remaining <= 0:
                    return payload
                await changed_within(changed, min(remaining, RECHECK))

    async def _bucket(self) -> Bucket:
        return await self._broker.bucket(self._bucket_name, self._replicas)


async def changed_within(changed: asyncio.Event, timeout: float) -> bool:
    """Waits at most `timeout` seconds for a change; returns whether there was one."""
    try:
        async with asyncio.timeout(timeout):
            return await changed.wait()
    except TimeoutError:
        return False
