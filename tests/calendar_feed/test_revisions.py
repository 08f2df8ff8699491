"""Sequence numbers grow with each change, and what is gone is published as cancelled for a while."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from engine.calendar_feed.event import FeedEvent
from engine.calendar_feed.revisions import CANCELLED_FOR, Revised, Revision, revise

ZONE = ZoneInfo("America/Denver")
START = datetime(2026, 3, 2, 16, tzinfo=UTC)
HOUR = timedelta(hours=1)


def event(uid: str, day: int = 10, summary: str = "Appointment") -> FeedEvent:
    at = (START + timedelta(days=day)).astimezone(ZONE)
    return FeedEvent(uid, at, at + HOUR, False, True, summary, "", "")


class Feed:
    """A feed that is read again and again."""

    def __init__(self) -> None:
        self.now = START
        self.back = timedelta(days=14)
        self.known: dict[str, Revision] = {}

    def read(self, *events: FeedEvent, after: timedelta = HOUR) -> Revised:
        self.now += after
        revised = revise(
            events, self.known, now=self.now, begins=self.now - self.back, created_at=START, zone=ZONE
        )
        self.known |= {one.uid: one for one in revised.written}
        for uid in revised.dropped:
            del self.known[uid]
        return revised


def only(found: Iterable[Revision]) -> Revision:
    [one] = found
    return one


def test_what_is_unchanged_is_not_written_and_what_changes_gets_a_greater_number() -> None:
    feed = Feed()
    first = only(feed.read(event("a")).written)
    again = feed.read(event("a"))
    assert (again.current, again.written, again.dropped) == ((first,), (), ())
    changed = only(feed.read(event("a", summary="Dental"), after=timedelta(0)).written)
    assert changed.sequence > first.sequence
    at_once = only(feed.read(event("a", day=11), after=timedelta(0)).written)
    assert at_once.sequence == changed.sequence + 1


def test_what_is_gone_is_cancelled_for_a_while_and_can_come_back() -> None:
    feed = Feed()
    first = only(feed.read(event("a")).written)
    gone = only(feed.read().written)
    assert gone == replace(first, sequence=gone.sequence, changed_at=feed.now, cancelled_at=feed.now)
    assert gone.sequence > first.sequence
    assert feed.read(after=CANCELLED_FOR - timedelta(seconds=1)).current == (gone,)
    back = only(feed.read(event("a")).written)
    assert back.sequence > gone.sequence
    assert not back.is_cancelled
    cancelled = only(feed.read().written)
    assert feed.read(after=CANCELLED_FOR).dropped == ("a",)
    assert only(feed.read(event("a")).written).sequence > cancelled.sequence


def test_what_leaves_the_range_of_days_is_not_cancelled() -> None:
    feed = Feed()
    feed.read(event("a", day=-13))
    left = feed.read(after=timedelta(days=2))
    assert (left.current, left.dropped) == ((), ("a",))


@given(
    st.lists(
        st.tuples(st.dictionaries(st.sampled_from("abc"), st.integers(8, 12)), st.integers(0, 200)), max_size=12
    )
)
def test_a_program_that_merges_ends_with_what_the_feed_shows(reads: list[tuple[dict[str, int], int]]) -> None:
    """It takes a revision only if its number is greater, and removes what is cancelled; it reads within every week."""
    feed, held = Feed(), dict[str, tuple[int, bool]]()
    feed.back = timedelta(days=365)
    for days, hours in reads:
        after = timedelta(hours=min(hours, 7 * 24))
        for one in feed.read(*(event(uid, day) for uid, day in days.items()), after=after).current:
            if one.uid not in held or one.sequence > held[one.uid][0]:
                held[one.uid] = (one.sequence, one.is_cancelled)
        assert {uid for uid, (_, is_cancelled) in held.items() if not is_cancelled} == set(days)
