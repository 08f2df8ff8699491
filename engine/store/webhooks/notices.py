"""What the clinics' webhooks are sent about things that need a person, and what they have been sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def lock_attentive(connection: Connection) -> list[UUID]:
    """The clinics whose webhooks are sent such things; locked until the transaction ends, without those that another
    gateway has locked. Forgets what was sent to webhooks that no longer are."""
    await connection.execute(SQL["drop_notices"])
    return [row["clinic_id"] for row in await connection.fetch(SQL["lock_attentive"])]


async def notices(connection: Connection, clinics: Sequence[UUID]) -> dict[str, dict[str, Any]]:
    """What was sent and has not ended, by key."""
    return {row["key"]: json.loads(row["item"]) for row in await connection.fetch(SQL["notices"], clinics)}


async def begin_notice(connection: Connection, item: Mapping[str, Any], text: str) -> None:
    """Remembers an item, as its text in JSON, until its end."""
    await connection.execute(SQL["begin_notice"], item["key"], item["clinic"], text)


async def end_notice(connection: Connection, key: str) -> None:
    await connection.execute(SQL["end_notice"], key)


async def record_attention(connection: Connection, item: Mapping[str, Any], event: str, body: str) -> None:
    """Records a delivery about an item."""
    await connection.execute(SQL["record_attention"], item["clinic"], item["sync_id"], event, body)


async def send_attention(connection: Connection, clinic_id: UUID, wanted: bool) -> None:
    """Sets whether the clinic's webhook is sent what needs a person."""
    await connection.execute(SQL["set_attention"], clinic_id, wanted)
