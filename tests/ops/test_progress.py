"""What a person is shown of a sync follows from its events."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from ops.cli.plan import show_plan
from ops.client.exit_status import Exit, of_ending, of_refusal
from ops.terminal.follow import line
from ops.terminal.progress import Board, SyncProgress, next_step, summary, troubles, warnings
from ops.terminal.progress_bars import picture

SYNC = "7d9f7a2e-0000-4000-8000-000000000001"
COMMON = {"sync_id": SYNC, "clinic": "north", "status": "in_progress", "progress_percentage": 0, "dates_total": 3}


def event(name: str, second: int, **more: Any) -> dict[str, Any]:
    at = f"2030-03-01T10:00:{second:02d}.000000Z"
    return {**COMMON, "event": name, "at": at, "dates_done": 0, "failed_dates": [], **more}


EVENTS = [
    event("accepted", 0, status="queued", start_date="2030-03-01", end_date="2030-03-03"),
    event("started", 1),
    event("date_started", 1, date="2030-03-01"),
    event("date_started", 1, date="2030-03-02"),
    event(
        "date_completed",
        3,
        date="2030-03-01",
        added=5,
        updated=2,
        unchanged=1,
        dates_done=1,
        progress_percentage=33,
    ),
    event(
        *("date_retrying", 3),
        date="2030-03-02",
        reason="rate_limited",
        next_try_at="2030-03-01T10:00:12+00:00",
        dates_done=1,
        progress_percentage=33,
    ),
]


def shown(*syncs: SyncProgress, second: int, width: int = 120, height: int | None = None) -> str:
    out = Console(file=StringIO(), width=width, color_system=None)
    now = datetime(2030, 3, 1, 10, 0, second, tzinfo=UTC)
    out.print(picture(syncs, now, width=width, height=height))
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


def test_the_picture_shows_dates_counts_and_why_one_waits() -> None:
    board = Board()
    for one in EVENTS:
        sync = board.apply(one)
    text = shown(sync, second=4)
    assert "north" in text
    assert "1 of 3 dates" in text
    assert "5 added, 2 changed" in text
    assert "Mar 1 2 3" in text
    assert "↻ 2030-03-02: too many calls (429), next try in 8 s" in text
    assert sync.tried_again == {"rate_limited": 1}


def test_a_sync_whose_dates_are_all_read_shows_that_it_waits_for_its_second_look() -> None:
    sync = SyncProgress(SYNC, "north")
    for one in EVENTS[:4]:
        sync.apply(one)
    for second, day in enumerate(("2030-03-01", "2030-03-02", "2030-03-03"), 3):
        assert "confirming" not in shown(sync, second=second + 5)
        sync.apply(event("date_completed", second, date=day, added=0, updated=0, dates_done=second - 2))
    assert "confirming removals" in shown(sync, second=10)
    sync.apply(event("date_started", 11, date="2030-03-01", dates_done=3))
    assert "confirming" not in shown(sync, second=13)


def test_one_who_joins_late_without_the_first_event_still_sees_the_dates() -> None:
    sync = SyncProgress(SYNC, "north")
    for one in EVENTS[1:]:
        sync.apply(one)
    assert {day: state.state for day, state in sync.dates.items()} == {
        "2030-03-01": "completed",
        "2030-03-02": "retrying",
    }


@pytest.mark.parametrize("width", [132, 100, 80, 60])
def test_the_outcome_is_never_cut_off(width: int) -> None:
    sync = SyncProgress(SYNC, "a-clinic-with-a-long-name")
    for one in EVENTS:
        sync.apply(one)
    sync.apply(event("timed_out", 9, status="timed_out", dates_done=1, dry_run=True))
    text = shown(sync, second=9, width=width)
    assert "dry run  1 of 3 dates" in text
    assert "timed out\n" in text
    assert max(map(len, text.splitlines())) <= width


def test_more_syncs_than_fit_are_counted() -> None:
    syncs = [SyncProgress(SYNC, f"clinic-{number}") for number in range(200)]
    for sync in syncs[:30]:
        sync.apply(EVENTS[0])
        sync.apply(EVENTS[1])
    lines = shown(*syncs, second=4, width=80, height=24).splitlines()
    assert (lines[0].split()[0], len(lines)) == ("clinic-0", 23)
    assert lines[-1] == "… and 178 more, 30 of all 200 have begun"


def test_every_line_of_a_dry_run_says_that_it_is_one() -> None:
    for one in EVENTS:
        assert "  dry run  " in line(one | {"dry_run": True})
    assert summary(ENDING | {"dry_run": True}) == "dry run completed in 8.0 s: 3 dates, nothing was changed"
    place = {"date": "2030-01-01", "start_time": "09:00:00", "end_time": "09:30:00", "status": "scheduled"}
    plan = [{"kind": "added", "neo_appointment_id": "7", "before": None, "after": place}]
    out = Console(file=StringIO(), width=80, color_system=None)
    show_plan(out, plan, 0)
    assert isinstance(out.file, StringIO)
    said = [line for line in out.file.getvalue().splitlines() if line.strip(" ─")]
    assert all("dry run" in line or "would be" in line for line in said)
    assert len(said) == 3


ENDING = event("completed", 9, status="completed", dates_done=3, duration_ms=8_000, partial_success=False)


def failed(*reasons: str) -> dict[str, Any]:
    errors = [{"date": f"2030-03-0{n}", "reason": reason, "message": "why"} for n, reason in enumerate(reasons, 1)]
    return ENDING | {"event": "failed", "errors": errors}


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (ENDING, 0),
        (ENDING | {"partial_success": True}, 3),
        (ENDING | {"removals_held": 4}, 5),
        (failed("bad_answer"), 1),
        (failed("login_rejected"), 4),
        (ENDING | {"event": "cancelled"}, 8),
        (ENDING | {"event": "timed_out"}, 8),
    ],
)
def test_the_exit_status_shows_how_a_sync_ended(ending: dict[str, Any], status: int) -> None:
    assert of_ending(ending) == status


def test_the_exit_status_shows_why_a_request_was_refused() -> None:
    assert [of_refusal(code) for code in (400, 401, 404, 429, 503)] == [
        *(Exit.USAGE, Exit.LOGIN_REJECTED, Exit.USAGE, Exit.REJECTED, Exit.UNREACHABLE)
    ]


def test_the_summary_names_counts_and_the_same_trouble_once() -> None:
    stats = {"appointments_added": 5, "appointments_updated": 2, "appointments_removed": 1}
    assert summary(ENDING | {"stats": stats}) == "completed in 8.0 s: 3 dates, 5 added, 2 changed, 1 removed"
    assert troubles(failed("bad_answer", "bad_answer")) == ["2030-03-01, 2030-03-02: bad_answer (why)"]
    assert troubles(ENDING | {"removals_held": 4}) == [
        f"4 removals are held until a person decides: idexx-sync runs plan {SYNC}"
    ]


def test_warnings_are_shown_a_line_each_and_do_not_change_the_exit_status() -> None:
    with_warning = ENDING | {"warnings": [{"code": "unknown_fields", "message": "2 fields on 2030-03-01: a, b"}]}
    assert (warnings(ENDING), warnings(with_warning), of_ending(with_warning)) == (
        [],
        ["2 fields on 2030-03-01: a, b"],
        0,
    )


@pytest.mark.parametrize(
    ("ending", "command"),
    [
        (ENDING, None),
        (failed("login_rejected", "bad_answer"), "idexx-sync credentials set north"),
        (failed("no_company_id", "sync_ended"), "idexx-sync credentials set north --company-id ID"),
        (failed("second_factor", "sync_ended"), "idexx-sync credentials test north"),
        (failed("portal_changed", "bad_answer"), f"idexx-sync evidence {SYNC}"),
        (failed("bad_answer"), f"idexx-sync runs show {SYNC}"),
    ],
)
def test_dates_that_failed_end_with_the_one_command_to_try(ending: dict[str, Any], command: str | None) -> None:
    assert next_step(ending) == command


def test_a_completed_date_that_starts_again_is_a_second_read() -> None:
    sync = SyncProgress(SYNC, "north")
    again = event("date_started", 6, date="2030-03-01")
    assert not sync.looks_again(again)
    sync.apply(event("date_started", 1, date="2030-03-01"))
    assert not sync.looks_again(again)
    sync.apply(event("date_completed", 3, date="2030-03-01", added=0, updated=0))
    assert sync.looks_again(again)
