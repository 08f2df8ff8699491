"""What a feed yields: a snapshot or some changes, to be applied in one transaction together with the cursor."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import TracebackType
from typing import Any, Generic
from uuid import UUID

from .errors import CursorMoved
from .events import Appointment, AppointmentChange, OfferChange, SnapshotPage, Start
from .store import Cursor, Store, Transaction


class Batch(Generic[Transaction]):
    """`async with batch as transaction`: opens the store's transaction, and saves the cursor at the end of the block.

    `is_snapshot`: what the consumer holds of this clinic is replaced. Otherwise the changes are added to it.
    """

    def __init__(
        self, store: Store[Transaction], name: str, before: Cursor | None, after: Cursor, *, is_snapshot: bool
    ) -> None:
        self.is_snapshot = is_snapshot
        self.before = before
        self.after = after
        self.is_applied = False
        self._store = store
        self._name = name
        self._open: AbstractAsyncContextManager[Transaction] | None = None
        self._transaction: Transaction | None = None

    def read(self, pages: Sequence[SnapshotPage]) -> None:
        """Takes what a snapshot has."""
        raise NotImplementedError

    def take(self, changes: Sequence[Any]) -> None:
        """Takes changes, in order."""
        raise NotImplementedError

    async def __aenter__(self) -> Transaction:
        opened = self._store.transaction()
        transaction = await opened.__aenter__()
        try:
            found = Cursor.parse(await self._store.load(transaction, self._name))
            if found != self.before:
                raise CursorMoved(
                    f"the cursor {self._name!r} is at {found}, not at {self.before}: another process uses the same"
                    " name. Run one at a time, or give each its own name"
                )
        except BaseException as error:
            await opened.__aexit__(type(error), error, error.__traceback__)
            raise
        self._open, self._transaction = opened, transaction
        return transaction

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened, transaction, self._open, self._transaction = self._open, self._transaction, None, None
        if opened is None:
            raise RuntimeError("the batch has not been entered")
        if error is None and transaction is not None:
            try:
                await self._store.save(transaction, self._name, str(self.after))
            except BaseException as failure:
                await opened.__aexit__(type(failure), failure, failure.__traceback__)
                raise
        await opened.__aexit__(kind, error, trace)
        self.is_applied = error is None


class AppointmentBatch(Batch[Transaction]):
    """Changes of appointments. Write `appointments`, each under its id, and delete `removed`."""

    #: In order; empty in a snapshot.
    changes: Sequence[AppointmentChange] = ()
    #: In a snapshot, all that the clinic has; otherwise those that have changed, as they are after the last change.
    appointments: Sequence[Appointment] = ()
    #: The ids of those that are no longer there.
    removed: Sequence[UUID] = ()

    def read(self, pages: Sequence[SnapshotPage]) -> None:
        self.appointments = [one for page in pages for one in page.appointments or ()]

    def take(self, changes: Sequence[AppointmentChange]) -> None:
        last = {change.appointment_id: change for change in changes}
        self.changes = changes
        self.appointments = [one for change in last.values() if (one := change.appointment)]
        self.removed = [key for key, change in last.items() if change.after is None]


class OfferBatch(Batch[Transaction]):
    """Changes of the offer. Write `starts`, each under its `starts_at`, and delete `closed`."""

    #: In order; empty in a snapshot.
    changes: Sequence[OfferChange] = ()
    #: In a snapshot, all that are offered; otherwise those that have changed.
    starts: Sequence[Start] = ()
    #: The `starts_at` of those that are no longer offered.
    closed: Sequence[datetime] = ()

    def read(self, pages: Sequence[SnapshotPage]) -> None:
        self.starts = [one for page in pages for one in page.starts or ()]

    def take(self, changes: Sequence[OfferChange]) -> None:
        last = {change.starts_at: change for change in changes}
        self.changes = changes
        self.starts = [one for change in last.values() if (one := change.start)]
        self.closed = [key for key, change in last.items() if not change.column_count]
