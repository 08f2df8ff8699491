"""One appointment by its id: what the portal's answer proves, and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.extra_calls import ExtraCalls
from engine.failure import Failure, Reason
from engine.lookups import Lookup, LookupOutcome, Lookups
from engine.portal.appointment_calls import read_appointment
from engine.portal.response import PortalResponse
from tests.portal.conftest import TODAY, Stage
from tests.sandbox.answers import lookup_answer

pytestmark = pytest.mark.anyio

ZONE = ZoneInfo("America/Denver")
NOW = datetime(2026, 1, 22, 12, tzinfo=UTC)
WEEK_END = TODAY + timedelta(days=6)
UNKNOWN, LIVE, GONE = LookupOutcome.UNKNOWN, LookupOutcome.LIVE, LookupOutcome.GONE
FORM = "the answer has an unknown form"


def read(code: int = 200, **fields: Any) -> Lookup:
    answer = PortalResponse("", code, {"content-type": "application/json"}, lookup_answer(**fields))
    return read_appointment(answer, NOW, "77", ZONE)


@pytest.mark.parametrize(
    ("fields", "outcome", "reason"),
    [
        ({}, LIVE, None),
        ({"id": 77}, LIVE, None),
        ({"deleted": True}, GONE, "deleted"),
        ({"status": "Cancelled"}, GONE, "cancelled"),
        ({"cancelledReason": " moved away "}, GONE, "cancelled: moved away"),
        ({"status": "no show"}, LIVE, None),
        ({"id": "78"}, UNKNOWN, f"{FORM}: its id is not the one that was asked for"),
        ({"deleted": "no"}, UNKNOWN, f"{FORM}: `deleted` is not true or false"),
        ({"deleted": None}, UNKNOWN, f"{FORM}: `deleted` is not true or false"),
        ({"startAtLocal": "soon"}, UNKNOWN, f"{FORM}: `startAtLocal` and `endAtLocal` are not times"),
        ({"endAtLocal": None}, UNKNOWN, f"{FORM}: `startAtLocal` and `endAtLocal` are not times"),
    ],
    ids=str,
)
def test_only_the_known_form_proves_something(
    fields: dict[str, Any], outcome: LookupOutcome, reason: str | None
) -> None:
    found = read(**fields)
    assert (found.outcome, found.reason) == (outcome, reason)


def test_times_are_clinic_local() -> None:
    assert read().starts_at == datetime(2026, 1, 28, 15, 15, tzinfo=ZONE)


def test_not_found_is_no_proof() -> None:
    assert read(404).outcome is UNKNOWN


async def look_up(stage: Stage, *changes: dict[str, Any], known: bool = True) -> Lookups:
    ids = [change["neo_appointment_id"] for change in changes]
    there = await stage.sandbox.truth(stage.account.company_id, TODAY, TODAY)
    shown = next(one["neo_appointment_id"] for one in there if one["neo_appointment_id"] not in ids)
    return await stage.portal.look_up(stage.clinic, stage.credentials, ids, known=shown if known else None)


async def test_the_portal_is_asked_what_became_of_appointments(stage: Stage) -> None:
    company, end = stage.account.company_id, WEEK_END
    [deleted] = await stage.sandbox.change(company, delete=1, start=TODAY, end=end, seed=1)
    [cancelled] = await stage.sandbox.change(company, cancel=1, start=TODAY, end=end, seed=2)
    [moved] = await stage.sandbox.change(company, move=1, start=TODAY, end=end, seed=3)
    looked_up = await look_up(stage, deleted, cancelled, moved)
    found = looked_up.found
    assert (looked_up.calls, looked_up.lacks_call) == (3, False)
    assert found[deleted["neo_appointment_id"]] == Lookup(GONE, "deleted")
    assert str(found[cancelled["neo_appointment_id"]].reason).startswith("cancelled: ")
    starts = found[moved["neo_appointment_id"]].starts_at
    assert starts is not None
    assert starts.astimezone(UTC).isoformat() == moved["after"]["starts_at"]


@pytest.mark.parametrize("form", ["absent", "page"])
async def test_a_portal_without_the_call_is_noticed_in_two_calls(stage: Stage, form: str) -> None:
    changes = await stage.sandbox.change(stage.account.company_id, delete=3, start=TODAY, end=WEEK_END)
    await stage.sandbox.fault_settings(lookup_call=form)
    looked_up = await look_up(stage, *changes)
    assert (looked_up.lacks_call, looked_up.calls) == (True, 2)


async def test_a_portal_that_forgets_what_was_deleted_has_the_call(stage: Stage) -> None:
    changes = await stage.sandbox.change(stage.account.company_id, delete=3, start=TODAY, end=WEEK_END)
    await stage.sandbox.fault_settings(lookup_of_deleted="404")
    looked_up = await look_up(stage, *changes)
    assert not looked_up.lacks_call
    assert {each.outcome for each in looked_up.found.values()} == {UNKNOWN}


async def test_a_failure_proves_nothing_and_one_that_concerns_all_ends_the_calls(stage: Stage) -> None:
    changes = await stage.sandbox.change(stage.account.company_id, delete=4, start=TODAY, end=WEEK_END)
    await stage.sandbox.fault_settings(fail=[{"on": ["lookup"], "mode": "status", "status": 500, "count": 1}])
    outcomes = [each.outcome for each in (await look_up(stage, *changes)).found.values()]
    assert sorted(outcomes) == [GONE, GONE, GONE, UNKNOWN]
    await stage.sandbox.fault_settings(fail=[{"on": ["lookup"], "mode": "status", "status": 429}])
    looked_up = await look_up(stage, *changes)
    assert looked_up.calls == 1
    assert {each.outcome for each in looked_up.found.values()} == {UNKNOWN}


async def test_a_scrape_makes_no_more_extra_calls_than_its_sync_may(stage: Stage) -> None:
    await stage.sandbox.fault_settings(max_span_days=1)
    extra_calls = ExtraCalls(4, made_before=1)
    found = await stage.scrape(TODAY, WEEK_END, extra_calls=extra_calls)
    assert (extra_calls.used, extra_calls.left) == (3, 0)
    # A failed call cancels those beside it, which may not have been sent yet.
    assert 1 < len(await stage.calls("calendar")) <= 1 + 3
    failed = [each for each in found if isinstance(each, Failure)]
    assert Reason.BAD_ANSWER in {each.reason for each in failed}
    assert "SYNC_EXTRA_CALLS" in " ".join(each.message for each in failed)
