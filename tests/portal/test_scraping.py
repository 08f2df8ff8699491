from __future__ import annotations

from datetime import date, timedelta

import pytest

from engine.dates import DateRange
from engine.failure import FATAL_FOR_SYNC, Reason
from engine.portal.calendar import read_calendar
from engine.portal.doubts import Doubts, is_cut_off, spans
from engine.portal.span_scraper import DIVISIBLE, ENDS_SCRAPE
from engine.warnings import WarningCode
from tests.portal.shapes import CAMEL, DAY, DENVER, NOW, answer

#: Thursday to Wednesday; the clinic is closed on Sunday.
WEEK = DateRange(DAY, DAY + timedelta(days=6))
DAYS = list(WEEK)
SUNDAY = 3


def is_open(day: date) -> bool:
    return day.isoweekday() != 7


def look(counts: list[int]):
    """What an answer with so many appointments on each day of the week gives."""
    records = [
        CAMEL | {"id": f"{day}-{n}", "start": f"{day}T10:00:00", "end": f"{day}T10:30:00"}
        for day, count in zip(WEEK, counts, strict=True)
        for n in range(count)
    ]
    return read_calendar(answer(records), DENVER, WEEK, NOW)


def doubts(stored: list[int] | None = None) -> Doubts:
    return Doubts(dict(zip(WEEK, stored or [], strict=False)), is_open)


def days(first: int, last: int | None = None) -> DateRange:
    return DateRange(DAYS[first], DAYS[first if last is None else last])


WARM = [9, 9, 9, 0, 9, 9, 9]


@pytest.mark.parametrize(
    ("counts", "stored", "own_calls"),
    [
        pytest.param(WARM, WARM, [], id="as stored"),
        pytest.param([9, 9, 9, 0, 9, 9, 10], WARM, [], id="more than stored"),
        pytest.param([9, 9, 9, 0, 9, 9, 8], WARM, [days(6)], id="the last day has lost one"),
        pytest.param([9, 9, 9, 0, 9, 9, 0], WARM, [days(5), days(6)], id="the last day has lost all"),
        pytest.param([9, 9, 4, 0, 0, 0, 0], WARM, [days(2), days(3, 6)], id="cut on Saturday"),
        pytest.param([9, 0, 0, 0, 0, 0, 0], WARM, [days(0), days(1, 6)], id="cut after the first day"),
        pytest.param([4, 0, 0, 0, 0, 0, 0], WARM, [days(0), days(1, 6)], id="cut on the first day"),
        pytest.param([9, 9, 9, 0, 9, 9, 9], [9, 9, 9, 0, 9, 9, 0], [days(6)], id="the last day is new"),
        pytest.param(WARM, None, [days(6)], id="nothing is known"),
        pytest.param([0] * 7, WARM, [], id="all empty"),
    ],
)
def test_the_end_of_a_span_is_confirmed_where_it_may_be_cut_off(
    counts: list[int], stored: list[int] | None, own_calls: list[DateRange]
):
    assert doubts(stored).own_calls(WEEK, look(counts)) == own_calls


def test_a_closed_day_at_the_end_points_to_no_cut():
    to_sunday = DateRange(DAY, DAYS[SUNDAY])
    seen = {day: snapshot for day, snapshot in look(WARM).items() if day in to_sunday}
    assert doubts(WARM).own_calls(to_sunday, seen) == []
    assert Doubts(doubts(WARM).stored).own_calls(to_sunday, seen) == [days(SUNDAY - 1), days(SUNDAY)]


@pytest.mark.parametrize(
    ("stored", "first_day"),
    [
        pytest.param(WARM, None, id="warm"),
        pytest.param(None, 6, id="cold"),
        pytest.param([9, 9, 9, 0, 9, 9, 0], 6, id="a new day at the end"),
    ],
)
def test_the_last_day_is_read_beside_the_span_only_where_nothing_is_stored_of_it(
    stored: list[int] | None, first_day: int | None
):
    assert doubts(stored).beside(WEEK) == (None if first_day is None else days(first_day))


def test_the_call_beside_is_for_the_last_open_day():
    to_sunday = DateRange(DAY, DAYS[SUNDAY])
    assert doubts().beside(to_sunday) == days(SUNDAY - 1)
    assert doubts().beside(DateRange(DAY, DAY)) is None


@pytest.mark.parametrize(("first", "own"), [(6, 8), (6, 10), (5, 0)])
def test_an_answer_is_cut_off_where_a_call_of_their_own_shows_other_records_of_its_last_days(first: int, own: int):
    of_span, alone = look(WARM), look([own] * 7)
    assert is_cut_off(of_span, {day: alone[day] for day in DAYS[first:]})
    assert not is_cut_off(of_span, {day: of_span[day] for day in DAYS[first:]})


def test_an_open_day_is_in_doubt_where_it_comes_empty_and_any_day_where_several_are_stored():
    empty = look([0] * 7)
    sunday = {DAYS[SUNDAY]: empty[DAYS[SUNDAY]]}
    assert doubts().empty_days(empty) == DAYS, "closed days among open ones are asked for with them"
    assert doubts().empty_days(sunday) == []
    assert doubts([0, 0, 0, 1, 0, 0, 0]).empty_days(sunday) == []
    assert doubts([0, 0, 0, 2, 0, 0, 0]).empty_days(sunday) == list(sunday)
    assert Doubts({}).empty_days(sunday) == list(sunday), "every day counts as open where the hours are not known"
    assert Doubts({}, is_open, of_all_days=True).empty_days(sunday) == list(sunday)
    assert doubts(WARM).empty_days(look(WARM)) == []


def test_only_open_days_that_stay_empty_are_marked():
    marked = doubts(WARM).marked(look([9, 0, 9, 0, 9, 9, 9]))
    codes = {day: [warning.code for warning in snapshot.warnings] for day, snapshot in marked.items()}
    assert codes == {day: [WarningCode.OPEN_DAYS_EMPTY] if day == DAYS[1] else [] for day in WEEK}


def test_a_span_that_came_entirely_empty_is_probed_on_the_day_of_which_most_is_known():
    assert doubts([1, 9, 9, 0, 0, 0, 0]).probe(look([0] * 7)) == DateRange(DAYS[1], DAYS[1])
    assert Doubts({}).probe(dict(list(look([0] * 7).items())[2:])) == DateRange(DAYS[4], DAYS[4]), "a Monday"
    assert doubts().probe(look([0, 0, 0, 0, 0, 0, 1])) is None


def test_a_new_reason_neither_divides_a_span_nor_ends_a_scrape():
    assert not DIVISIBLE & ENDS_SCRAPE
    assert FATAL_FOR_SYNC <= ENDS_SCRAPE
    assert Reason.INTERNAL not in DIVISIBLE | ENDS_SCRAPE, "nor does one that the portal's side does not list"


def test_spans_cover_the_range_without_gap_or_overlap():
    for length in range(1, 8):
        pieces = list(spans(WEEK, length))
        assert [day for piece in pieces for day in piece] == list(WEEK)
        assert max(map(len, pieces)) <= length
