"""An installation of ours from before a migration: its tables lie in `public`, as its version made them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import asyncpg

from engine.store.migrate import FOLDER, migrate

#: The last migration before our tables moved to their own schema.
LAST_IN_PUBLIC = "0016_repeating"

_LEDGER = """
create table idexx_schema_migrations (
    name text primary key, checksum text not null, applied_at timestamptz not null default now()
)
"""


async def install(connection: asyncpg.Connection, before: str) -> None:
    """Applies the migrations whose names lie before `before`, in the schema `public`."""
    await connection.execute(_LEDGER)
    with tempfile.TemporaryDirectory() as folder:
        for path in FOLDER.glob("*.sql"):
            if path.stem < before:
                shutil.copy(path, folder)
        await migrate(connection, Path(folder))
