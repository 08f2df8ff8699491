"""Whatever the portal answers: never a wrong "complete", never an exception without a reason from the list."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.dates import DateRange
from engine.failure import PortalFailure
from engine.portal.calendar import read_calendar
from engine.portal.envelope import WRAPPERS
from engine.portal.fields import KNOWN_NAMES
from engine.portal.response import PortalResponse
from engine.portal.schedule_config import ConfigSource, read_config
from engine.snapshot import Snapshot
from tests.portal.shapes import CAMEL, DAY, DENVER, NOW, SNAKE, answer

SPAN = DateRange(DAY, DAY + timedelta(days=2))
#: Drawn often: what decides where a record belongs, or what it is.
DECISIVE = st.sampled_from(["id", "appointment_id", "start", "end", "is_block", "is_roster", "status"])
MIDNIGHT = datetime.combine(DAY, datetime.min.time())
TIMES = st.integers(-3000, 9000).map(lambda n: str(MIDNIGHT + timedelta(minutes=n))) | st.sampled_from(
    [None, "2026"]
)
KEYS = st.sampled_from(sorted(KNOWN_NAMES)) | st.text(max_size=6)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        [CAMEL["start"], CAMEL["end"], "Confirmed", "2026-01-23 24:00:00", "2026-01-21 16:15:00", "\ud800", "true"]
    )
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=";,"), min_size=1, max_size=15)
fuzz = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def attempt(given_answer: PortalResponse) -> dict[date, Snapshot] | None:
    """The snapshots, or None for a failure with a reason; anything else is an error of the test."""
    try:
        return dict(read_calendar(given_answer, DENVER, SPAN, NOW))
    except PortalFailure:
        return None


def check_consistent(snapshots: dict[date, Snapshot]) -> None:
    assert list(snapshots) == list(SPAN)
    proofs = [snapshot.proof for snapshot in snapshots.values()]
    kept = sum(len(snapshot.appointments) for snapshot in snapshots.values())
    merged = sum(proof.left_out.get("duplicate", 0) for proof in proofs)
    never = proofs[0].left_out.get("roster", 0) + proofs[0].left_out.get("unusable", 0)
    assert proofs[0].records_read == kept + merged + never
    assert bool(proofs[0].left_out.get("unusable")) == any(snapshot.left_out for snapshot in snapshots.values())
    for day, snapshot in snapshots.items():
        found = snapshot.appointments
        assert all(a.date == day and a.neo_appointment_id and a.starts_at <= a.ends_at for a in found)
        assert len({a.neo_appointment_id for a in found}) == len(found)
        assert snapshot.proof.records_read == len(found) + sum(snapshot.proof.left_out.values())
        json.dumps([a.to_json() for a in found], ensure_ascii=False).encode()


@st.composite
def records(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A record in any mixture of spellings, and what is true of it."""
    truth = {
        "neo_appointment_id": str(draw(st.integers(1, 10**9))),
        "starts": datetime.combine(draw(st.sampled_from(list(SPAN))), datetime.min.time())
        + timedelta(minutes=draw(st.integers(0, 1439))),
        "minutes": draw(st.integers(0, 600)),
        "patient_name": draw(names).strip() or None,
        "client": (draw(names).strip() or "A", draw(names).strip() or "B"),
    }
    pick = st.booleans()
    number: Any = int(truth["neo_appointment_id"]) if draw(pick) else truth["neo_appointment_id"]
    ends = truth["starts"] + timedelta(minutes=truth["minutes"])
    separator = "T" if draw(pick) else " "
    record: dict[str, Any] = {"start": truth["starts"].isoformat(separator), "end": ends.isoformat(separator)}
    record |= {"id": number} if draw(pick) else {"appointment_id": number, "id": "calendar-event"}
    record["patientName" if draw(pick) else "patient_name"] = truth["patient_name"]
    first, last = truth["client"]
    record |= {"clientName": f"{first} {last}"} if draw(pick) else {"first_name": first, "last_name": last}
    record["status" if draw(pick) else "current_status"] = "No Show"
    return record, truth


@fuzz
@given(
    st.lists(records(), max_size=8, unique_by=lambda pair: pair[1]["neo_appointment_id"]),
    st.sampled_from(WRAPPERS),
)
def test_every_mixture_of_spellings_is_read_as_what_is_true(pairs: list[Any], wrapper: str):
    snapshots = attempt(answer({wrapper: [record for record, _ in pairs]}))
    assert snapshots is not None
    check_consistent(snapshots)
    read = {a.neo_appointment_id: a for snapshot in snapshots.values() for a in snapshot.appointments}
    assert len(read) == len(pairs)
    for _, truth in pairs:
        appointment = read[truth["neo_appointment_id"]]
        local = truth["starts"].replace(tzinfo=DENVER.zone)
        assert appointment.starts_at == local.astimezone(UTC)
        assert (appointment.date, appointment.start_time) == (local.date(), local.time())
        assert appointment.patient_name == truth["patient_name"]
        assert appointment.client_name == " ".join(truth["client"])
        assert appointment.status == "no_show"


@fuzz
@given(st.data(), st.sampled_from([CAMEL, SNAKE]), DECISIVE | KEYS, TIMES | values)
def test_one_spoilt_value_never_changes_another_record(
    data: st.DataObject, shape: dict[str, Any], key: str, value: Any
):
    spoilt = shape | {key: value}
    others = [CAMEL | {"id": 1}, SNAKE | {"appointment_id": 2}]
    whole = attempt(answer(others))
    snapshots = attempt(answer([*others, spoilt] if data.draw(st.booleans()) else {"events": [spoilt, *others]}))
    if snapshots is None:
        return
    check_consistent(snapshots)
    assert whole is not None
    untouched = {a.neo_appointment_id: a for a in whole[DAY].appointments}
    assert untouched.items() <= {a.neo_appointment_id: a for a in snapshots[DAY].appointments}.items()


@fuzz
@given(st.data())
def test_a_body_that_was_cut_is_never_complete(data: st.DataObject):
    body = answer({"events": [CAMEL, SNAKE | {"appointment_id": 2}]}).body
    cut = data.draw(st.integers(0, len(body) - 1))
    assert attempt(answer(body[:cut])) is None


@fuzz
@given(st.data())
def test_a_body_with_a_changed_byte_is_complete_only_if_it_is_consistent(data: st.DataObject):
    body = bytearray(answer([CAMEL, SNAKE | {"appointment_id": 2}]).body)
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    if snapshots := attempt(answer(bytes(body))):
        check_consistent(snapshots)


@fuzz
@given(values | st.dictionaries(st.sampled_from(WRAPPERS) | st.text(max_size=5), st.lists(values, max_size=3)))
def test_any_json_is_complete_and_consistent_or_fails_with_a_reason(value: Any):
    if snapshots := attempt(answer(value)):
        check_consistent(snapshots)


@fuzz
@given(
    st.binary(max_size=200),
    st.integers(100, 599),
    st.dictionaries(st.sampled_from(["content-type", "retry-after", "location"]), st.text(max_size=20)),
)
def test_any_bytes_with_any_headers_fail_with_a_reason(body: bytes, status: int, headers: dict[str, str]):
    assume(body not in (b"[]", b""))
    if snapshots := attempt(PortalResponse("https://portal.test/", status, headers, body)):
        check_consistent(snapshots)


entries = st.dictionaries(
    st.sampled_from(["start", "end", "daysOfWeek", "id", "name", "duration", "position"]),
    values | st.sampled_from(["08:00", "24:00", "6 pm", 5, [1, 2]]),
)


@fuzz
@given(
    st.dictionaries(
        st.sampled_from(["businessHours", "slotDuration", "rooms", "appointmentTypes", "providers"]),
        values | entries | st.lists(entries, max_size=3),
    )
)
def test_any_schedule_configuration_makes_sense_or_its_parts_are_named(value: dict[str, Any]):
    try:
        reading = read_config(answer(value), NOW, ConfigSource.VIEW)
    except PortalFailure:
        return
    config, problems = reading.config, {problem.field for problem in reading.problems}
    parts = {"businessHours": config.hours, "slotInterval": config.slot_minutes, "appointmentRooms": config.rooms}
    assert {name for name, part in parts.items() if not part} <= problems
    assert all(0 <= one.opens < one.closes <= one.opens + 1440 for one in config.hours or ())
    assert 1 <= (config.slot_minutes or 1) <= 1440


@pytest.mark.parametrize("name", ["id", "start", "end"])
def test_a_record_without_what_identifies_it_is_never_left_out_in_silence(name: str):
    snapshots = attempt(answer([{key: value for key, value in CAMEL.items() if key != name}]))
    assert snapshots is not None
    assert snapshots[DAY].appointments == ()
    assert len(snapshots[DAY].left_out) == 1
    assert [warning.code for warning in snapshots[DAY].warnings] == ["records_left_out"]
