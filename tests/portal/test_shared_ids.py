"""Records that share an id: let through on several days; on one day, two reads distinguish a repetition from a move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast

import pytest

from engine.credentials import Credentials
from engine.dates import DateRange
from engine.extra_calls import ExtraCalls
from engine.failure import Failure, Reason
from engine.portal import PortalSettings, TimeLimits
from engine.portal.browser import Browser
from engine.portal.call_context import CallContext
from engine.portal.doubts import Doubts
from engine.portal.evidence_recorder import EvidenceRecorder
from engine.portal.fields import Record
from engine.portal.response import PortalResponse
from engine.portal.signed_in_context import SignedInContext
from engine.portal.span_scraper import SpanScraper
from engine.snapshot import Snapshot
from tests.portal.conftest import TODAY, Stage
from tests.portal.shapes import CAMEL, DAY, DENVER, NOW, answer

pytestmark = pytest.mark.anyio

NEXT = DAY + timedelta(days=1)


def record(at: str, day: date = DAY, **values: object) -> Record:
    hour = int(at[:2])
    return CAMEL | {"id": "lunch", "start": f"{day}T{at}:00", "end": f"{day}T{hour + 1:02}{at[2:]}:00"} | values


class Answers:
    """In place of a visit: the answers of the calls to come, the last of them again and again."""

    def __init__(self, *answers: Sequence[Record]) -> None:
        self.answers = list(answers)
        self.calls = 0

    async def read(self, _path: str, _query: object, understand: Callable[[PortalResponse, datetime], Any]) -> Any:
        self.calls += 1
        said = self.answers[min(self.calls, len(self.answers)) - 1]
        return understand(answer(list(said)), NOW)


async def scraped(answers: Answers, dates: DateRange, repeating: Sequence[str] = ()) -> dict[date, Any]:
    settings = PortalSettings(span_days=7, times=TimeLimits(move_settles=0.0, empty_day_pause=0.0))
    call_context = CallContext(
        DENVER, Credentials("user", "word"), lambda: NOW, EvidenceRecorder(None, cast(Browser, None), 1.0)
    )
    doubts = Doubts(dict.fromkeys(dates, 1), lambda _: False)
    return dict(
        await SpanScraper(settings, call_context, doubts, repeating, ExtraCalls(99)).run(
            cast(SignedInContext, answers), dates
        )
    )


def ids(snapshot: object) -> list[str]:
    assert isinstance(snapshot, Snapshot), snapshot
    return [one.neo_appointment_id for one in snapshot.appointments]


async def test_an_id_on_several_days_of_a_span_is_no_drift():
    answers = Answers([record("12:00"), record("12:00", NEXT)])
    found = await scraped(answers, DateRange(DAY, NEXT))
    assert [ids(snapshot) for snapshot in found.values()] == [["lunch"], ["lunch"]]
    assert answers.calls == 1


async def test_an_id_at_two_times_of_a_day_in_two_looks_repeats():
    answers = Answers([record("12:00"), record("17:00"), record("12:00", NEXT)])
    found = await scraped(answers, DateRange(DAY, NEXT))
    assert ids(found[DAY]) == [f"lunch@{DAY}T12:00", f"lunch@{DAY}T17:00"]
    assert ids(found[NEXT]) == [f"lunch@{NEXT}T12:00"]
    assert answers.calls == 3


async def test_what_is_known_to_repeat_is_not_asked_for_again():
    answers = Answers([record("12:00"), record("17:00")])
    found = await scraped(answers, DateRange(DAY, DAY), ["lunch"])
    assert len(ids(found[DAY])) == 2
    assert answers.calls == 1


async def test_a_move_within_a_day_that_is_shown_twice_for_a_moment_is_one_appointment():
    found = await scraped(Answers([record("12:00"), record("17:00")], [record("17:00")]), DateRange(DAY, DAY))
    assert ids(found[DAY]) == ["lunch"]


async def test_what_stays_undecided_fails_the_day():
    looks = [
        [record("12:00"), record("13:00")],
        [record("14:00"), record("15:00")],
        [record("16:00"), record("17:00")],
    ]
    [failure] = (await scraped(Answers(*looks), DateRange(DAY, DAY))).values()
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.BAD_ANSWER
    assert "several times of one day" in failure.message


async def test_two_records_with_one_id_and_one_start_are_drift_as_before():
    found = await scraped(Answers([record("12:00"), record("12:00", end=f"{DAY}T12:30:00")]), DateRange(DAY, DAY))
    assert found[DAY].reason is Reason.PORTAL_CHANGED


@pytest.mark.parametrize("span_days", [1, 3])
async def test_the_holds_of_a_portal_that_repeats_them_are_all_there(stage: Stage, span_days: int):
    await stage.sandbox.fault_settings(hold_id=42, hold_twice=True)
    for snapshot in await stage.having(span_days=span_days).scrape(TODAY, TODAY + timedelta(days=1)):
        assert isinstance(snapshot, Snapshot)
        holds = [one.starts_at for one in snapshot.appointments if one.neo_appointment_id.startswith("42@")]
        assert [start - holds[0] for start in holds] == [timedelta(0), timedelta(hours=2)]
