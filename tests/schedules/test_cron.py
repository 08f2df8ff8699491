"""The texts of schedules: what they mean in words, when they are due, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.schedules.cron import Cron
from engine.errors import BadRequest

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words", "for_server"),
    [
        ("0 6,12 * * *", "at 06:00 and 12:00 every day", "0 0 6,12 * * *"),
        ("*/15 * * * *", "every 15 minutes", "0 0,15,30,45 * * * *"),
        ("0 6 * * 5-7", "at 06:00 on Friday through Sunday", "0 0 6 * * 0,5,6"),
        ("30 2 1 JAN-mar *", None, "0 30 2 1 1,2,3 *"),
        ("every 30 minutes", "every 30 minutes", "0 0,30 * * * *"),
        ("every 60 minutes", "at the start of every hour", "0 0 * * * *"),
        ("Every 2 hours", "every 2 hours", "0 0 0,2,4,6,8,10,12,14,16,18,20,22 * * *"),
        ("daily at 06:00 and 12:00", "at 06:00 and 12:00 every day", "0 0 6,12 * * *"),
        ("on weekdays at 7:15, 18:15", "at 07:15 and 18:15 on Monday through Friday", "0 15 7,18 * * 1,2,3,4,5"),
        ("at 6:00", "at 06:00 every day", "0 0 6 * * *"),
    ],
)
def test_a_schedule_is_shown_in_words_and_sent_in_numbers(text: str, words: str | None, for_server: str) -> None:
    cron = Cron.parse(text)
    assert cron.for_server == for_server
    assert words in (None, cron.words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("61 * * * *", "minute '61'"),
        ("* 24 * * *", "hour '24'"),
        ("* * 0 * *", "day of month '0'"),
        ("* * * 13 *", "month '13'"),
        ("* * * * 8", "day of week '8'"),
        ("0 0 31 2 *", "day of month '31 of month 2'"),
        ("0 6 L * *", "day of month 'L'"),
        ("0 6 ? * *", "day of month '?'"),
        ("0 6 * * 1#2", "day of week '1#2'"),
        ("0 6 * * 5L", "day of week '5L'"),
        ("MON * * * *", "minute 'MON'"),
        ("5-1 * * * *", "minute '5-1'"),
        ("*/0 * * * *", "minute '*/0'"),
        ("\u0663 * * * *", "minute '\u0663'"),
        ("@daily", "short form"),
        ("0 0 6 * * *", "seconds are not supported"),
        ("0 6", "has 2 fields"),
        ("", "has 0 fields"),
        ("0 6 1 * 1", "leave one of them at '*'"),
        ("every 7 minutes", "7 does not divide 60"),
        ("every 0 hours", "0 does not divide 24"),
        ("at 6:00 and 7:30", "the minutes must be the same"),
        ("at 25:00", "hour '25'"),
    ],
)
def test_what_cannot_be_or_is_read_differently_elsewhere_is_refused_by_the_name_of_its_field(
    text: str, expected: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        Cron.parse(text)
    assert refused.value.message.startswith("cron: ")
    assert expected in refused.value.message


def test_it_is_due_by_the_clock_of_its_zone() -> None:
    cron = Cron.parse("0 6,12 * * *")
    expected = [at.isoformat() for at in islice(cron.after(NOW, BERLIN), 2)]
    assert expected == ["2026-11-24T12:00:00+01:00", "2026-11-25T06:00:00+01:00"]
    assert next(cron.after(NOW, ZoneInfo("America/New_York"))).isoformat() == "2026-11-24T06:00:00-05:00"


def test_a_change_of_the_clock_leaves_a_time_out_or_brings_it_twice() -> None:
    cron = Cron.parse("30 2 * * *")
    spring = [at.date().isoformat() for at in islice(cron.after(datetime(2027, 3, 27, tzinfo=UTC), BERLIN), 2)]
    assert spring == ["2027-03-27", "2027-03-29"]
    autumn = [at.isoformat() for at in islice(cron.after(datetime(2027, 10, 30, 12, tzinfo=UTC), BERLIN), 2)]
    assert autumn == ["2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00"]


def test_runs_that_are_skipped_within_a_year_are_shown() -> None:
    assert [str(at) for at in Cron.parse("30 2 * * *").left_out(NOW, BERLIN)] == ["2027-03-28 02:30:00"]
    assert Cron.parse("30 3 * * *").left_out(NOW, BERLIN) == []
    assert Cron.parse("30 2 * * 1-6").left_out(NOW, BERLIN) == [], "it is a Sunday"
    assert Cron.parse("*/30 * * * *").left_out(NOW, BERLIN) == [], "half an hour stays half an hour"
    assert Cron.parse("30 2 * * *").left_out(NOW, ZoneInfo("Asia/Tokyo")) == []


@given(st.text(alphabet="0123456789*,-/ LW#?@aMONsun", max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        cron = Cron.parse(text)
    except BadRequest:
        return
    assert Cron.parse(cron.text) == cron
    assert cron.words
    assert set(cron.for_server) <= set("0123456789,* ")
    assert next(cron.after(NOW, BERLIN)) > NOW


def test_the_longest_texts_end_in_time() -> None:
    """Schedules that were written to the table by hand, with a step that is too large a number."""
    assert Cron.parse("*/999999999999 * * * *").for_server == "0 0 * * * *"
