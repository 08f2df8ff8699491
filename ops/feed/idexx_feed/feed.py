"""The two feeds of a clinic: each yields a snapshot, then every change in order, from where its cursor is."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeVar

import msgspec
from nats.aio.msg import Msg

from .batch import AppointmentBatch, Batch, OfferBatch
from .connection import Connection
from .errors import NotApplied
from .events import AppointmentChange, AppointmentChanges, OfferChange, OfferChanges
from .gateway import Gateway, Snapshot
from .inbox import Inbox
from .store import Cursor, Store, Transaction

#: How long a missing change may be on its way before it is requested. Seconds.
GAP_WAIT = 0.3

#: The last events of a sync: afterwards dates may be offered that were not read before.
_LAST = frozenset({"completed", "failed", "cancelled", "timed_out"})

C = TypeVar("C", AppointmentChange, OfferChange)
B = TypeVar("B", bound=Batch[Any])


def _is_reached(at: Cursor, cursor: Cursor | None) -> bool:
    return cursor is None or cursor.feed_id != at.feed_id or cursor.position >= at.position


class _Feed(Generic[Transaction, C, B]):
    _feed: ClassVar[str]
    _change: ClassVar[Any]
    _changes: ClassVar[Any]

    def __init__(
        self,
        nats_url: str,
        clinic: str,
        *,
        store: Store[Transaction],
        name: str | None = None,
        prefix: str = "idexx",
        patience: float = 600.0,
        check_every: float = 30.0,
        nats_options: Mapping[str, Any] | None = None,
    ) -> None:
        """`name` identifies the cursor in the store; default: clinic and feed. `patience`: seconds without a response
        of NATS or a gateway after which `Unavailable` is raised. Every `check_every` seconds without a change, the
        gateway is asked whether one was lost. `nats_options` are those of `nats.connect`.
        """
        self.clinic = clinic
        self.name = name or f"{clinic}/{self._feed}"
        self._store = store
        self._prefix = prefix
        self._check_every = check_every
        self._connection = Connection(nats_url, nats_options or {}, patience, self._lost)
        self._gateway = Gateway(self._connection, prefix, clinic, self._feed)
        self._inbox: Inbox[C] = Inbox()
        self._cursor: Cursor | None = None
        self._news = asyncio.Event()
        self._is_behind = True
        self._needs_snapshot = False
        # When the last snapshot was read; 0: none was.
        self._read_at = 0.0
        self._snapshot: Snapshot | None = None
        self._last: B | None = None

    async def __aenter__(self) -> Self:
        """Connects, and continues at the stored cursor."""
        try:
            await self._connection.open()
            for subject in self._subjects():
                await self._connection.subscribe(subject, self._receive)
            async with self._store.transaction() as transaction:
                self._cursor = Cursor.parse(await self._store.load(transaction, self.name))
        except BaseException:
            await self._connection.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> B:
        """Waits for the next batch. Raises a `FeedError`, or what the store raises."""
        if self._last is not None:
            if not self._last.is_applied:
                raise NotApplied("the last batch was not applied: write it in an `async with batch` block")
            self._cursor, self._last = self._last.after, None
        while True:
            self._connection.check()
            self._news.clear()
            if (batch := await self._next()) is not None:
                self._last = batch
                return batch

    async def _next(self) -> B | None:
        if self._cursor is None or (self._snapshot is None and self._is_snapshot_due()):
            await self._read_snapshot()
        if self._snapshot is not None and _is_reached(self._snapshot.at, self._cursor):
            return self._deliver(self._snapshot)
        return await self._follow(self._cursor) if self._cursor else None

    async def _follow(self, cursor: Cursor) -> B | None:
        """The changes after the cursor: those that have arrived, or, where some are missing, from the gateway."""
        if self._is_behind:
            return await self._missed(cursor)
        if run := self._inbox.run(cursor):
            return self._batch_of(cursor, run)
        if self._snapshot is not None:
            self._is_behind = True  # changes up to it are missing
        elif not self._inbox:
            self._is_behind = not await self._wait(self._until_check()) or self._is_behind
        else:
            self._is_behind = not await self._inbox_grows(cursor) or self._is_behind
        return None

    async def _missed(self, cursor: Cursor) -> B | None:
        self._is_behind = False  # what is lost from here on says so again
        arrived = self._inbox.last
        reply = await self._gateway.changes(cursor, self._changes)
        if reply.snapshot_required:
            await self._read_snapshot()
            return self._deliver(self._snapshot) if self._snapshot else None
        self._is_behind = reply.has_more or self._is_behind
        if reply.changes:
            return self._batch_of(cursor, reply.changes)
        self._inbox.drop(arrived)  # the feed does not have them: it was set back, or they were not from a gateway
        return None

    async def _read_snapshot(self) -> None:
        self._needs_snapshot = False
        self._read_at = time.monotonic()
        self._snapshot = await self._gateway.snapshot()

    def _deliver(self, read: Snapshot) -> B:
        """The snapshot as a batch. A snapshot that is not needed comes after every change up to it."""
        self._snapshot, self._is_behind = None, True
        batch = self._new_batch(read.at, is_snapshot=True)
        batch.read(read.pages)
        return batch

    def _batch_of(self, cursor: Cursor, changes: Sequence[C]) -> B:
        if self._snapshot is not None:
            changes = changes[: self._snapshot.at.position - cursor.position]
        batch = self._new_batch(Cursor(cursor.feed_id, cursor.position + len(changes)), is_snapshot=False)
        batch.take(changes)
        return batch

    @abstractmethod
    def _new_batch(self, after: Cursor, *, is_snapshot: bool) -> B: ...

    def _subjects(self) -> list[str]:
        return [f"{self._prefix}.evt.{self._feed}.{self.clinic}.*"]

    async def _receive(self, message: Msg) -> None:
        try:
            change = msgspec.json.decode(message.data, type=self._change)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self._lost()  # if it is a change of this feed, the reply to `changes` says what is wrong with it
            return
        if not self._inbox.put(change, self._cursor):
            self._is_behind = True
        self._news.set()

    def _lost(self) -> None:
        self._is_behind = True
        self._news.set()

    def _is_snapshot_due(self) -> bool:
        return self._needs_snapshot

    def _until_check(self) -> float:
        return self._check_every

    async def _inbox_grows(self, cursor: Cursor) -> bool:
        """Waits for the change after the cursor, which may be on its way; False: it has not come."""
        ends = time.monotonic() + GAP_WAIT
        while not self._inbox.run(cursor):
            self._news.clear()
            if not await self._wait(max(0.0, ends - time.monotonic())):
                return False
        return True

    async def _wait(self, seconds: float) -> bool:
        """Waits until something arrives; False: nothing has."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return False
        return True


class Feed(_Feed[Transaction, AppointmentChange, AppointmentBatch[Transaction]]):
    """The appointments of a clinic: `async with Feed(url, "elm", store=…) as feed`, then `async for batch in feed`."""

    _feed = "appointment"
    _change = AppointmentChange
    _changes = AppointmentChanges

    def _new_batch(self, after: Cursor, *, is_snapshot: bool) -> AppointmentBatch[Transaction]:
        return AppointmentBatch(self._store, self.name, self._cursor, after, is_snapshot=is_snapshot)


class OfferFeed(_Feed[Transaction, OfferChange, OfferBatch[Transaction]]):
    """The starts that a clinic offers. Besides the changes, a snapshot comes after each sync and every `refresh_every`
    seconds, for what changes with the time alone: starts that are past, dates that come within the horizon.
    """

    _feed = "offer"
    _change = OfferChange
    _changes = OfferChanges

    def __init__(
        self,
        nats_url: str,
        clinic: str,
        *,
        store: Store[Transaction],
        refresh_every: float = 900.0,
        **options: Any,
    ) -> None:
        """`options` are those of `Feed`."""
        super().__init__(nats_url, clinic, store=store, **options)
        self._refresh_every = refresh_every

    def _new_batch(self, after: Cursor, *, is_snapshot: bool) -> OfferBatch[Transaction]:
        return OfferBatch(self._store, self.name, self._cursor, after, is_snapshot=is_snapshot)

    def _subjects(self) -> list[str]:
        return [*super()._subjects(), f"{self._prefix}.evt.sync.{self.clinic}.*.*"]

    async def _receive(self, message: Msg) -> None:
        if not message.subject.startswith(f"{self._prefix}.evt.sync."):
            await super()._receive(message)
        elif message.subject.rpartition(".")[2] in _LAST:
            self._needs_snapshot = True
            self._news.set()

    def _is_snapshot_due(self) -> bool:
        # A process that starts reads one as well: what has passed since its cursor is not known.
        return self._needs_snapshot or time.monotonic() >= self._refresh_at()

    def _until_check(self) -> float:
        return max(0.0, min(self._check_every, self._refresh_at() - time.monotonic()))

    def _refresh_at(self) -> float:
        return self._read_at + self._refresh_every if self._read_at else 0.0
