"""A record that processes change together, by the server's clock."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Generic, TypeVar

from ..transport.clock import ServerClock
from .kv import Bucket, Entry

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")
T = TypeVar("T")


class SharedRecord(Generic[R]):
    """A key of a bucket whose value is a dataclass, as JSON.

    `decode` makes the record of a stored value; None: there is none. The key expires `ttl` seconds after a change. With
    `keeps`, the last known entry saves the read before a change; then every change has to change the record.
    """

    def __init__(
        self,
        bucket: Bucket,
        clock: ServerClock,
        key: str,
        decode: Callable[[bytes | None], R],
        *,
        ttl: float | None = None,
        keeps: bool = False,
    ) -> None:
        self._bucket = bucket
        self._clock = clock
        self._key = key
        self._decode = decode
        self._ttl = ttl
        self._known = Entry(None, 0) if keeps else None

    async def change(self, change: Callable[[R, float], tuple[R, T]]) -> T:
        """Replaces the record with what `change` returns for it and the server's time; returns its result.

        `change` is called again each time another process was faster. An equal record is not written.
        """
        # Measuring the clock may take several round trips, so it happens before the record is read.
        ahead = await self.now() - time.monotonic()

        def encoded(value: bytes | None) -> tuple[bytes | None, T]:
            record = self._decode(value)
            changed, result = change(record, time.monotonic() + ahead)
            return (None if changed == record else json.dumps(asdict(changed)).encode()), result

        result, entry = await self._bucket.update(self._key, encoded, known=self._known, ttl=self._ttl)
        self._keep(entry)
        return result

    async def read(self) -> R:
        """Returns the record."""
        entry = await self._bucket.read(self._key)
        self._keep(entry)
        return self._decode(entry.value)

    async def now(self) -> float:
        """Returns the server's time, in seconds since the epoch."""
        await self._bucket.declare()
        return await self._clock.now(self._bucket.client)

    def _keep(self, entry: Entry) -> None:
        if self._known is not None:
            self._known = entry
