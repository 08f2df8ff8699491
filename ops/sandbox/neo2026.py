"""Formats a record with all field names that the portal is known to use since 2026."""

from __future__ import annotations

from typing import Any

from ops.sandbox.records import Record, References

Fields = dict[str, Any]


def written_2026(record: Record) -> Fields:
    """Returns the record's fields, without its times."""
    references = record.references()
    is_label_only = record.id % 5 == 0
    return {
        "appointment_id": record.id,
        "id": str(record.id),
        "consultation_id": _number(references, "neo_consultation_id"),
        "patient_id": _number(references, "neo_patient_id"),
        "patient_name": record.patient.name if record.patient else None,
        "client_id": _number(references, "neo_client_id"),
        "first_name": record.client.first_name if record.client else None,
        "last_name": record.client.last_name if record.client else None,
        "phone_number": record.phone.written if record.phone else None,
        "email": references["client_email"],
        "provider": record.provider,
        "resourceId": record.room,
        "type_description": record.type or None,
        # A block's reason is only in its title.
        "reason": None if record.kind == "block" and record.notes == record.title else record.notes,
        "current_status": None if is_label_only else record.status,
        "status_label": record.status if is_label_only else None,
        "title": _title(record),
        "is_block": record.kind == "block",
        "is_roster": record.kind == "roster",
    }


#: Fields that a portal release may add, and that must have no effect.
NEW_FIELDS: Fields = {"is_first_visit": True, "species_label": "canine", "checkin_channel": {"kind": "desk"}}


def _title(record: Record) -> str:
    if record.patient and record.client:
        return f"{record.patient.name}; {record.client.last_name}, {record.client.first_name}".upper()
    return record.title


def _number(references: References, name: str) -> int | None:
    value = references[name]  # type: ignore[literal-required]
    return None if value is None else int(value)
