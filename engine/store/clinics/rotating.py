"""Seals stored secrets with the newest key, so that an old one can be dropped from `ENCRYPTION_KEY`."""

from __future__ import annotations

from dataclasses import dataclass

from engine.store.clinics import purpose_for
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.vault import Sealed, Vault, VaultError
from engine.store.webhooks import reseal_secrets

SQL = Queries(__file__)


@dataclass(frozen=True, slots=True)
class Rotation:
    """`sealed`: number of secrets sealed with the new key; `closed`: the clinics with one that does not open."""

    sealed: int
    closed: tuple[str, ...] = ()


async def rotate_credentials(connection: Connection, vault: Vault) -> Rotation:
    """Seals with the newest key what the ring opens; secrets that it does not open stay and stop no other."""
    sealed, closed = 0, set[str]()
    async with connection.transaction():
        for row in await connection.fetch(SQL["old_keys"], vault.primary):
            clinic_id, purpose = row["clinic_id"], purpose_for(row["address"])
            try:
                secret = vault.open(clinic_id, purpose, Sealed(row["key_id"], row["sealed"]))
            except VaultError:
                closed.add(row["slug"])
                continue
            sealed_again = vault.seal(clinic_id, purpose, secret)
            await connection.execute(SQL["reseal_credentials"], clinic_id, sealed_again.key_id, sealed_again.data)
            sealed += 1
        webhooks, closed_webhooks = await reseal_secrets(connection, vault)
        closed.update(closed_webhooks)
        if not closed:
            await connection.execute(SQL["drop_old_sessions"], vault.primary)
    return Rotation(sealed + webhooks, tuple(sorted(closed)))
