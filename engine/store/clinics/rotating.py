"""Seals what is stored with the newest key, so that an old one can be dropped from `ENCRYPTION_KEY`."""

from __future__ import annotations

from engine.store.clinics import PURPOSE
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.vault import Sealed, Vault
from engine.store.webhooks import reseal_secrets

SQL = Queries(__file__)


async def rotate_credentials(connection: Connection, vault: Vault) -> int:
    """Answers how many were sealed anew; raises `VaultError` if one does not open, and then changes nothing."""
    async with connection.transaction():
        rows = await connection.fetch(SQL["old_keys"], vault.primary)
        for row in rows:
            clinic_id = row["clinic_id"]
            secret = vault.open(clinic_id, PURPOSE, Sealed(row["key_id"], row["sealed"]))
            sealed = vault.seal(clinic_id, PURPOSE, secret)
            await connection.execute(SQL["reseal_credentials"], clinic_id, sealed.key_id, sealed.data)
        await connection.execute(SQL["drop_old_sessions"], vault.primary)
        webhooks = await reseal_secrets(connection, vault)
    return len(rows) + webhooks
