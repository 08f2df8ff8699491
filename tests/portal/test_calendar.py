"""An answer is complete, with its proof, or it is a failure with a reason: nothing lies between."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from engine.dates import DateRange
from engine.failure import Failure, PortalFailure, Reason
from engine.portal.calendar import calendar_query, read_calendar
from tests.portal.shapes import CAMEL, DAY, DENVER, NOW, SNAKE, answer, only

WEEK = DateRange(DAY, DAY + timedelta(days=6))
TODAY = only(DAY)


def read(value: Any, dates: DateRange = TODAY, **headers: Any):
    return read_calendar(answer(value, **headers), DENVER, dates, NOW)


def failure(value: Any, dates: DateRange = TODAY, **headers: Any) -> Failure:
    with pytest.raises(PortalFailure) as caught:
        read(value, dates, **headers)
    return caught.value.failure


def test_the_range_asked_ends_before_the_day_after():
    assert calendar_query(WEEK) == {"start": "2026-01-22 00:00:00", "end": "2026-01-29 00:00:00"}


@pytest.mark.parametrize("wrapper", ["events", "data", "appointments", "results"])
def test_the_records_are_found_in_any_wrapper_and_the_proof_names_it(wrapper: str):
    snapshot = read({wrapper: [CAMEL]})[DAY]
    assert snapshot.proof.wrapper == wrapper
    assert snapshot == read({wrapper: [CAMEL], "success": True, "total": 1})[DAY]
    assert read([CAMEL])[DAY].proof.wrapper == "array"


def test_the_proof_accounts_for_every_record():
    roster, block = {"is_roster": True}, CAMEL | {"id": 2, "is_block": True}
    odd = CAMEL | {"id": 3, "status": "On hold"}
    snapshot = read([CAMEL, dict(CAMEL), SNAKE | {"appointment_id": 4}, roster, block, odd])[DAY]
    assert snapshot.proof.records_read == 6
    assert snapshot.proof.left_out == {"roster": 1, "duplicate": 1}
    assert snapshot.proof.unknown_statuses == {"On hold": 1}
    assert snapshot.scraped_at == NOW
    assert [a.neo_appointment_id for a in snapshot.appointments] == ["2", "3", "4", "7001"]


def test_an_empty_day_is_complete():
    assert read([])[DAY].appointments == ()


def test_a_span_gives_each_day_its_own_snapshot():
    next_day = CAMEL | {"id": 8, "start": "2026-01-23T08:00:00", "end": "2026-01-23T08:30:00"}
    snapshots = read([CAMEL, next_day, {"is_roster": True}], WEEK)
    assert list(snapshots) == list(WEEK)
    assert [a.neo_appointment_id for a in snapshots[date(2026, 1, 23)].appointments] == ["8"]
    proof = snapshots[DAY].proof
    assert proof.left_out == {"roster": 1, "other_date": 1}
    assert (proof.asked_from, proof.asked_to) == (WEEK.start, WEEK.end)


def test_a_record_that_ends_after_midnight_belongs_to_the_day_on_which_it_starts():
    late = CAMEL | {"start": "2026-01-22T23:30:00", "end": "2026-01-23T00:30:00"}
    assert len(read([late])[DAY].appointments) == 1


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"events": None},
        {"events": {}},
        {"data": {"events": []}},
        {"events": [], "data": []},
        {"items": []},
        {"events": [], "nextPage": 2},
        {"events": [CAMEL], "has_more": True},
        {"events": [CAMEL], "meta": {"page": {"current": 1}}},
        {"events": [CAMEL], "meta": [{"hasMore": True}]},
        {"success": True},
        "ok",
        None,
        12,
        [1],
        [None],
        [[CAMEL]],
        [CAMEL, CAMEL | {"status": "Cancelled"}],
    ],
)
def test_everything_else_is_drift(value: Any):
    assert failure(value).reason is Reason.PORTAL_CHANGED


def test_what_stands_beside_the_records_and_counts_no_pages_is_a_warning():
    snapshot = read(
        {"events": [CAMEL], "serverTime": "12:00", "meta": {"zone": "x"}, "recordCount": 1, "next": None}
    )[DAY]
    assert len(snapshot.appointments) == 1
    assert [(w.code, w.message, w.count) for w in snapshot.warnings] == [
        ("unknown_fields", "meta, recordCount, serverTime", 3)
    ]


@pytest.mark.parametrize(
    ("bad", "why", "identity", "days"),
    [
        (CAMEL | {"id": None}, "no id", None, [0]),
        (None, "no id", None, [0]),
        ("text", "no id", None, [0]),
        (CAMEL | {"id": 8, "start": None}, "no start or no end", "8", [0]),
        (CAMEL | {"id": 8, "start": "2026-02-30 10:00:00"}, "unreadable start or end", "8", [0]),
        (CAMEL | {"id": 8, "end": "2026-01-22T15:00:00"}, "end before start", "8", [0]),
        (CAMEL | {"id": 8, "start": "2026-01-21T16:15:00"}, "outside the requested days", "8", [0]),
        (CAMEL | {"id": 8, "reason": "\0"}, "characters that are not valid text", "8", [0]),
        (CAMEL | {"id": 8, "clientPhone": "\ud800"}, "characters that are not valid text", "8", [0]),
    ],
)
def test_one_bad_record_is_left_out_counted_and_named(bad: Any, why: str, identity: str | None, days: list[int]):
    snapshots = read([CAMEL, bad, SNAKE | {"appointment_id": 4}], WEEK)
    assert [a.neo_appointment_id for a in snapshots[DAY].appointments] == ["4", "7001"]
    left_out = {day: snapshot.left_out for day, snapshot in snapshots.items() if snapshot.left_out}
    assert list(left_out) == [list(WEEK)[n] for n in days]
    assert {(one.why, one.neo_appointment_id) for found in left_out.values() for one in found} == {(why, identity)}
    warnings = [warning for snapshot in snapshots.values() for warning in snapshot.warnings]
    assert [(w.code, w.message, w.count) for w in warnings] == [("records_left_out", why, 1)]
    assert snapshots[DAY].proof.left_out["unusable"] == 1


@pytest.mark.parametrize(
    "records",
    [
        [CAMEL | {"id": n, "start": None} for n in range(3)],
        [CAMEL | {"id": None, "uuid": "a"}],
        [CAMEL, *[CAMEL | {"id": n, "end": "2026-01-22T15:00:00"} for n in range(2)]],
        [without_start | {"startsAt": "2026-01-22T15:00:00"} for without_start in [CAMEL | {"start": None}] * 2],
    ],
)
def test_where_most_records_are_bad_the_portal_has_changed(records: list[Any]):
    assert failure(records).reason is Reason.PORTAL_CHANGED


def test_a_single_bad_record_costs_no_day_even_where_it_is_the_only_one():
    snapshot = read([CAMEL | {"end": "2026-01-22T15:00:00"}])[DAY]
    assert (snapshot.appointments, len(snapshot.left_out)) == ((), 1)


def test_the_unknown_names_are_named():
    assert "nextPage" in failure({"events": [], "nextPage": 2}).message
    assert "calendarItems" in failure({"calendarItems": []}).message


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[",
        b'{"events": [], "events": [1]}',
        b"[NaN]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"id": ' + b"9" * 5000 + b"}",
        {"events": [CAMEL], "total": 40},
        {"events": [CAMEL], "total_records": 40},
        {"events": [], "success": False},
        {"success": False, "message": "try again"},
        {"error": "try again"},
        {"data": None, "success": False},
        {"events": [], "message": "something went wrong"},
    ],
)
def test_an_answer_that_is_not_whole_is_bad(value: Any):
    assert failure(value).reason is Reason.BAD_ANSWER


def test_an_answer_that_says_so_is_the_end_of_the_session():
    assert failure({"error": "session expired"}).reason is Reason.SESSION_ENDED


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.SESSION_ENDED),
        (429, Reason.RATE_LIMITED),
        (500, Reason.PORTAL_UNAVAILABLE),
        (503, Reason.PORTAL_UNAVAILABLE),
        (204, Reason.BAD_ANSWER),
        (206, Reason.BAD_ANSWER),
        (403, Reason.SESSION_ENDED),
        (404, Reason.PORTAL_CHANGED),
        (302, Reason.PORTAL_CHANGED),
    ],
)
def test_a_status_other_than_200_is_never_complete(status: int, reason: Reason):
    assert failure([CAMEL], status=status).reason is reason


def test_a_redirect_to_the_login_page_is_the_end_of_the_session():
    assert failure(b"", status=302, location="https://portal.test/login?next=x").reason is Reason.SESSION_ENDED
    assert failure(b"", status=302, location="https://login.portal.test/x").reason is Reason.PORTAL_CHANGED


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<html><title>Log in</title><div id=app></div>", Reason.SESSION_ENDED),
        ("<html><form action='/login'><input name=password></form>", Reason.SESSION_ENDED),
        ("<html><body><div id='root'></div><script src='/assets/login.js'></script>", Reason.SESSION_ENDED),
        ("<!doctype html><h1>Down for maintenance</h1><a href=/x>Log in later</a>", Reason.MAINTENANCE),
        ("<html>hello</html>", Reason.BAD_ANSWER),
    ],
)
def test_a_page_with_status_200_is_known_by_what_it_shows(html: str, reason: Reason):
    assert failure(html.encode(), **{"content-type": "text/html"}).reason is reason
    in_another_set = (
        html.replace("<html>", "<html><!-- é -->").replace("<!doctype html>", "<!-- é -->").encode("latin-1")
    )
    assert failure(in_another_set, **{"content-type": "text/html"}).reason is reason


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("Thu, 22 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 22 Jan 2026 11:00:00 GMT", 0.0),
        ("99999999", 3600.0),
        ("9" * 400, 3600.0),
        ("-5", None),
        ("soon", None),
        ("nan", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str, seconds: float | None):
    assert failure([], status=429, **{"retry-after": header}).retry_after == seconds
