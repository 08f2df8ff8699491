"""Fixtures: a predecessor's database as it was, and one that is migrated."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from engine.store.migrate import migrate
from tests.conftest import open_pool
from tests.predecessor.build import VARIANTS, build


def at(url: str, name: str) -> str:
    """The same server's database of this name."""
    return url.replace("/postgres?", f"/{name}?")


@asynccontextmanager
async def new_database(postgres_url: str, template: str = "template1") -> AsyncIterator[str]:
    name = f"p{uuid.uuid4().hex[:12]}"
    server = await asyncpg.connect(postgres_url)
    try:
        await server.execute(f"create database {name} template {template} strategy file_copy")
        yield at(postgres_url, name)
        await server.execute(f"drop database {name} with (force)")
    finally:
        await server.close()


@pytest.fixture(scope="session")
def old_templates(postgres_url: str) -> Iterator[dict[str, str]]:
    """Names of the databases to copy: `before` is the predecessor's, `after` the same one migrated."""

    async def make() -> None:
        server = await asyncpg.connect(postgres_url)
        await server.execute("create database old_before")
        old = await asyncpg.connect(at(postgres_url, "old_before"))
        await build(old)
        await old.close()
        await server.execute("create database old_after template old_before")
        new = await asyncpg.connect(at(postgres_url, "old_after"))
        await migrate(new)
        await new.close()
        await server.close()

    async def drop() -> None:
        server = await asyncpg.connect(postgres_url)
        for name in ("old_before", "old_after"):
            await server.execute(f"drop database {name} with (force)")
        await server.close()

    asyncio.run(make())
    yield {"before": "old_before", "after": "old_after"}
    asyncio.run(drop())


@pytest.fixture
async def old_url(postgres_url: str, old_templates: dict[str, str]) -> AsyncIterator[str]:
    """The URL of a predecessor's database that is not migrated."""
    async with new_database(postgres_url, old_templates["before"]) as url:
        yield url


@pytest.fixture
async def migrated_url(postgres_url: str, old_templates: dict[str, str]) -> AsyncIterator[str]:
    """The URL of a predecessor's database that is migrated."""
    async with new_database(postgres_url, old_templates["after"]) as url:
        yield url


@pytest.fixture
async def migrated_predecessor(migrated_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(migrated_url, 10) as pool:
        yield pool


@pytest.fixture
async def old(old_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(old_url)
    yield connection
    await connection.close()


@pytest.fixture(params=VARIANTS)
async def url_of_variant(request: pytest.FixtureRequest, postgres_url: str) -> AsyncIterator[str]:
    """The URL of a predecessor's database of each variant, not migrated."""
    async with new_database(postgres_url) as url:
        connection = await asyncpg.connect(url)
        await build(connection, VARIANTS[request.param])
        await connection.close()
        yield url


@pytest.fixture
async def variant(url_of_variant: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url_of_variant)
    yield connection
    await connection.close()
