"""What is stored of a clinic when it is changed."""

from __future__ import annotations

import asyncpg
import pytest

from engine.store.clinics import add_clinic

pytestmark = pytest.mark.anyio


async def test_a_clinic_keeps_its_country_when_only_its_name_is_changed(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        assert (await add_clinic(connection, "quay", "Quay", "Europe/London", "gb")).country == "GB"
        changed = await add_clinic(connection, "quay", "Harbour Quay", "Europe/London")
        assert (changed.name, changed.country) == ("Harbour Quay", "GB")
        assert (await add_clinic(connection, "elm", "Elm", "America/New_York")).country == "US"
