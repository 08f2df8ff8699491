"""Sealed portal sessions, shared by every DateScraper on every machine."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.vault import Sealed, Vault, VaultError

SQL = Queries(__file__)
_PURPOSE = "session"


async def get_session(
    connection: Connection, vault: Vault, clinic_id: UUID, *, address: str | None = None
) -> Any | None:
    """The stored value of the portal at this address; None: it has expired, or does not open.

    A session opens only with the key ring and the address with which it was sealed. `address` None: the default.
    """
    row = await connection.fetchrow(SQL["get_session"], clinic_id)
    if row is None:
        return None
    try:
        return json.loads(vault.open(clinic_id, _purpose(address), Sealed(row["key_id"], row["sealed"])))
    except VaultError:
        return None


async def put_session(
    connection: Connection,
    vault: Vault,
    clinic_id: UUID,
    generation: str | None,
    value: Any,
    lifetime: float,
    *,
    address: str | None = None,
) -> None:
    """Stores a JSON value for `lifetime` seconds, replacing any other."""
    sealed = vault.seal(clinic_id, _purpose(address), json.dumps(value).encode())
    await connection.execute(SQL["put_session"], clinic_id, generation, sealed.key_id, sealed.data, lifetime)


async def drop_session(connection: Connection, clinic_id: UUID, generation: str | None) -> None:
    """Drops the session if it is still of this generation; None: whatever is stored."""
    await connection.execute(SQL["drop_session"], clinic_id, generation)


async def update_session(
    connection: Connection,
    vault: Vault,
    clinic_id: UUID,
    generation: str,
    value: Any,
    *,
    address: str | None = None,
) -> None:
    """Replaces the session's value if it is still of this generation; its expiry does not change."""
    sealed = vault.seal(clinic_id, _purpose(address), json.dumps(value).encode())
    await connection.execute(SQL["update_session"], clinic_id, generation, sealed.key_id, sealed.data)


def _purpose(address: str | None) -> str:
    return _PURPOSE if address is None else f"{_PURPOSE} for {address}"
