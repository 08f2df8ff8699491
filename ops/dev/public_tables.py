"""Writes the columns that the migrations give the tables in `public`, for `migrate --check` and `--undo`:
`python -m ops.dev.public_tables`."""

from __future__ import annotations

import asyncio

import asyncpg

from engine.store.migrate import migrate
from engine.store.predecessor.shape import FILE, read_shape, to_json
from ops.local.embedded.scratch_postgres import scratch_postgres


async def _shape(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        await migrate(connection)
        return to_json(await read_shape(connection))
    finally:
        await connection.close()


if __name__ == "__main__":
    if not FILE.exists():
        FILE.write_text("{}", encoding="utf-8")
    with scratch_postgres() as url:
        FILE.write_text(asyncio.run(_shape(url)), encoding="utf-8")
