"""Changes that have arrived and are not applied yet, by their position. Pure."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar
from uuid import UUID

from .store import Cursor

#: Changes kept at most. Beyond, they are dropped and requested later.
LIMIT = 5000

#: Changes in one batch at most.
BATCH = 500


class Positioned(Protocol):
    @property
    def feed_id(self) -> UUID | None: ...
    @property
    def position(self) -> int | None: ...


C = TypeVar("C", bound=Positioned)


class Inbox(Generic[C]):
    """What arrives may come twice, in another order, or not at all: `run` returns what can be applied next."""

    def __init__(self) -> None:
        self._changes: dict[int, C] = {}

    def put(self, change: C, cursor: Cursor | None) -> bool:
        """Keeps the change; False: what follows the cursor has to be requested instead."""
        if cursor is None or change.feed_id != cursor.feed_id or change.position is None:
            return False
        if change.position > cursor.position:
            if len(self._changes) >= LIMIT:
                self._changes.clear()
                return False
            self._changes[change.position] = change
        return True

    def run(self, cursor: Cursor) -> list[C]:
        """The changes that follow the cursor without a gap. They stay until the cursor has passed them."""
        self._changes = {at: change for at, change in self._changes.items() if at > cursor.position}
        found = []
        while len(found) < BATCH and (change := self._changes.get(cursor.position + len(found) + 1)):
            found.append(change)
        return found

    @property
    def last(self) -> int:
        """The last position that is kept, or 0."""
        return max(self._changes, default=0)

    def drop(self, up_to: int) -> None:
        self._changes = {at: change for at, change in self._changes.items() if at > up_to}

    def __bool__(self) -> bool:
        return bool(self._changes)
