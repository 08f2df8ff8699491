"""One record of the portal's calendar, read: an appointment, a block, or a roster entry that is left out."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from engine.appointment import BLOCK, Appointment
from engine.clinic import Clinic
from engine.portal.drift import drift
from engine.portal.fields import (
    Record,
    check_understood,
    class_names,
    flag,
    text,
    unknown_names,
)
from engine.portal.phones import e164
from engine.portal.statuses import DEFAULT_STATUS, normalise, normalise_class_names
from engine.portal.times import read_span, utc

#: Characters of an id. The portal's have about ten; beyond 2.7 KB no index of PostgreSQL takes one.
MAX_ID = 500


def read_record(record: Record, clinic: Clinic, ignored: Container[str] = ()) -> Appointment | None:
    """None for a roster entry, which is no appointment. Raises `PortalFailure` for what is not understood.

    `ignored`: names of fields that somebody has looked at and that do not matter.
    """
    if flag(record, "roster"):
        return None
    is_block = flag(record, "block")
    identity = text(record, "id")
    if identity is None:
        raise drift("a record has no id", unknown_names(record))
    if len(identity) > MAX_ID:
        raise drift(f"the id of a record has {len(identity)} characters, more than {MAX_ID}")
    starts, ends = _span(record, clinic)
    check_understood(record, ignored)
    title_patient, title_client = (None, None) if is_block else _names_in_title(text(record, "title"))
    phone = text(record, "phone")
    return Appointment(
        neo_appointment_id=identity,
        date=starts.date(),
        start_time=starts.time(),
        end_time=ends.time(),
        starts_at=utc(starts),
        ends_at=utc(ends),
        patient_name=text(record, "patient") or title_patient,
        client_name=text(record, "client") or _full_name(record) or title_client,
        client_phone=e164(phone, clinic.country),
        client_phone_raw=phone,
        provider_name=text(record, "provider"),
        room_id=text(record, "room"),
        appointment_type=BLOCK if is_block else text(record, "type"),
        status=_status(record)[0],
        notes=text(record, "notes"),
    )


def unknown_status(record: Record) -> str | None:
    """The portal's word for the status, where no table knows it."""
    status, is_known = _status(record)
    return None if is_known else status


def _span(record: Record, clinic: Clinic) -> tuple[datetime, datetime]:
    start, end = text(record, "start"), text(record, "end")
    if start is None or end is None:
        raise drift("a record has no start or no end", unknown_names(record))
    try:
        return read_span(start, end, clinic.zone)
    except (ValueError, OverflowError) as error:
        raise drift(f"start and end of a record are not understood: {_why(error)}") from error


def _why(error: Exception) -> str:
    """Only our own words: Python's messages quote the value."""
    known = ("ends before it starts", "not a time of the portal")
    return next((word for word in known if word == str(error)), "no such date or time")


def _status(record: Record) -> tuple[str, bool]:
    """Our word and True, or the portal's own word and False."""
    if word := text(record, "status"):
        status = normalise(word)
        return status or word, status is not None
    if names := class_names(record):
        status = normalise_class_names(names)
        return status or names, status is not None
    return DEFAULT_STATUS, True


def _full_name(record: Record) -> str | None:
    parts = (text(record, "first_name"), text(record, "last_name"))
    return " ".join(part for part in parts if part) or None


def _names_in_title(title: str | None) -> tuple[str | None, str | None]:
    """Patient and client from `PATIENT; CLIENT-LAST, CLIENT-FIRST`; the client only where it is all there."""
    if title is None or ";" not in title:
        return None, None
    patient, _, client = (part.strip() for part in title.partition(";"))
    last, _, first = (part.strip() for part in client.partition(","))
    return patient or None, f"{first} {last}".strip() or None
