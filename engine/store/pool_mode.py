"""What a connection keeps from one transaction to the next: a setting, because a pooler does not say it."""

from __future__ import annotations

from enum import StrEnum


class PoolMode(StrEnum):
    """`SESSION`: the whole session of the server. `TRANSACTION`: nothing. `AUTO`: found out on connecting."""

    AUTO = "auto"
    SESSION = "session"
    TRANSACTION = "transaction"
