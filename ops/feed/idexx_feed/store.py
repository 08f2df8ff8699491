"""Where a consumer keeps its cursor: beside its data, in the transaction that changes them."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar
from uuid import UUID

Transaction = TypeVar("Transaction")

#: The table of the stores of this package.
TABLE = "idexx_feed_cursors"


class Store(Protocol[Transaction]):
    """A database of the consumer. `Transaction` is what its code writes with."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Opens a transaction; commits at the end of the block, rolls back if it raises."""

    async def load(self, transaction: Transaction, name: str) -> str | None:
        """Returns what was last saved under the name, and keeps other transactions from loading it until the end."""

    async def save(self, transaction: Transaction, name: str, cursor: str) -> None:
        """Saves a text of at most 60 characters under the name."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The position in a numbering up to which every change is applied."""

    feed_id: UUID
    position: int

    def __str__(self) -> str:
        return f"{self.feed_id}/{self.position}"

    @classmethod
    def parse(cls, text: str | None) -> Self | None:
        """None for None and for an empty text: nothing is applied yet."""
        if not text:
            return None
        feed_id, _, position = text.partition("/")
        return cls(UUID(feed_id), int(position))
