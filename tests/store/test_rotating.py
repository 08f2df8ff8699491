"""Keys rotate without a stop."""

from __future__ import annotations

import asyncpg
import pytest

from engine.credentials import Credentials
from engine.store.clinics import add_clinic, get_credentials, set_credentials
from engine.store.clinics.rotating import rotate_credentials
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
        assert await rotate_credentials(connection, Vault.from_ring(f"{new},{old}")) == 2
        assert await get_secrets(connection, Vault.from_ring(new), clinic.id) == secrets
        assert await get_credentials(connection, Vault.from_ring(new), clinic) == before
        with pytest.raises(VaultError, match="which ENCRYPTION_KEY lacks"):
            await get_credentials(connection, Vault.from_ring(old), clinic)
        assert await rotate_credentials(connection, Vault.from_ring(new)) == 0


async def test_a_rotation_that_lacks_a_key_changes_nothing(pool: asyncpg.Pool) -> None:
    old, other = new_ring(), new_ring()
    async with pool.acquire() as connection:
        clinic = await add_clinic(connection, "north", "North", "America/Denver")
        await set_credentials(connection, Vault.from_ring(old), clinic.id, Credentials("desk", "secret"))
        with pytest.raises(VaultError):
            await rotate_credentials(connection, Vault.from_ring(other))
        assert (await get_credentials(connection, Vault.from_ring(old), clinic)).password == "secret"
