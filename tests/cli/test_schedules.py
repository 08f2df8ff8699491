"""Schedules and freshness goals, as they are typed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from actors.settings import Settings
from engine.durations import in_words
from ops.cli import check_schedules, main
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.terminal.durations import seconds_of
from tests.conftest import eventually
from tests.ops.up_process import Up

CLINIC = "harbour-lane"


@pytest.fixture
def scheduled(up: Up) -> Iterator[Up]:
    done = up.run("clinic", "schedule", "set", CLINIC, "0 6,12 * * *", "--days", "2", "--max-age", "8h")
    assert done.returncode == Exit.OK, done.stderr
    assert "harbour-lane: at 06:00 and 12:00 every day (Europe/London), 2 days from today on" in done.stdout
    yield up
    up.run("clinic", "schedule", "remove", CLINIC)
    up.run("clinic", "goal", CLINIC, "--max-age", "none")


def schedules_of_doctor(up: Up) -> str:
    return next(line for line in up.run("doctor").stdout.splitlines() if "schedules" in line)


def test_a_schedule_is_set_shown_paused_and_removed(scheduled: Up) -> None:
    eventually(lambda: "1 active" in schedules_of_doctor(scheduled))
    [preview] = scheduled.json("clinic", "schedule", "preview", CLINIC, "--count", "1")
    [paused] = scheduled.json("clinic", "schedule", "pause", CLINIC)
    assert (paused["schedule"]["paused"], paused["schedule"]["next"]) == (True, None)
    assert "paused" in scheduled.run("status").stdout
    eventually(lambda: "no clinic has a schedule" in schedules_of_doctor(scheduled))
    [resumed] = scheduled.json("clinic", "schedule", "resume", CLINIC)
    # Two looks, since a time of the schedule may pass meanwhile.
    [later] = scheduled.json("clinic", "schedule", "preview", CLINIC, "--count", "1")
    assert resumed["schedule"]["next"] in preview["times"] + later["times"]
    done = scheduled.run("clinic", "schedule", "remove", CLINIC)
    assert f"clinic schedule set {CLINIC} '0 6,12 * * *' --days 2" in done.stderr, "the command that restores it"
    assert scheduled.run("clinic", "schedule", "show", CLINIC).returncode == Exit.USAGE


def test_status_holds_clinics_to_their_goals(scheduled: Up) -> None:
    assert scheduled.run("sync", CLINIC, "--days", "1").returncode == Exit.OK
    [about] = [one for one in scheduled.json("status")[0]["clinics"] if one["slug"] == CLINIC]
    assert (about["max_age_seconds"], about["is_fresh"]) == (28_800, True)
    assert scheduled.run("status", "--check").returncode == Exit.OK
    made = ("--name", "Never Synced", "--timezone", "UTC", "--max-age", "60m")
    assert scheduled.run("clinic", "add", "never-synced", *made).returncode == Exit.OK
    try:
        assert "never synced, goal 1 h: not met" in scheduled.run("clinic", "goal", "never-synced").stdout
        done = scheduled.run("status", "--check")
        assert (done.returncode, "never-synced" in done.stderr) == (Exit.FAILED, True)
        assert scheduled.run("status", CLINIC, "--check").returncode == Exit.OK
    finally:
        scheduled.run("clinic", "remove", "never-synced", "--yes")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([CLINIC, "0 6 * * 5L"], "day of week '5L'"),
        ([CLINIC, "0 6 * * *", "--timezone", "Mars/Olympus"], "Mars/Olympus"),
        ([CLINIC, "0 6 * * *", "--max-age", "soon"], "'soon'"),
        ([CLINIC, "0 6 * * *", "--days", "61"], "60"),
    ],
)
def test_an_invalid_value_is_named(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any server is asked."""
    assert main(["clinic", "schedule", "set", *arguments]) == Exit.USAGE
    assert expected in capsys.readouterr().err


def test_a_server_that_is_too_old_is_refused_with_the_remedy(up: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_schedules, "can_keep_schedules", lambda _client: False)
    with pytest.raises(CommandFailed, match="does not support message schedules") as refused:
        asyncio.run(check_schedules.check_clock(Settings(nats_url=up.nats_url())))
    assert refused.value.hint == "update it to 2.14 or newer"


@pytest.mark.parametrize(
    ("text", "seconds"), [("60m", 3600), ("2h", 7200), ("1D", 86_400), ("90 s", 90), ("none", None)]
)
def test_an_age_is_read(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "60", "0m", "-5m", "1.5h", "59s", "400d", "99999999h"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(CommandFailed, match="--max-age"):
        seconds_of(text)


def test_an_age_is_shown_in_the_largest_unit_that_divides_it() -> None:
    assert [in_words(seconds) for seconds in (3600, 5400, 86_400, 90)] == ["1 h", "90 min", "1 d", "90 s"]
