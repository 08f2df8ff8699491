"""All spellings of a record give the same appointment; an unreadable one is drift, with the names of its fields."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest

from engine.failure import PortalFailure, Reason
from engine.portal.drift import BadRecord, WhyLeftOut
from engine.portal.phones import e164
from engine.portal.records import day_of, left_out, read_record, unknown_status
from tests.portal.shapes import BERLIN, CAMEL, DAY, DENVER, NEO_2026, SNAKE


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
    own = {"client_phone_raw": "", "neo_client_id": "5", "neo_patient_id": "4"}
    assert camel.to_json() | own == snake.to_json() | own


@pytest.mark.parametrize("name", ["patientName", "clientName", "clientPhone", "providerName", "appointmentType"])
def test_any_mixture_of_the_spellings_is_read(name: str):
    mixture = SNAKE | {name: CAMEL[name]}
    assert read_record(mixture, DENVER) is not None
    assert read_record(without(mixture, "notes") | {"reason": "limps"}, DENVER).notes == "limps"


def test_where_both_ids_are_there_the_appointment_id_counts():
    assert read_record(CAMEL | {"appointment_id": 12, "id": 99}, DENVER).neo_appointment_id == "12"
    assert read_record(CAMEL | {"appointment_id": None, "id": 99}, DENVER).neo_appointment_id == "99"


def test_an_id_that_is_too_long_for_an_index_is_reported_by_its_length():
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
        ("Not Arrived", "scheduled"),
        ("not arrived", "scheduled"),
        ("Checked In", "in_progress"),
        ("checked_in", "in_progress"),
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


def test_the_class_name_gives_the_status_last_of_all():
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
        {"id": True},
        {"id": 1.5},
        {"start": 12.5},
        {"patientName": ["Biscuit"]},
        {"email": {"home": "ada@nowak.example"}},
        {"status": {"name": "Confirmed"}},
        {"is_block": "maybe"},
        {"is_roster": []},
    ],
)
def test_a_known_field_in_another_form_is_drift_and_its_value_is_masked(change: dict[str, Any]):
    found = failure(CAMEL | change)
    assert found.reason is Reason.PORTAL_CHANGED
    assert "Biscuit" not in found.message
    assert "nowak" not in found.message.lower()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"id": None}, "no id"),
        ({"id": ""}, "no id"),
        ({"start": None}, "no start or no end"),
        ({"start": "tomorrow"}, "unreadable start or end"),
        ({"start": "2026-13-01 10:00:00"}, "unreadable start or end"),
        ({"start": "2026-W04-4T10:00"}, "unreadable start or end"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "unreadable start or end"),
        ({"end": "2026-01-22T16:00:00"}, "end before start"),
        ({"patientName": "Bis\0cuit"}, "characters that are not valid text"),
        ({"reason": "\ud800"}, "characters that are not valid text"),
    ],
)
def test_a_record_that_cannot_be_used_says_why_without_a_value(change: dict[str, Any], why: str):
    with pytest.raises(BadRecord) as caught:
        read_record(CAMEL | change, DENVER)
    assert caught.value.why == why
    assert "cuit" not in caught.value.sentence


def test_what_is_not_stored_spoils_no_record():
    poison = {"title": "\0; \ud800", "color": "\0", "tele": "\ud800"}
    assert read_record(CAMEL | poison, DENVER) == read_record(CAMEL, DENVER)


def test_what_is_understood_of_a_spoilt_record_is_kept_for_the_protection_of_others():
    spoilt = CAMEL | {"end": "2026-01-22T16:00:00", "reason": "\0"}
    kept = left_out(spoilt, DENVER, WhyLeftOut.ENDS_BEFORE_START)
    assert (kept.neo_appointment_id, kept.patient_name, kept.client_phone) == ("7001", "Biscuit", "+13035550142")
    assert "Biscuit" not in repr(kept)
    assert day_of(spoilt, DENVER) == DAY
    nothing = left_out({"id": ["7"], "patient_name": "\0"}, DENVER, WhyLeftOut.NO_ID)
    assert (nothing.neo_appointment_id, nothing.patient_name, nothing.client_phone) == (None, None, None)
    assert day_of({"start": "soon"}, DENVER) is None


def test_the_record_of_2026_is_read_with_its_references():
    found = read_record(NEO_2026, DENVER)
    assert (found.client_email, found.neo_client_id, found.neo_patient_id) == ("ada@nowak.example", "5", "4")
    assert found.neo_consultation_id == "881"
    assert (found.neo_appointment_id, found.room_id, found.status) == ("7001", "3", "in_progress")
    assert (found.patient_name, found.client_name, found.notes) == ("Biscuit", "Ada Nowak", "limps")
    later = read_record(NEO_2026 | {"consultation_id": None, "patient_id": 0, "provider": None}, DENVER)
    assert (later.neo_consultation_id, later.neo_patient_id, later.provider_name) == (None, None, None)
    assert "nowak" not in repr(found).lower()


def test_the_reason_of_a_block_is_its_title():
    block = {"id": 1, "start": CAMEL["start"], "end": CAMEL["end"], "is_block": True, "provider": None}
    assert (
        read_record(block | {"title": "Doctor away &amp; lunch; all"}, DENVER).notes == "Doctor away & lunch; all"
    )
    assert read_record(block | {"title": "Lunch", "reason": "Holiday"}, DENVER).notes == "Holiday"
    assert read_record(CAMEL | {"reason": None}, DENVER).notes is None


@pytest.mark.parametrize(
    ("title", "patient", "client"),
    [
        ("Max; D&#39;Amato, Jo", "Max", "Jo D'Amato"),
        ("O&#039;Malley; Smith &amp; Sons, Al", "O'Malley", "Al Smith & Sons"),
        ("Zo&euml;; M&uuml;ller, Al", "Zoë", "Al Müller"),
        ("D&amp;#39;Artagnan; Jones, Al", "D&#39;Artagnan", "Al Jones"),
        ("R&D; Smith &Co, Al", "R&D", "Al Smith &Co"),
        ("A &amp;amp; B; Jones, Al", "A &amp; B", "Al Jones"),
    ],
)
def test_a_title_is_cut_at_a_separator_and_never_within_an_entity(title: str, patient: str, client: str):
    found = read_record(without(CAMEL, "patientName", "clientName") | {"title": title}, DENVER)
    assert (found.patient_name, found.client_name) == (patient, client)


def test_entities_are_replaced_once_wherever_a_person_types():
    escaped = {
        "patientName": "Zo&euml;",
        "clientName": "Jo D&#39;Amato",
        "reason": "5 &lt; 6 &amp;amp; AT&T &notes",
    }
    found = read_record(CAMEL | escaped, DENVER)
    assert (found.patient_name, found.client_name, found.notes) == ("Zoë", "Jo D'Amato", "5 < 6 &amp; AT&T &notes")
    assert read_record(CAMEL | {"id": "&amp;1"}, DENVER).neo_appointment_id == "&amp;1"


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("555-0123", "US", None),
        ("555 0123", "CA", None),
        ("2312500", "DE", None),
        ("23125", "DE", None),
        ("9374 4000", "AU", None),
        ("7946 0123", "GB", None),
        ("020 7946 0123", "GB", "+442079460123"),
        ("+44 20 7946 0123", "DE", "+442079460123"),
        ("412 345 678", "AU", "+61412345678"),
        ("11 99999-9999", "BR", "+5511999999999"),
        ("32 12 34 56", "DK", "+4532123456"),
        ("(303) 555-0142 x12", "US", "+13035550142"),
    ],
)
def test_a_number_that_is_possible_only_locally_is_no_number(raw: str, country: str, expected: str | None):
    assert e164(raw, country) == expected
