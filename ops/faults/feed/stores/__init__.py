"""The stores of the consumers of a fault run, one module each: a consumer that starts often imports its own only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from idexx_feed import Store

#: The schema of the consumer whose store is PostgreSQL.
SCHEMA = "consumer"

#: Executes a statement of `tables` in a transaction.
Execute = Callable[[Any, str, tuple[Any, ...]], Awaitable[object]]


class StoreModule(Protocol):
    """A module of this package."""

    #: What the database raises for a change that is applied twice.
    INTEGRITY: type[Exception]

    def opened(self, file: Path) -> AbstractAsyncContextManager[tuple[Store[Any], Execute]]:
        """Opens the store with its tables."""
