"""One appointment by its id, as `getAppointment` returns it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ops.sandbox.clinics import Clinic
from ops.sandbox.fake_people import VISITS
from ops.sandbox.records import Record

#: Why an appointment was cancelled, by its id.
REASONS = ("Client called", "Patient is well again", "Found another practice")


def appointment(record: Record, clinic: Clinic, *, is_deleted: bool) -> dict[str, Any]:
    """Returns the response for a record; a deleted one keeps its last values."""
    return {
        "appointment": {
            "id": str(record.id),
            "status": record.status.lower(),
            "startAtLocal": _local(record.start),
            "endAtLocal": _local(record.end),
            "notes": record.notes,
            "deleted": is_deleted,
            "block": record.kind == "block",
            "bookedBy": "Front desk",
            "createdAt": f"{record.start.year - 1}-11-03 10:15:00",
            "cancelledReason": REASONS[record.id % len(REASONS)] if record.status == "Cancelled" else None,
            "patient": _patient(record),
            "appointmentType": _type(record, clinic),
            "appointmentRoom": _room(record, clinic),
            "provider": _provider(record, clinic),
        }
    }


def _patient(record: Record) -> dict[str, Any] | None:
    if record.patient is None:
        return None
    client = record.client
    return {
        "id": record.patient.id,
        "name": record.patient.name,
        "species": "Canine",
        "breed": "Mixed",
        "gender": "F",
        "client": None
        if client is None
        else {
            "id": client.id,
            "firstName": client.first_name,
            "lastName": client.last_name,
            "email": client.email,
            "phones": [record.phone.written] if record.phone else [],
        },
    }


def _type(record: Record, clinic: Clinic) -> dict[str, Any] | None:
    for number, (name, minutes, _) in enumerate(VISITS, start=1):
        if name == record.type:
            return {"id": number, "name": name, "duration": -(-minutes // clinic.slot_minutes)}
    return None


def _room(record: Record, clinic: Clinic) -> dict[str, Any] | None:
    for position, room in enumerate(clinic.rooms):
        if room.id == record.room:
            return {"id": room.id, "name": room.name, "position": position}
    return None


def _provider(record: Record, clinic: Clinic) -> dict[str, Any] | None:
    for provider in clinic.providers:
        if provider.name == record.provider:
            return {"id": provider.id, "name": provider.name}
    return None


def _local(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")
