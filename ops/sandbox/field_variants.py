"""Formats a record as the portal does: in the field variant of 2026, two older ones, or mixtures of them."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ops.sandbox.neo2026 import written_2026
from ops.sandbox.records import STATUSES, Record

FieldVariant = Literal["a", "b", "mixed", "2026"]
TimeFormat = Literal["t", "space", "offset", "mixed"]
Fields = dict[str, Any]


def in_variant(
    record: Record, zone: ZoneInfo, field_variant: FieldVariant, times: TimeFormat | None = None
) -> Fields:
    """Returns the record as an object of the response. A mixture is derived from the id, so it never changes."""
    rng = Random(record.id)
    written: Fields = written_2026(record) if field_variant == "2026" else {}
    for ways in _ways(record) if field_variant != "2026" else ():
        # The first two forms of a group are the two variants; the others were seen only in mixtures.
        written |= ways[0] if field_variant == "a" else ways[1] if field_variant == "b" else rng.choice(ways)
    form = times or ("mixed" if field_variant == "mixed" else "t" if field_variant == "a" else "space")
    if form == "mixed":
        form = rng.choice(("t", "space", "offset"))
    written["start"], written["end"] = _time(record.start, zone, form), _time(record.end, zone, form)
    return written


def with_text_ids(fields: Fields) -> Fields:
    """Returns the formatted record with every id as text."""
    return {name: str(value) if _is_id(name, value) else value for name, value in fields.items()}


def _is_id(name: str, value: object) -> bool:
    return isinstance(value, int) and (name == "id" or name.endswith("_id"))


def _ways(record: Record) -> list[tuple[Fields, ...]]:
    """Returns the possible forms of each value."""
    return [
        _id(record),
        _patient(record),
        _client(record),
        ({"clientPhone": _phone(record)}, {"phone_number": _phone(record) or ""}),
        ({"providerName": record.provider}, {"provider": record.provider}),
        ({"resourceId": record.room},) * 2,
        ({"appointmentType": _type(record)}, {"type_description": _type(record)}),
        _status(record),
        ({"reason": record.notes}, {"notes": record.notes or ""}),
        ({"title": _title(record)},) * 2,
        _flags(record),
    ]


def _id(record: Record) -> tuple[Fields, ...]:
    event = f"evt-{record.id % 977}-{record.id}"
    return ({"id": record.id}, {"appointment_id": str(record.id)}, {"id": event, "appointment_id": record.id})


def _patient(record: Record) -> tuple[Fields, ...]:
    if not record.patient:
        return ({"patientName": None}, {})
    name = record.patient.name
    return (
        {"patientName": name},
        {"patient_name": name, "patient_id": record.patient.id},
        {"patientName": None, "patient_name": name},
    )


def _client(record: Record) -> tuple[Fields, ...]:
    if not record.client:
        return ({"clientName": None}, {})
    client = record.client
    return (
        {"clientName": f"{client.first_name} {client.last_name}"},
        {"first_name": client.first_name, "last_name": client.last_name, "client_id": client.id},
    )


def _status(record: Record) -> tuple[Fields, ...]:
    word = record.status
    # Only a known status can be recognized from a class name.
    class_only = {"className": word.lower().replace(" ", "-")} if word in STATUSES else {"status": word}
    return (
        {"status": word, "className": "fc-event"},
        {"current_status": word},
        {"status_label": word},
        {"status": None, "status_label": word, "className": "fc-event"},
        class_only,
    )


def _flags(record: Record) -> tuple[Fields, ...]:
    flags = {"is_block": record.kind == "block", "is_roster": record.kind == "roster"}
    return (flags, {name: flag for name, flag in flags.items() if flag})


def _phone(record: Record) -> str | None:
    return record.phone.written if record.phone else None


def _type(record: Record) -> str:
    return record.type or {"block": "Block", "roster": "Roster", "appointment": ""}[record.kind]


def _title(record: Record) -> str:
    if record.patient and record.client:
        return f"{record.patient.name}; {record.client.last_name}, {record.client.first_name}"
    return record.title


def _time(local: datetime, zone: ZoneInfo, form: str) -> str:
    aware = local.replace(tzinfo=zone)
    # In an ambiguous hour, only an offset identifies the time.
    if form == "offset" or aware.utcoffset() != aware.replace(fold=1 - local.fold).utcoffset():
        return aware.isoformat()
    return local.strftime("%Y-%m-%dT%H:%M:%S" if form == "t" else "%Y-%m-%d %H:%M:%S")
