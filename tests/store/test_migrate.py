"""The schema, brought up to date: twice, on nothing, by two processes at once."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from engine.store.migrate import FOLDER, MigrationChanged, WrongEncoding, migrate, pending
from engine.store.predecessor.shape import FILE, read_shape, to_json
from tests.conftest import open_pool
from tests.store.installations import install

pytestmark = pytest.mark.anyio

FILES = sorted(FOLDER.glob("*.sql"))
ALL = [path.stem for path in FILES]


@pytest.fixture
async def empty_url(postgres_url: str) -> AsyncIterator[str]:
    name = f"e{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"create database {name}")
    yield postgres_url.replace("/postgres?", f"/{name}?")
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    async with open_pool(empty_url, 4) as pool:
        yield pool


async def test_a_second_migration_applies_nothing(pool: asyncpg.Pool[Any]) -> None:
    async with pool.acquire() as connection:
        assert await migrate(connection) == []
        assert await pending(connection) == []


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_a_database_that_cannot_hold_every_name_is_refused_before_anything_is_made(
    empty: asyncpg.Pool[Any], empty_url: str, encoding: str
) -> None:
    name = f"l{uuid.uuid4().hex[:12]}"
    await empty.execute(f"create database {name} encoding '{encoding}' locale 'C' template template0")
    connection = await asyncpg.connect(empty_url, database=name)
    try:
        with pytest.raises(WrongEncoding, match=f"encoding is {encoding}, .* encoding 'UTF8' template template0"):
            await migrate(connection)
        assert await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
    finally:
        await connection.close()
        await empty.execute(f"drop database {name}")


async def test_every_statement_may_run_again(empty: asyncpg.Pool[Any]) -> None:
    """Up to 0016 in the schema that the version had; after 0017 its tables are no longer there."""
    async with empty.acquire() as connection:
        await install(connection, "0017")
        before = [path for path in FILES if path.stem < "0017"]
        for path in before:
            await connection.execute(path.read_text())
        await migrate(connection)
        await connection.execute("set search_path to pg_catalog")
        for path in (path for path in FILES if path not in before):
            await connection.execute(path.read_text())
        await connection.execute("reset search_path")


async def test_the_file_of_shared_tables_is_what_the_migrations_make(pool: asyncpg.Pool[Any]) -> None:
    async with pool.acquire() as connection:
        made = to_json(await read_shape(connection))
    assert FILE.read_text() == made, "run python -m ops.dev.public_tables"


async def test_an_empty_database_gets_everything_once_though_two_processes_begin_at_once(
    empty_url: str,
) -> None:
    connections = [await asyncpg.connect(empty_url) for _ in range(2)]
    assert await pending(connections[0]) == ALL
    applied = await asyncio.gather(*(migrate(connection) for connection in connections))
    assert sorted(applied, key=len) == [[], ALL]
    for connection in connections:
        await connection.close()


async def test_a_migration_that_was_changed_is_refused(empty: asyncpg.Pool[Any], tmp_path: Path) -> None:
    (tmp_path / "0001_a.sql").write_text("create table a ()")
    async with empty.acquire() as connection:
        await migrate(connection, tmp_path)
        (tmp_path / "0001_a.sql").write_text("create table b ()")
        with pytest.raises(MigrationChanged, match="0001_a"):
            await migrate(connection, tmp_path)
