"""Who may ask for a clinic's offer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.bookings.test_roles import partner
from tests.offer.loading import load
from tests.offer.test_cases import NOW, clinic

pytestmark = pytest.mark.anyio

ASK = "select count(*) from idexx_sync.bookable_starts($1, $2, $3, p_now => $2)"
WHY = "select idexx_sync.explain_start($1, $2, p_now => $2)"


async def test_a_role_of_one_clinic_asks_for_its_own_offer_only(
    pool: asyncpg.Pool[Any], database_url: str
) -> None:
    own, other = clinic(), clinic()
    async with pool.acquire() as connection:
        await load(connection, [own, other])
    async with partner(pool, database_url) as (theirs, role):
        slug = await pool.fetchval("select slug from public.clinics where id = $1", own.id)
        await pool.execute("select idexx_sync.give_clinic_to_role($1, $2)", slug, role)
        week = (NOW, NOW + timedelta(days=7))
        assert await theirs.fetchval(ASK, own.id, *week) > 0
        assert await theirs.fetchval(ASK, other.id, *week) == 0
        assert await theirs.fetchval(WHY, own.id, NOW) is not None
        assert await theirs.fetchval(WHY, other.id, NOW) is None
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await theirs.fetch("select * from idexx_sync.closed_days")
