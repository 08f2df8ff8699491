"""The recorded shapes of the portal's answers, with invented people in them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from engine.clinic import Clinic
from engine.dates import DateRange
from engine.portal.response import PortalResponse

NOW = datetime(2026, 1, 22, 12, tzinfo=UTC)
DAY = date(2026, 1, 22)

DENVER = Clinic(UUID(int=1), "denver", "Denver", "America/Denver", "US")
BERLIN = Clinic(UUID(int=2), "berlin", "Berlin", "Europe/Berlin", "DE")

CAMEL: dict[str, Any] = {
    "id": 7001,
    "start": "2026-01-22T16:15:00",
    "end": "2026-01-22T16:45:00",
    "patientName": "Biscuit",
    "clientName": "Ada Nowak",
    "clientPhone": "(303) 555-0142",
    "providerName": "Dr. Lindqvist",
    "resourceId": "room-1",
    "appointmentType": "Wellness exam",
    "status": "Confirmed",
    "reason": "limps",
    "title": "Biscuit; Nowak, Ada",
    "is_block": False,
    "is_roster": False,
}

SNAKE: dict[str, Any] = {
    "appointment_id": "7001",
    "id": 9,
    "start": "2026-01-22 16:15:00",
    "end": "2026-01-22 16:45:00",
    "patient_name": "Biscuit",
    "patient_id": 4,
    "first_name": "Ada",
    "last_name": "Nowak",
    "client_id": 5,
    "phone_number": "303.555.0142",
    "provider": "Dr. Lindqvist",
    "resourceId": "room-1",
    "type_description": "Wellness exam",
    "current_status": "Confirmed",
    "notes": "limps",
    "title": "BISCUIT; NOWAK, ADA",
}

#: With every name that the real portal of 2026 is known to use.
NEO_2026: dict[str, Any] = {
    "appointment_id": 7001,
    "id": "7001",
    "consultation_id": 881,
    "start": "2026-01-22 16:15:00",
    "end": "2026-01-22 16:45:00",
    "patient_id": 4,
    "patient_name": "Biscuit",
    "client_id": 5,
    "first_name": "Ada",
    "last_name": "Nowak",
    "phone_number": "(303) 555-0142",
    "email": "ada@nowak.example",
    "provider": "Dr. Lindqvist",
    "resourceId": 3,
    "type_description": "Wellness exam",
    "reason": "limps",
    "current_status": "Checked In",
    "status_label": "Arrived",
    "title": "BISCUIT; NOWAK, ADA",
    "is_block": False,
    "is_roster": False,
}


def answer(value: Any, *, status: int = 200, **headers: str) -> PortalResponse:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return PortalResponse("https://portal.test/", status, {"content-type": "application/json"} | headers, body)


def only(day: date) -> DateRange:
    return DateRange(day, day)
