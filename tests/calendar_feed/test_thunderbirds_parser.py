"""The parser of Thunderbird (ical.js) reads from a feed what was written: times, whole days, texts, cancellations."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from engine.calendar_feed.document import document
from engine.calendar_feed.entry import EntryKind
from engine.calendar_feed.revisions import revise
from tests.calendar_feed.test_event import AT, VISIT, ZONE, shown
from tests.npm import needs_npm, run_node

pytestmark = [pytest.mark.anyio, needs_npm]

SCRIPT = Path(__file__).with_name("read_calendar.mjs")
ODD = 'Zoë; O\'Neil, \\n "x"\n犬' * 9


async def test_it_reads_what_was_written(tmp_path: Path) -> None:
    # Around both changes of the clocks, every half an hour.
    nights = (datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC))
    visits = [
        replace(VISIT, id=str(UUID(int=n)), starts_at=at, ends_at=at + timedelta(minutes=30), patient=ODD)
        for n, at in enumerate(night + timedelta(minutes=30 * step) for night in nights for step in range(10))
    ]
    midnight = datetime(2026, 3, 8, 7, tzinfo=UTC)
    block = replace(
        VISIT, id="b", kind=EntryKind.BLOCK, starts_at=midnight, ends_at=midnight + timedelta(hours=23)
    )
    events = {event.uid: event for event in map(shown, [*visits, block])}
    first = revise(events.values(), {}, now=AT, begins=AT, created_at=AT, zone=ZONE).current
    gone = events.pop(visits[0].id)
    known = {one.uid: one for one in first}
    revised = revise(events.values(), known, now=AT + timedelta(hours=1), begins=AT, created_at=AT, zone=ZONE)
    file = tmp_path / "feed.ics"
    file.write_bytes(document("Elm, Oak; Ash", ZONE, events, revised.current)[0])

    read = json.loads(await run_node(SCRIPT, str(file)))
    assert read["texts"] == ["Elm, Oak; Ash", "Elm, Oak; Ash", "PT15M", "PUBLISH"]
    assert read["refresh"] == 900
    found = {one.pop("uid"): one for one in read["events"]}
    assert found.pop("b") | {"sequence": 0} == {
        "sequence": 0,
        "starts": "2026-03-08",
        "ends": "2026-03-09",
        "summary": "Blocked",
        "description": "Provider: Dr. Who",
        "location": "Exam 1",
        "status": "CONFIRMED",
    }
    cancelled = found.pop(gone.uid)
    assert (cancelled["status"], cancelled["sequence"], cancelled["summary"]) == ("CANCELLED", 3600, "Cancelled")
    assert found == {
        visit.id: {
            "sequence": 0,
            "starts": visit.starts_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "ends": visit.ends_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "summary": events[visit.id].summary,
            "description": events[visit.id].description,
            "location": "Exam 1",
            "status": "CONFIRMED",
        }
        for visit in visits[1:]
    }
