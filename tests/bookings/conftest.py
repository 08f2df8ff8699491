"""Fixtures: a clinic with three slots of two places each."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from tests.bookings.practice import Practice


@pytest.fixture
async def practice(pool: asyncpg.Pool[Any]) -> Practice:
    return await Practice.open(pool)
