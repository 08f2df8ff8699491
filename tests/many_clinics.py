"""Many clinics with five kinds of trouble."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg

#: The removals that branch-17 holds.
HELD = 177

_STORE = Path(__file__).with_suffix(".sql").read_text()


async def store_many(
    pool: asyncpg.Pool[Any] | asyncpg.Connection[Any], clinics: int, with_credentials: int
) -> None:
    """Stores the clinics branch-1, branch-2 …; those after the first `with_credentials` have none."""
    await pool.execute(_STORE, clinics, with_credentials)
