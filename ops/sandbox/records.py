"""A record of a clinic's calendar, and its canonical form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, TypedDict
from zoneinfo import ZoneInfo

from ops.sandbox.fake_people import Client, Patient
from ops.sandbox.phones import Phone

Kind = Literal["appointment", "block", "roster"]

#: The portal's status names, mapped to the canonical ones.
STATUSES = {
    "Scheduled": "scheduled",
    "Not Arrived": "scheduled",
    "Confirmed": "confirmed",
    "Arrived": "in_progress",
    "Checked In": "in_progress",
    "In Progress": "in_progress",
    "Ready to Pay": "in_progress",
    "Finalized": "completed",
    "Completed": "completed",
    "No Show": "no_show",
    "Cancelled": "cancelled",
}

#: Statuses of a visit that has started.
BEGUN = frozenset({"Checked In", "In Progress", "Ready to Pay", "Finalized", "Completed"})


class Truth(TypedDict):
    """The canonical form of a record: local times as `HH:MM:SS`, instants in UTC (ISO 8601), phone in E.164."""

    neo_appointment_id: str
    date: str
    start_time: str
    end_time: str
    starts_at: str
    ends_at: str
    patient_name: str | None
    client_name: str | None
    client_phone: str | None
    provider_name: str | None
    room_id: str | None
    appointment_type: str
    status: str
    notes: str | None


class References(TypedDict):
    """Identifies the client, patient and visit of an appointment; only the 2026 field variant shows all of
    them."""

    client_email: str | None
    neo_client_id: str | None
    neo_patient_id: str | None
    neo_consultation_id: str | None


@dataclass(frozen=True, slots=True)
class Record:
    """A calendar record. `start` and `end` are clinic-local without a zone; `fold` resolves ambiguous hours.

    `status` is the portal's name; `type` applies to appointments, `title` to blocks and roster entries.
    """

    id: int
    kind: Kind
    start: datetime
    end: datetime
    patient: Patient | None = None
    client: Client | None = None
    phone: Phone | None = None
    provider: str | None = None
    room: str | None = None
    type: str = ""
    status: str = "Scheduled"
    notes: str | None = None
    title: str = ""

    @property
    def date(self) -> date:
        return self.start.date()

    def truth(self, zone: ZoneInfo) -> Truth:
        return Truth(
            neo_appointment_id=str(self.id),
            date=self.date.isoformat(),
            start_time=self.start.strftime("%H:%M:%S"),
            end_time=self.end.strftime("%H:%M:%S"),
            starts_at=instant(self.start, zone),
            ends_at=instant(self.end, zone),
            patient_name=self.patient.name if self.patient else None,
            client_name=f"{self.client.first_name} {self.client.last_name}" if self.client else None,
            client_phone=self.phone.e164 if self.phone else None,
            provider_name=self.provider,
            room_id=self.room,
            appointment_type="block" if self.kind == "block" else self.type,
            status=STATUSES.get(self.status, self.status),
            notes=self.notes,
        )

    def references(self) -> References:
        visit = str(self.id * 10 + 7) if self.patient and self.status in BEGUN else None
        return References(
            client_email=self.client.email if self.client else None,
            neo_client_id=str(self.client.id) if self.client else None,
            neo_patient_id=str(self.patient.id) if self.patient else None,
            neo_consultation_id=visit,
        )


def instant(local: datetime, zone: ZoneInfo) -> str:
    return local.replace(tzinfo=zone).astimezone(UTC).isoformat()
