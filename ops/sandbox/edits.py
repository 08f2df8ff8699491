"""The values of a record that a caller may set, and the functions that apply them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from pydantic import BaseModel, ConfigDict, Field

from ops.sandbox.clinics import Clinic
from ops.sandbox.fake_people import VISITS, Client, Patient, client_and_patient
from ops.sandbox.phones import Phone, phone_of
from ops.sandbox.records import Record
from ops.sandbox.schedule import Schedule


class Values(BaseModel):
    """The values of a record that a caller may set. Times are clinic-local; an offset resolves an ambiguous
    hour."""

    model_config = ConfigDict(extra="forbid")
    start: datetime | None = None
    minutes: int | None = Field(default=None, ge=-1440, le=2880)
    patient: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    phone_e164: str | None = None
    provider: str | None = None
    room: str | None = None
    type: str | None = None
    status: str | None = None
    notes: str | None = None


class Addition(Values):
    start: datetime
    id: int | None = None
    block: bool = False


class Edit(Values):
    id: int


def local(moment: datetime, clinic: Clinic) -> datetime:
    """Converts a time to the clinic's local time; a time without an offset already is local."""
    return moment.astimezone(clinic.zone).replace(tzinfo=None) if moment.tzinfo else moment


def edited(record: Record, values: Values, clinic: Clinic) -> Record:
    """Returns the record with the given values; a new start keeps the duration."""
    start = local(values.start, clinic) if values.start else record.start
    length = timedelta(minutes=values.minutes) if values.minutes is not None else record.end - record.start
    client, patient, phone = record.client, record.patient, record.phone
    if values.first_name is not None or values.last_name is not None:
        known = client or Client(1, "", "")
        first = known.first_name if values.first_name is None else values.first_name
        last = known.last_name if values.last_name is None else values.last_name
        client = Client(known.id, first, last)
    if values.patient is not None:
        patient = Patient(patient.id if patient else 1, values.patient)
    if values.phone is not None:
        phone = Phone(values.phone_e164, values.phone)
    given = values.model_dump(include={"provider", "room", "type", "status", "notes"}, exclude_unset=True)
    return replace(record, start=start, end=start + length, client=client, patient=patient, phone=phone, **given)


def added(addition: Addition, schedule: Schedule) -> Record:
    """Returns a new record with the given values; other values are generated from its id and start."""
    clinic, record_id = schedule.clinic, addition.id or schedule.next_id()
    start = local(addition.start, clinic)
    rng = Random(f"{clinic.company_id}/{record_id}/{start}")
    room = rng.choice(clinic.rooms).id
    if addition.block:
        title = addition.notes or "Hold"
        plain = Record(record_id, "block", start, start, room=room, notes=title, title=title)
        return edited(plain, addition.model_copy(update={"minutes": addition.minutes or 30}), clinic)
    kind, minutes, reasons = rng.choice(VISITS)
    client, patient = client_and_patient(rng)
    drawn = Record(
        id=record_id,
        kind="appointment",
        start=start,
        end=start + timedelta(minutes=minutes),
        patient=patient,
        client=client,
        phone=phone_of(clinic.country, rng),
        provider=rng.choice(clinic.providers).name,
        room=room,
        type=kind,
        notes=rng.choice(reasons),
    )
    return edited(drawn, addition, clinic)
