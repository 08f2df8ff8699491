"""The stored keys of the HTTP API. Only their hashes are stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from engine.api_key import ApiKey, Right
from engine.clinic import Clinic
from engine.errors import UnknownApiKey
from engine.issued import check_name, one_to_revoke
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def add_api_key(
    connection: Connection,
    name: str,
    key_hash: str,
    *,
    clinic: Clinic | None = None,
    rights: frozenset[Right],
    expires_in: timedelta | None = None,
    created_by: str,
) -> ApiKey:
    """Stores the hash of a key. Raises `BadRequest` if the name has other characters than those of a name."""
    key_id: UUID = await connection.fetchval(
        SQL["add_api_key"],
        check_name(name),
        key_hash,
        None if clinic is None else clinic.id,
        sorted(rights),
        expires_in,
        created_by,
    )
    [stored] = await list_api_keys(connection, str(key_id))
    return stored


async def list_api_keys(connection: Connection, name_or_id: str | None = None) -> list[ApiKey]:
    """The keys with this name, or this id or four and more of its first digits; None: all. The newest is last."""
    return [_key(row) for row in await connection.fetch(SQL["list_api_keys"], name_or_id)]


async def revoke_api_key(connection: Connection, name_or_id: str, now: datetime) -> ApiKey:
    """Revokes the valid key with this name or id.

    Raises `UnknownApiKey`, or `WrongState` if there are several, or if it is revoked already.
    """
    found = await list_api_keys(connection, name_or_id)
    key = one_to_revoke(found, name_or_id, now, noun="key", command="api-key", unknown=UnknownApiKey)
    await connection.execute(SQL["revoke_api_key"], key.id)
    return key


async def valid_api_keys(connection: Connection) -> dict[str, ApiKey]:
    """The keys that are neither expired nor revoked, by their hashes."""
    return {row["key_hash"]: _key(row) for row in await connection.fetch(SQL["valid_api_keys"])}


async def record_uses(connection: Connection, uses: Mapping[UUID, datetime]) -> None:
    """Stores when keys were last used."""
    await connection.execute(SQL["record_uses"], list(uses), list(uses.values()))


def _key(row: Any) -> ApiKey:
    fields = {name: value for name, value in row.items() if name != "key_hash"}
    return ApiKey(**fields | {"rights": frozenset(map(Right, row["rights"]))})
