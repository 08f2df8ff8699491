"""Decides which missing appointments a left-out record protects: it may be one of them, moved."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from engine.removals import MissingAppointment
from engine.snapshot import LeftOutRecord

#: Trailing digits of a telephone number that are compared: without the country code, which only one of the two may
#: have.
PHONE_DIGITS = 7


@dataclass(frozen=True, slots=True)
class LeftOutSighting:
    """A record that a sync left out on `date`. `is_repeated`: the sync before left out the same one there."""

    date: date
    record: LeftOutRecord
    is_repeated: bool = False


def protected_ids(sightings: Iterable[LeftOutSighting], missing: Sequence[MissingAppointment]) -> Collection[UUID]:
    """The ids of the missing appointments that one of the records may be."""
    return {each.id for sighting in sightings for each in _protected(sighting, missing)}


def _protected(sighting: LeftOutSighting, missing: Sequence[MissingAppointment]) -> Iterable[MissingAppointment]:
    """The missing appointments that the record may be.

    A record with an id may be that appointment only. A record without one may be any with the same patient or
    telephone number, or else any at all. A record that the sync before left out as well has not moved, and
    protects its own date only.
    """
    key = sighting.record.neo_appointment_id
    if key is not None:
        return [each for each in missing if each.neo_appointment_id.partition("@")[0] == key.partition("@")[0]]
    if sighting.is_repeated:
        return [each for each in missing if each.date == sighting.date]
    return [each for each in missing if _same_patient_or_phone(sighting.record, each)] or missing


def _same_patient_or_phone(record: LeftOutRecord, appointment: MissingAppointment) -> bool:
    patient = _folded(record.patient_name)
    if patient and patient == _folded(appointment.patient_name):
        return True
    digits = _digits(record.client_phone)
    return bool(digits) and digits in (_digits(appointment.client_phone), _digits(appointment.client_phone_raw))


def _folded(name: str | None) -> str:
    return " ".join((name or "").casefold().split())


def _digits(phone: str | None) -> str:
    return "".join(character for character in phone or "" if character.isdigit())[-PHONE_DIGITS:]
