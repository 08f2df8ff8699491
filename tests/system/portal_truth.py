"""What the portal says against what the database holds, field by field."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

import asyncpg

from ops.sandbox.client import Sandbox, SandboxClinic

_STORED = """
select neo_appointment_id, date, start_time, end_time, starts_at, ends_at, patient_name, client_name, client_phone,
    provider_name, room_id, appointment_type, status, notes
from schedule_appointments a join clinics c on c.id = a.clinic_id
where c.slug = $1 and a.date between $2 and $3 and a.deleted_at is null
order by date, start_time, neo_appointment_id
"""


async def stored(pool: asyncpg.Pool, slug: str, start: date, end: date) -> list[dict[str, Any]]:
    return [
        {key: _plain(value) for key, value in row.items()} for row in await pool.fetch(_STORED, slug, start, end)
    ]


async def truth(sandbox: Sandbox, clinic: SandboxClinic, start: date, end: date) -> list[dict[str, Any]]:
    return [
        {key: _instant(value) if key in ("starts_at", "ends_at") else value for key, value in record.items()}
        for record in await sandbox.truth(clinic.company_id, start, end)
    ]


def by_id(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert len({record["neo_appointment_id"] for record in records}) == len(records)
    return {record["neo_appointment_id"]: record for record in records}


def _plain(value: Any) -> Any:

    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def _instant(text: str) -> float:

    return datetime.fromisoformat(text).timestamp()
