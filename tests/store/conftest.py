import asyncpg
import pytest

from tests.store.desk import Desk


@pytest.fixture
async def desk(pool: asyncpg.Pool) -> Desk:
    return await Desk.open(pool)
