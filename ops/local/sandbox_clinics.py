"""Stores the sandbox's clinics in the same way as real ones."""

from __future__ import annotations

from collections.abc import Sequence

from engine.credentials import Credentials
from engine.portal_address import origin_of
from engine.store.clinics import add_clinic, set_credentials
from engine.store.database import Connection
from engine.store.vault import Vault
from ops.sandbox.client import SandboxClinic


async def store_clinics(
    connection: Connection, vault: Vault, clinics: Sequence[SandboxClinic], portal: str | None = None
) -> list[str]:
    """Stores or updates the clinics of the sandbox, which is the default portal; returns their slugs."""
    origin = None if portal is None else origin_of(portal)
    async with connection.transaction():
        for one in clinics:
            clinic = await add_clinic(connection, one.slug, one.name, one.timezone, one.country)
            credentials = Credentials(one.username, one.password, one.company_id, origin=origin)
            await set_credentials(connection, vault, clinic.id, credentials)
    return [one.slug for one in clinics]
