"""Fixtures of the store's tests: a clinic, and a database as the processes use it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from engine.clinic import Clinic
from engine.store.clinics import add_clinic
from engine.store.database import Database
from tests.store.harness import Harness


@pytest.fixture
async def clinic(pool: asyncpg.Pool) -> Clinic:
    async with pool.acquire() as connection:
        return await add_clinic(connection, "elm-street", "Elm Street Animal Hospital", "America/Chicago")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, size=40)
    yield database
    await database.close()


@pytest.fixture
async def harness(pool: asyncpg.Pool) -> Harness:
    return await Harness.open(pool)
