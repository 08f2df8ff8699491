"""Erases one person from the database: appointments, changes, sightings, snapshots, evidence, bookings.

A person whom the portal still shows is not erased: the next sync would restore the appointments.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from uuid import UUID

from engine.appointment import REFERENCES
from engine.clinic import Clinic
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.reconciling import lock_clinic

SQL = Queries(__file__)

#: The fields of an appointment that say whose it is.
PERSONAL = ("patient_name", "client_name", "client_phone", "client_phone_raw", "notes")


@dataclass(frozen=True, slots=True)
class Person:
    """How a person is found: any of these. The repr contains no personal data."""

    client_ids: Collection[str] = field(default=(), repr=False)
    phones: Collection[str] = field(default=(), repr=False)
    emails: Collection[str] = field(default=(), repr=False)
    names: Collection[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class FoundAppointment:
    """An appointment of the person. `is_live`: the portal showed it when its date was last read."""

    id: UUID
    neo_appointment_id: str
    date: date
    start_time: time
    end_time: time
    patient_name: str | None = field(repr=False)
    client_name: str | None = field(repr=False)
    client_phone: str | None = field(repr=False)
    client_phone_raw: str | None = field(repr=False)
    client_email: str | None = field(repr=False)
    neo_client_id: str | None = field(repr=False)
    is_live: bool


async def find_person(connection: Connection, clinic: Clinic, person: Person) -> list[FoundAppointment]:
    """The person's appointments; also those that only share the client's id with a found one."""
    found = await _find(connection, clinic, person)
    ids = {one.neo_client_id for one in found if one.neo_client_id}
    if ids - set(person.client_ids):
        person = Person([*person.client_ids, *ids], person.phones, person.emails, person.names)
        found = await _find(connection, clinic, person)
    return found


async def _find(connection: Connection, clinic: Clinic, person: Person) -> list[FoundAppointment]:
    emails, names = [[text.lower() for text in texts] for texts in (person.emails, person.names)]
    rows = await connection.fetch(
        SQL["find_person"], clinic.id, list(person.client_ids), list(person.phones), emails, names
    )
    return [FoundAppointment(**row) for row in rows]


async def forget(
    connection: Connection, clinic: Clinic, person: Person, found: Sequence[FoundAppointment]
) -> Mapping[str, int]:
    """Erases the person; returns how many rows of each kind. To be called in a transaction."""
    await lock_clinic(connection, clinic.id)
    ids = [one.neo_appointment_id for one in found]
    phones = sorted({*person.phones, *(p for one in found for p in (one.client_phone, one.client_phone_raw) if p)})
    nothing = json.dumps(dict.fromkeys(PERSONAL))
    rows, names = [one.id for one in found], [text.lower() for text in person.names]
    done = {
        "appointments": await connection.execute(SQL["forget_appointments"], rows),
        "look-ups": await connection.execute(SQL["forget_lookups"], rows),
        "changes": await connection.execute(SQL["forget_changes"], clinic.id, rows, phones, nothing),
        "second sightings": await connection.execute(SQL["forget_sightings"], clinic.id, ids, phones, nothing),
        "snapshots": await connection.execute(
            SQL["forget_snapshots"], clinic.id, ids, phones, nothing, list(REFERENCES)
        ),
        "evidence": await connection.execute(SQL["forget_evidence"], clinic.id, [one.date for one in found]),
        "bookings": await connection.execute(SQL["forget_bookings"], clinic.id, phones, names),
    }
    return {kind: int(status.split()[-1]) for kind, status in done.items()}
