"""All spellings of a record give the same appointment; what is not understood is drift, told by names."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest

from engine.failure import PortalFailure, Reason
from engine.portal.records import read_record, unknown_status
from tests.portal.shapes import BERLIN, CAMEL, DENVER, SNAKE


def without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in names}


def failure(record: dict[str, Any]):
    with pytest.raises(PortalFailure) as caught:
        read_record(record, DENVER)
    return caught.value.failure


def test_both_spellings_are_the_same_appointment():
    camel, snake = read_record(CAMEL, DENVER), read_record(SNAKE, DENVER)
    assert camel is not None
    assert camel.neo_appointment_id == "7001"
    assert camel.starts_at == datetime(2026, 1, 22, 23, 15, tzinfo=UTC)
    assert (camel.start_time, camel.end_time) == (time(16, 15), time(16, 45))
    assert camel.client_phone == "+13035550142"
    assert camel.status == "confirmed"
    assert snake is not None
    assert snake.client_phone_raw == "303.555.0142"
    assert camel.to_json() | {"client_phone_raw": ""} == snake.to_json() | {"client_phone_raw": ""}


@pytest.mark.parametrize("name", ["patientName", "clientName", "clientPhone", "providerName", "appointmentType"])
def test_any_mixture_of_the_spellings_is_read(name: str):
    mixture = SNAKE | {name: CAMEL[name]}
    assert read_record(mixture, DENVER) is not None
    assert read_record(without(mixture, "notes") | {"reason": "limps"}, DENVER).notes == "limps"


def test_where_both_ids_are_there_the_appointment_id_counts():
    assert read_record(CAMEL | {"appointment_id": 12, "id": 99}, DENVER).neo_appointment_id == "12"
    assert read_record(CAMEL | {"appointment_id": None, "id": 99}, DENVER).neo_appointment_id == "99"


def test_an_id_that_no_index_could_hold_is_told_by_its_length():
    found = failure(CAMEL | {"id": "7" * 501})
    assert (found.reason, found.message) == (
        Reason.PORTAL_CHANGED,
        "the id of a record has 501 characters, more than 500",
    )


def test_names_come_from_the_title_where_nothing_else_has_them():
    record = without(SNAKE, "patient_name", "first_name", "last_name") | {"title": "MÖHRE 🐾; O'HARA, ZOË"}
    appointment = read_record(record, DENVER)
    assert (appointment.patient_name, appointment.client_name) == ("MÖHRE 🐾", "ZOË O'HARA")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Scheduled", "scheduled"),
        ("Confirmed", "confirmed"),
        ("Arrived", "in_progress"),
        ("In Progress", "in_progress"),
        ("Ready to Pay", "in_progress"),
        ("Finalized", "completed"),
        ("Completed", "completed"),
        ("No Show", "no_show"),
        ("Cancelled", "cancelled"),
        ("NO_SHOW", "no_show"),
    ],
)
@pytest.mark.parametrize("name", ["status", "current_status", "status_label"])
def test_a_known_status_is_stored_in_our_word(word: str, status: str, name: str):
    record = without(CAMEL, "status") | {name: word}
    assert read_record(record, DENVER).status == status
    assert unknown_status(record) is None


def test_the_class_name_tells_the_status_last_of_all():
    record = without(CAMEL, "status") | {"className": ["event", "status-ready-to-pay"]}
    assert read_record(record, DENVER).status == "in_progress"
    assert read_record(record | {"status_label": "Cancelled"}, DENVER).status == "cancelled"


def test_an_unknown_status_is_kept_as_it_came():
    record = CAMEL | {"status": "On Hold – Lab"}
    assert read_record(record, DENVER).status == "On Hold – Lab"
    assert unknown_status(record) == "On Hold – Lab"


def test_a_block_is_kept_and_a_roster_entry_is_left_out():
    block = {"id": 1, "start": CAMEL["start"], "end": CAMEL["end"], "title": "Lunch; all", "is_block": True}
    kept = read_record(block, DENVER)
    assert kept.is_block
    assert kept.patient_name is None
    assert read_record({"is_roster": True, "start": "whenever"}, DENVER) is None


@pytest.mark.parametrize(
    ("raw", "clinic", "expected"),
    [
        ("720-555-0101", DENVER, "+17205550101"),
        ("1 (720) 555-0101", DENVER, "+17205550101"),
        ("+49 30 23125 001", DENVER, "+493023125001"),
        ("030/23125001", BERLIN, "+493023125001"),
        (7205550101, DENVER, "+17205550101"),
        ("see notes", DENVER, None),
        ("  ", DENVER, None),
        (None, DENVER, None),
    ],
)
def test_phones_are_read_in_the_clinics_country_and_the_raw_text_is_kept(raw, clinic, expected):
    appointment = read_record(CAMEL | {"clientPhone": raw}, clinic)
    assert appointment.client_phone == expected
    assert appointment.client_phone_raw == (str(raw).strip() or None if raw is not None else None)


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": ""},
        {"id": True},
        {"id": 1.5},
        {"start": None},
        {"start": "tomorrow"},
        {"start": "2026-13-01 10:00:00"},
        {"start": "2026-W04-4T10:00"},
        {"end": "2026-01-22T16:00:00"},
        {"start": "0001-01-01T00:00:00+14:00"},
        {"patientName": ["Biscuit"]},
        {"patientName": "Bis\0cuit"},
        {"patientName": "\ud800"},
        {"status": {"name": "Confirmed"}},
        {"is_block": "maybe"},
        {"is_roster": []},
    ],
)
def test_a_record_that_is_not_understood_is_drift_and_its_values_are_not_told(change: dict[str, Any]):
    found = failure(CAMEL | change)
    assert found.reason is Reason.PORTAL_CHANGED
    assert "Biscuit" not in found.message
    assert "Nowak" not in found.message


def test_a_renamed_field_is_drift_and_its_new_name_is_told():
    assert "startsAt" in failure(without(CAMEL, "start") | {"startsAt": CAMEL["start"]}).message
    assert "petName" in failure(without(CAMEL, "patientName", "title") | {"petName": "Biscuit"}).message
    assert "uuid" in failure(without(CAMEL, "id") | {"uuid": "x"}).message


def test_a_new_field_is_drift_when_it_says_something_unless_somebody_found_that_it_does_not_matter():
    assert "weightKg" in failure(CAMEL | {"weightKg": 12}).message
    assert "is_waitlist" in failure(CAMEL | {"is_waitlist": True}).message
    assert read_record(CAMEL | {"weightKg": 12}, DENVER, {"weightKg"}) == read_record(CAMEL, DENVER)
    assert read_record(CAMEL | {"weightKg": None, "is_waitlist": False}, DENVER) == read_record(CAMEL, DENVER)


def test_a_name_that_may_be_somebodys_data_is_not_told():
    message = failure(without(CAMEL, "start") | {"Nowak, Ada": 1}).message
    assert "Nowak" not in message
