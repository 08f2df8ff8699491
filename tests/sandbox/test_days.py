"""The invented calendars: plausible, and the same every time."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import phonenumbers
import pytest

from ops.sandbox.clinics import Clinic, catalogue
from ops.sandbox.days import records_of
from ops.sandbox.phones import phone_of
from ops.sandbox.records import Record

TODAY = date(2026, 3, 4)
DAYS = [TODAY + timedelta(days=offset) for offset in range(-30, 31)]
every_clinic = pytest.mark.parametrize("clinic", catalogue(5), ids=lambda clinic: clinic.slug)


def drawn(clinic: Clinic, day: date, seed: int = 1) -> list[Record]:
    return records_of(clinic, day, seed=seed, today=TODAY)


def appointments(clinic: Clinic, day: date) -> list[Record]:
    return [record for record in drawn(clinic, day) if record.kind == "appointment"]


@every_clinic
def test_equal_seeds_draw_equal_days_and_others_do_not(clinic: Clinic) -> None:
    assert drawn(clinic, TODAY) == drawn(clinic, TODAY)
    assert drawn(clinic, TODAY) != drawn(clinic, TODAY, seed=2)


@every_clinic
def test_an_open_day_has_15_to_60_appointments_and_a_closed_one_hardly_any(clinic: Clinic) -> None:
    for day in DAYS:
        count = len(appointments(clinic, day))
        assert 15 <= count <= 60 if clinic.is_open(day) else count <= 2, day


@every_clinic
def test_statuses_fit_the_day(clinic: Clinic) -> None:
    past = {record.status for day in DAYS if day < TODAY for record in appointments(clinic, day)}
    future = {record.status for day in DAYS if day > TODAY for record in appointments(clinic, day)}
    assert past == {"Completed", "Finalized", "No Show", "Cancelled"}
    assert future == {"Scheduled", "Confirmed", "Cancelled"}


@every_clinic
def test_there_are_blocks_rosters_and_names_beyond_ascii(clinic: Clinic) -> None:
    records = [record for day in DAYS for record in drawn(clinic, day)]
    assert {record.kind for record in records} == {"appointment", "block", "roster"}
    assert any(not record.client.last_name.isascii() for record in records if record.client)
    assert any(record.phone is None for record in records if record.kind == "appointment")
    assert any(record.phone and record.phone.e164 is None for record in records)


@every_clinic
def test_phones_mean_what_they_are_said_to_mean(clinic: Clinic) -> None:
    for number in range(500):
        phone = phone_of(clinic.country, Random(number))
        parsed = phonenumbers.parse(phone.written, clinic.country)
        assert phonenumbers.is_valid_number(parsed), phone
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == phone.e164
