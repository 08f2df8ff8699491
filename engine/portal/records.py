"""Reads one record of the portal's calendar: an appointment, a block, or a roster entry."""

from __future__ import annotations

from datetime import date, datetime

from engine.appointment import BLOCK, Appointment
from engine.clinic import Clinic
from engine.portal.drift import BadRecord, WhyLeftOut, drift
from engine.portal.entities import names_in_title, unescape
from engine.portal.fields import (
    Record,
    class_names,
    flag,
    reference,
    text,
    text_or_none,
)
from engine.portal.phones import e164
from engine.portal.statuses import DEFAULT_STATUS, normalise, normalise_class_names
from engine.portal.times import read_span, read_time, utc
from engine.snapshot import LeftOutRecord

#: Maximum characters of an id. The portal's have about ten; PostgreSQL cannot index more than 2.7 KB.
MAX_ID = 500


def read_record(record: Record, clinic: Clinic) -> Appointment | None:
    """The appointment or block of a record; None for a roster entry.

    Raises `BadRecord` if this record cannot be used, and `PortalFailure` if a field has an unknown form.
    """
    if flag(record, "roster"):
        return None
    is_block = flag(record, "block")
    identity = text(record, "id")
    if identity is None:
        raise BadRecord(WhyLeftOut.NO_ID, "a record has no id")
    if len(identity) > MAX_ID:
        raise drift(f"the id of a record has {len(identity)} characters, more than {MAX_ID}")
    starts, ends = _span(record, clinic)
    patient, client = (text(record, "patient"), _client(record)) if is_block else _names(record)
    phone = text(record, "phone")
    return Appointment(
        neo_appointment_id=identity,
        date=starts.date(),
        start_time=starts.time(),
        end_time=ends.time(),
        starts_at=utc(starts),
        ends_at=utc(ends),
        patient_name=patient,
        client_name=client,
        client_phone=e164(phone, clinic.country),
        client_phone_raw=phone,
        provider_name=text(record, "provider"),
        room_id=text(record, "room"),
        appointment_type=BLOCK if is_block else text(record, "type"),
        status=_status(record)[0],
        notes=text(record, "notes") or (_title_of_block(record) if is_block else None),
        client_email=text(record, "email"),
        neo_client_id=reference(record, "client_id"),
        neo_patient_id=reference(record, "patient_id"),
        neo_consultation_id=reference(record, "consultation"),
    )


def left_out(record: Record, clinic: Clinic, why: WhyLeftOut) -> LeftOutRecord:
    """The readable parts of a record that cannot be used."""
    identity = text_or_none(record, "id")
    return LeftOutRecord(
        why=why,
        neo_appointment_id=identity if identity is None or len(identity) <= MAX_ID else None,
        patient_name=text_or_none(record, "patient"),
        client_phone=e164(text_or_none(record, "phone"), clinic.country),
    )


def day_of(record: Record, clinic: Clinic) -> date | None:
    """The clinic-local day on which a record that cannot be used starts; None if that cannot be read."""
    start = text_or_none(record, "start")
    try:
        return None if start is None else read_time(start, clinic.zone).date()
    except (ValueError, OverflowError):
        return None


def unknown_status(record: Record) -> str | None:
    """The portal's word for the status if no table contains it."""
    status, is_known = _status(record)
    return None if is_known else status


def _span(record: Record, clinic: Clinic) -> tuple[datetime, datetime]:
    start, end = text(record, "start"), text(record, "end")
    if start is None or end is None:
        raise BadRecord(WhyLeftOut.NO_TIME, "a record has no start or no end")
    try:
        return read_span(start, end, clinic.zone)
    except (ValueError, OverflowError) as error:
        why = WhyLeftOut.ENDS_BEFORE_START if str(error) == "ends before it starts" else WhyLeftOut.UNREADABLE_TIME
        raise BadRecord(why, f"start and end of a record cannot be parsed: {_why(error)}") from error


def _why(error: Exception) -> str:
    """A message in our own words: Python's messages quote the value."""
    known = ("ends before it starts", "not a date and time in the portal's format")
    return next((word for word in known if word == str(error)), "no such date or time")


def _status(record: Record) -> tuple[str, bool]:
    """The normalized status and True, or the portal's own word and False."""
    if word := text(record, "status"):
        status = normalise(word)
        return status or word, status is not None
    if names := class_names(record):
        status = normalise_class_names(names)
        return status or names, status is not None
    return DEFAULT_STATUS, True


def _names(record: Record) -> tuple[str | None, str | None]:
    """Patient and client; from the title only if no field has them, so that a title cannot damage a record."""
    patient, client = text(record, "patient"), _client(record)
    if patient and client:
        return patient, client
    title_patient, title_client = names_in_title(text(record, "title"))
    return patient or title_patient, client or title_client


def _client(record: Record) -> str | None:
    parts = (text(record, "first_name"), text(record, "last_name"))
    return text(record, "client") or " ".join(part for part in parts if part) or None


def _title_of_block(record: Record) -> str | None:
    """A block's reason, which only its title contains."""
    title = text(record, "title")
    return unescape(title) if title else None
