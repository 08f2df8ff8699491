"""A key-value bucket with compare-and-set and a time to live per key; the basis of the other primitives.

nats-py's own KeyValue loses the time to live on updates and reads an expired key's marker as a value, so this
module uses the bucket's stream directly. `nats kv` can still read the bucket.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, StorageType, StreamConfig

from ..errors import MessageTooLarge, transport
from ..names import token
from ..transport.client import write_headers
from ..transport.retry import retried
from .declare import declare_stream, require

#: Error codes: the stored revision is not the expected one.
WRONG_REVISION = (10071, 10164)
#: How often a request is tried when the server does not respond, and the pause between attempts in seconds.
ATTEMPTS, PAUSE = 5, 0.2
#: The server's shortest time to live. Seconds.
SHORTEST_TTL = 1.0
#: The first server that supports a time to live per message.
OLDEST_SERVER = (2, 11)
#: The longest pause of an update after a lost race: starts at the first value and doubles up to the second.
#: Seconds.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.001, 0.05

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and its revision; revision 0 with value None: the key has never existed."""

    value: bytes | None
    revision: int


class Bucket:
    """A key-value bucket, created on first use. `name` may use letters, digits, `-` and `_`; keys may be any text.

    Every method raises BrokerConnectionError when the server cannot be reached, and DeclarationRefused when it is
    older than 2.11, which cannot expire keys. A write over `max_payload` raises MessageTooLarge.
    """

    def __init__(self, nats: Client | JetStreamContext, name: str, *, replicas: int = 1) -> None:
        self._js = nats.jetstream() if isinstance(nats, Client) else nats
        self._client: Client = self._js._nc
        self._name = name
        self._replicas = replicas
        self._declaring: asyncio.Task[None] | None = None

    @property
    def client(self) -> Client:
        """The connection that the bucket uses."""
        return self._client

    @property
    def stream(self) -> str:
        """The stream behind the bucket."""
        return f"KV_{self._name}"

    async def declare(self) -> None:
        """Creates the bucket unless it exists."""
        if self._declaring is None or (self._declaring.done() and self._declaring.exception()):
            require(self._client, OLDEST_SERVER, f"The bucket {self._name!r}")
            self._declaring = asyncio.ensure_future(declare_stream(self._js, self._config()))
        await asyncio.shield(self._declaring)

    async def read(self, key: str) -> Entry:
        """Returns the stored entry; a deleted or expired key has value None and the revision that a write must
        expect."""
        await self.declare()
        try:
            raw = await _retried(lambda: self._js.get_msg(self.stream, subject=self._subject(key)))
        except nats.js.errors.NotFoundError:
            return Entry(None, 0)
        headers = raw.headers or {}
        gone = "KV-Operation" in headers or "Nats-Marker-Reason" in headers
        return Entry(None if gone else raw.data or b"", raw.seq or 0)

    async def write(
        self, key: str, value: bytes, *, revision: int | None = None, ttl: float | None = None
    ) -> int | None:
        """Stores `value` if the key is at `revision` (None: always). Returns the new revision, or None if it was
        not.

        The key expires after `ttl` seconds. After a lost response the write is repeated; if the first one
        had succeeded, the server recognizes it by its id.
        """
        return await self._publish(key, value, revision, {} if ttl is None else {"Nats-TTL": _ttl(ttl)})

    async def update(
        self,
        key: str,
        change: Callable[[bytes | None], tuple[bytes | None, T]],
        *,
        known: Entry | None = None,
        ttl: float | None = None,
    ) -> tuple[T, Entry]:
        """Replaces the value of `key` with what `change` returns; returns the result of `change` and the stored
        entry.

        `change` receives the stored value and returns the new value (None: write nothing) and a result. It is
        called again each time another writer was faster. It cannot await, so the revision that the write requires
        is always that of the value passed to `change`. `known` is an entry read earlier; if it is still current,
        the read is saved.
        """
        pause = SHORTEST_PAUSE
        while True:
            entry = await self.read(key) if known is None else known
            value, result = change(entry.value)
            if value is None:
                return result, entry
            revision = await self.write(key, value, revision=entry.revision, ttl=ttl)
            if revision is not None:
                return result, Entry(value, revision)
            known = None
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311
            pause = min(pause * 2, LONGEST_PAUSE)

    async def create(self, key: str, value: bytes, *, ttl: float | None = None) -> int | None:
        """Stores `value` if the key has none. Returns the revision, or None if the key has a value."""
        revision = 0
        while True:
            created = await self.write(key, value, revision=revision, ttl=ttl)
            if created is not None:
                return created
            entry = await self.read(key)
            if entry.value is not None or entry.revision == revision:
                return None
            revision = entry.revision

    async def delete(self, key: str, *, revision: int | None = None) -> bool:
        """Deletes the key if it is at `revision` (None: always). Returns False if it is not."""
        return await self._publish(key, b"", revision, {"KV-Operation": "DEL"}) is not None

    @contextlib.asynccontextmanager
    async def changes(self, key: str) -> AsyncIterator[asyncio.Event]:
        """Yields an event that is set when the key may have been written. This is a hint and can be lost."""
        changed = asyncio.Event()

        async def on_message(_: Msg) -> None:
            changed.set()

        with transport():
            subscription = await self._client.subscribe(self._subject(key), cb=on_message)
        try:
            yield changed
        finally:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def _publish(self, key: str, value: bytes, revision: int | None, headers: dict[str, str]) -> int | None:
        await self.declare()
        if revision is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(revision)
        headers["Nats-Msg-Id"] = self._client._nuid.next().decode()
        # nats-py does not include the headers in its size check; the server does, and closes the connection.
        size, limit = len(write_headers(headers)) + len(value), self._client.max_payload
        if size > limit:
            raise MessageTooLarge(size, limit)
        subject = self._subject(key)
        try:
            # nats-py adds to the headers, so each attempt gets its own.
            stored = await _retried(lambda: self._js.publish(subject, value, timeout=2, headers=dict(headers)))
        except nats.js.errors.APIError as error:
            if error.err_code in WRONG_REVISION:
                return None
            raise
        return stored.seq

    def _subject(self, key: str) -> str:
        return f"$KV.{self._name}.{token(key).replace('%', '=').replace('~', '=7E')}"

    def _config(self) -> StreamConfig:
        return StreamConfig(
            name=self.stream,
            subjects=[f"$KV.{self._name}.>"],
            max_msgs_per_subject=1,
            discard=DiscardPolicy.NEW,
            allow_rollup_hdrs=True,
            allow_msg_ttl=True,
            # Reads go to the leader: a follower might return stale data.
            allow_direct=False,
            duplicate_window=120,
            # With memory storage, a restarted server would grant again what it had granted before.
            storage=StorageType.FILE,
            num_replicas=self._replicas,
        )


async def _retried(request: Callable[[], Awaitable[T]]) -> T:
    with transport():
        return await retried(request, pause=PAUSE, attempts=ATTEMPTS)


def _ttl(seconds: float) -> str:
    return f"{int(max(seconds, SHORTEST_TTL) * 1000)}ms"


def bucket_name(namespace: str, purpose: str) -> str:
    """Returns the name of a namespace's bucket."""
    return f"{re.sub('[^A-Za-z0-9_-]', '-', namespace)}-{purpose}"
