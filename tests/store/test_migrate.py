import asyncpg
import pytest

from engine.store.migrate import migrate, pending

pytestmark = pytest.mark.anyio


async def test_a_second_migration_applies_nothing(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        assert await migrate(connection) == []
        assert await pending(connection) == []
