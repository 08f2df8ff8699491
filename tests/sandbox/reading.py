"""An own reading of the portal's answers, by the table of what is known of it; shares no code with either side."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers

from ops.sandbox.client import SandboxClinic, Truth

STATUSES = {
    "arrived": "in_progress",
    "in progress": "in_progress",
    "ready to pay": "in_progress",
    "finalized": "completed",
    "no show": "no_show",
    "not arrived": "scheduled",
    "checked in": "in_progress",
}


def read(answer: Any, clinic: SandboxClinic) -> list[Truth]:
    """The canonical records of a calendar answer, rosters left out, in the order of the truth."""
    if isinstance(answer, dict):
        [answer] = [answer[name] for name in ("events", "data", "appointments", "results") if name in answer]
    records = [_record(record, clinic) for record in answer if not record.get("is_roster")]
    return sorted(records, key=lambda record: (record["date"], record["start_time"], record["neo_appointment_id"]))


def _record(record: dict[str, Any], clinic: SandboxClinic) -> Truth:
    start, end = _time(record["start"], clinic), _time(record["end"], clinic)
    full_name = f"{record.get('first_name') or ''} {record.get('last_name') or ''}".strip()
    return {
        "neo_appointment_id": str(_first(record, "appointment_id", "id")),
        "date": start.date().isoformat(),
        "start_time": start.strftime("%H:%M:%S"),
        "end_time": end.strftime("%H:%M:%S"),
        "starts_at": start.astimezone(UTC).isoformat(),
        "ends_at": end.astimezone(UTC).isoformat(),
        "patient_name": _first(record, "patientName", "patient_name"),
        "client_name": _first(record, "clientName") or full_name or None,
        "client_phone": _e164(_first(record, "clientPhone", "phone_number"), clinic),
        "provider_name": _first(record, "providerName", "provider"),
        "room_id": record["resourceId"],
        "appointment_type": "block"
        if record.get("is_block")
        else _first(record, "appointmentType", "type_description"),
        "status": _status(_first(record, "status", "current_status", "status_label", "className")),
        "notes": _first(record, "reason", "notes") or (record["title"] if record.get("is_block") else None),
    }


def _first(record: dict[str, Any], *names: str) -> Any:
    return next((record[name] for name in names if record.get(name)), None)


def _time(text: str, clinic: SandboxClinic) -> datetime:
    moment, zone = datetime.fromisoformat(text), ZoneInfo(clinic.timezone)
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


def _status(word: str) -> str:
    plain = word.lower().replace("-", " ")
    return STATUSES.get(plain, plain)


def _e164(text: str | None, clinic: SandboxClinic) -> str | None:
    try:
        number = phonenumbers.parse(text, clinic.country)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
