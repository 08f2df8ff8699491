"""Reads what needs a person, for all clinics or one."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from engine.attention import Attention, AttentionKind, sort_key
from engine.failure import Reason
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def attention(connection: Connection, clinic_id: UUID | None = None) -> list[Attention]:
    """What needs a person, the most serious first; `clinic_id`: only of this clinic."""
    return _items(await connection.fetch(SQL["attention"], clinic_id, list(AttentionKind)))


async def attention_of(
    connection: Connection, clinics: Sequence[UUID], kinds: Collection[AttentionKind], goal_missed_for: float
) -> list[Attention]:
    """What needs a person in these clinics, of these kinds; a goal counts as missed after `goal_missed_for` seconds."""
    return _items(await connection.fetch(SQL["attention_of"], clinics, list(kinds), goal_missed_for))


async def clinics_left(connection: Connection) -> dict[Reason, set[str]]:
    """The clinics whose sync waits, or waited without success, for a worker with other settings, by reason."""
    found: dict[Reason, set[str]] = {Reason.WRONG_ENCRYPTION_KEY: set(), Reason.WRONG_PORTAL: set()}
    for row in await connection.fetch(SQL["clinics_left"], list(found)):
        found[Reason(row["reason"])].add(row["slug"])
    return found


def _items(rows: Iterable[Any]) -> list[Attention]:
    found = [
        Attention(
            row["key"],
            AttentionKind(row["kind"]),
            row["clinic"],
            row["since"],
            row["sync_id"],
            json.loads(row["details"]),
        )
        for row in rows
    ]
    return sorted(found, key=sort_key)
