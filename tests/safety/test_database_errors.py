"""PostgreSQL's error texts quote the refused row; no code above the store sees them."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator

import asyncpg
import pytest

from engine.errors import Unavailable
from engine.store.database import Database
from engine.store.server_errors import StatementRefused

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def refused(database: Database, statement: str, *arguments: object) -> str:
    """Everything that a log, a dead letter or an error report could show of it."""
    with pytest.raises(StatementRefused) as caught:
        async with database.transaction() as connection:
            await connection.execute(statement, *arguments)
    error = caught.value
    assert error.__cause__ is None
    assert error.__suppress_context__
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    ("statement", "arguments"),
    [
        ("insert into clinics (slug, name, country) values ('elm', 'Harriet Whitfield', null)", ()),
        ("select cast($1::text as date)", ("Harriet Whitfield",)),
        ("select $1::int", ("Harriet Whitfield",)),
        ("do $$ begin raise exception 'Harriet Whitfield'; end $$", ()),
    ],
    ids=["not-null", "no-date", "no-number", "raised"],
)
async def test_a_refused_row_is_not_quoted(
    database: Database, statement: str, arguments: tuple[object, ...]
) -> None:
    message = await refused(database, statement, *arguments)
    message = message.replace(f"connection.execute({statement!r})", "")
    assert "Harriet" not in message, message


async def test_what_was_broken_is_named(database: Database, pool: asyncpg.Pool) -> None:
    await pool.execute("insert into clinics (slug, name) values ('elm', 'Elm')")
    message = await refused(database, "insert into clinics (slug, name) values ('elm', 'Elm')")
    assert "UniqueViolationError (23505, clinics_slug, clinics)" in message
    assert 'relation "nowhere" does not exist' in await refused(database, "select from nowhere")


async def test_a_statement_that_waits_for_too_long_says_where_to_look(database_url: str) -> None:
    hasty = Database(database_url, timeout=0.5)
    with pytest.raises(Unavailable, match=r"within 0\.5 s; .* whether a statement waits for a lock"):
        async with hasty.connection() as connection:
            await connection.execute("select pg_sleep(10)")
    await hasty.close()


async def test_a_process_that_is_newer_than_the_database_says_what_to_run(
    database: Database, pool: asyncpg.Pool
) -> None:
    await pool.execute("drop function idexx_sync.look_at_references")
    message = await refused(
        database, "select * from idexx_sync.look_at_references($1, $2, $3, $4, $5)", *[None] * 5
    )
    assert "function idexx_sync.look_at_references" in message
    assert "run `idexx-sync migrate`" in message
    assert "idexx-sync migrate" not in await refused(database, "select 1 / 0")


async def test_a_connection_that_is_lost_just_as_a_statement_begins_is_a_server_that_is_away(
    database: Database,
) -> None:
    """`python -m ops.faults.chaos` meets it when it kills PostgreSQL; a client would get an internal error."""
    with pytest.raises(Unavailable, match="PostgreSQL does not respond"):
        async with database.connection():
            raise asyncpg.InternalClientError('cannot switch to state 12; the protocol is in the "failed" state')
    async with database.connection() as connection:
        assert await connection.fetchval("select 1") == 1
