from __future__ import annotations

from datetime import timedelta

import pytest

from engine.dates import DateRange
from engine.portal.calendar import read_calendar
from engine.portal.scraping import is_doubtful, odd_tail, spans
from tests.portal.shapes import CAMEL, DAY, DENVER, NOW, answer

#: Thursday to Wednesday.
WEEK = DateRange(DAY, DAY + timedelta(days=6))


def look(counts: list[int]):
    """What an answer with so many appointments on each day of the week gives."""
    records = [
        CAMEL | {"id": f"{day}-{n}", "start": f"{day}T10:00:00", "end": f"{day}T10:30:00"}
        for day, count in zip(WEEK, counts, strict=True)
        for n in range(count)
    ]
    return read_calendar(answer(records), DENVER, WEEK, NOW)


@pytest.mark.parametrize(
    ("counts", "stored", "first_odd_day"),
    [
        ([9, 9, 9, 0, 9, 9, 9], {}, None),
        ([9, 9, 9, 0, 9, 9, 0], {}, 5),
        ([9, 9, 4, 0, 0, 0, 0], {}, 2),
        ([9, 0, 0, 0, 0, 0, 0], {}, 1),
        ([0, 0, 0, 0, 0, 0, 0], {}, None),
        ([9, 9, 9, 0, 9, 9, 4], {6: 9}, 6),
        ([9, 9, 9, 0, 9, 9, 5], {6: 9}, None),
    ],
)
def test_an_answer_that_ends_too_early_is_confirmed_from_its_last_day_on(
    counts: list[int], stored: dict[int, int], first_odd_day: int | None
):
    days = list(WEEK)
    tail = odd_tail(look(counts), WEEK, {days[n]: count for n, count in stored.items()})
    assert tail == (None if first_odd_day is None else DateRange(days[first_odd_day], WEEK.end))


def test_an_empty_day_is_doubtful_only_where_the_database_holds_several():
    empty = look([0] * 7)[DAY]
    assert is_doubtful(empty, {DAY: 2})
    assert not is_doubtful(empty, {DAY: 1})
    assert not is_doubtful(empty, {})
    assert not is_doubtful(look([1] + [0] * 6)[DAY], {DAY: 9})


def test_spans_cover_the_range_without_gap_or_overlap():
    for days in range(1, 8):
        pieces = list(spans(WEEK, days))
        assert [day for piece in pieces for day in piece] == list(WEEK)
        assert max(map(len, pieces)) <= days
