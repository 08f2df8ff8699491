"""Keys rotate without a stop."""

from __future__ import annotations

import asyncpg
import pytest

from engine.credentials import Credentials
from engine.store.clinics import add_clinic, get_credentials, set_credentials
from engine.store.clinics.rotating import Rotation, rotate_credentials
from engine.store.vault import Vault, VaultError, new_ring
from engine.store.webhooks import get_secrets, set_webhook
from engine.webhook import Secrets

pytestmark = pytest.mark.anyio


async def test_after_a_rotation_the_old_key_is_needed_no_more(pool: asyncpg.Pool) -> None:
    old, new = new_ring(), new_ring()
    async with pool.acquire() as connection:
        clinic = await add_clinic(connection, "north", "North", "America/Denver")
        await set_credentials(connection, Vault.from_ring(old), clinic.id, Credentials("desk", "secret", "7"))
        secrets = Secrets.fresh()
        await set_webhook(connection, Vault.from_ring(old), clinic, "https://example.com/", secrets)
        before = await get_credentials(connection, Vault.from_ring(old), clinic)
        assert await rotate_credentials(connection, Vault.from_ring(f"{new},{old}")) == Rotation(2)
        assert await get_secrets(connection, Vault.from_ring(new), clinic.id) == secrets
        assert await get_credentials(connection, Vault.from_ring(new), clinic) == before
        with pytest.raises(VaultError, match="which ENCRYPTION_KEY lacks"):
            await get_credentials(connection, Vault.from_ring(old), clinic)
        assert await rotate_credentials(connection, Vault.from_ring(new)) == Rotation(0)


async def test_a_clinic_whose_key_is_lacking_stays_as_it_is_and_holds_up_no_other(pool: asyncpg.Pool) -> None:
    old, lost, new = new_ring(), new_ring(), new_ring()
    async with pool.acquire() as connection:
        clinics = [await add_clinic(connection, slug, slug, "America/Denver") for slug in ("north", "south")]
        for clinic, ring in zip(clinics, (lost, old), strict=True):
            await set_credentials(connection, Vault.from_ring(ring), clinic.id, Credentials("desk", "secret"))
            await set_webhook(connection, Vault.from_ring(ring), clinic, "https://example.com/", Secrets.fresh())
        done = await rotate_credentials(connection, Vault.from_ring(f"{new},{old}"))
        assert done == Rotation(2, ("north",))
        north, south = clinics
        assert (await get_credentials(connection, Vault.from_ring(lost), north)).password == "secret"
        assert (await get_credentials(connection, Vault.from_ring(new), south)).password == "secret"
