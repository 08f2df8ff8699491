"""Evidence of what the portal showed when a date failed, for the operator. Kept for some days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from engine.errors import UnknownEvidence
from engine.failure import Failure
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def keep_evidence(
    connection: Connection,
    sync_id: UUID,
    day: date,
    *,
    at: datetime,
    failure: Failure,
    address: str,
    title: str,
    status: int | None,
    headers: Mapping[str, str],
    body: str,
    screenshot: bytes | None,
) -> None:
    """Stores evidence. The caller must have masked names, numbers and secrets."""
    await connection.execute(
        SQL["keep_evidence"],
        sync_id,
        day,
        at,
        failure.reason,
        failure.message,
        _text(address),
        _text(title),
        status,
        json.dumps({name: _text(value) for name, value in headers.items()}),
        _text(body),
        screenshot,
    )


def _text(seen: str) -> str:
    """Replaces NUL and lone surrogates, which PostgreSQL cannot store; a response may contain any bytes."""
    return "".join("\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in seen)


async def list_evidence(connection: Connection, sync_id: UUID, day: date | None) -> list[dict[str, Any]]:
    """The evidence of a date, or of all dates of a sync, oldest first; the screenshot as PNG bytes or None."""
    rows = await connection.fetch(SQL["list_evidence"], sync_id, day)
    return [dict(row) | {"headers": json.loads(row["headers"])} for row in rows]


async def evidence_of(
    connection: Connection,
    clinic_id: UUID,
    *,
    sync_id: UUID | None = None,
    day: date | None = None,
    limit: int = 60,
) -> list[dict[str, Any]]:
    """The evidence of one of the clinic's syncs or dates, newest first, without what the portal returned."""
    return [dict(row) for row in await connection.fetch(SQL["evidence_of"], clinic_id, sync_id, day, limit)]


async def one_evidence(connection: Connection, clinic_id: UUID, evidence_id: int) -> dict[str, Any]:
    """One piece of the clinic's evidence, with everything. Raises `UnknownEvidence`."""
    row = await connection.fetchrow(SQL["one_evidence"], clinic_id, evidence_id)
    if row is None:
        raise UnknownEvidence(f"evidence {evidence_id} is not stored for this clinic; it is kept for 7 days")
    return dict(row) | {"headers": json.loads(row["headers"])}
