"""What syncs did, hold back and would do: looked at, decided, put back."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from actors.settings import load
from ops.cli import main
from ops.client.exit_status import Exit
from tests.calendar_days import first_days_typed
from tests.ops.up_process import Up

#: A calendar that hides most of its records, from a portal that cannot be asked for single ones.
FEW = {"max_records_per_day": 1, "lookup_call": "absent"}

CLINIC = "harbour-lane"
DAYS = first_days_typed(3)


@pytest.fixture
def synced(up: Up) -> Up:
    """The clinic is as the portal shows it."""
    assert up.run("sync", CLINIC, *DAYS).returncode == Exit.OK
    return up


def latest(up: Up) -> dict[str, Any]:
    return up.json("runs", CLINIC, "--limit", "1")[0]


def brief(plan: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted(
        (one["kind"], one["neo_appointment_id"], (one["after"] or one["before"])["start_time"]) for one in plan
    )


def appointments(up: Up) -> int:
    [found] = up.json("status")
    return int(next(one["appointments"] for one in found["clinics"] if one["slug"] == CLINIC))


def test_a_dry_run_prints_the_plan_that_a_sync_then_carries_out(synced: Up) -> None:
    end = synced.clinic(CLINIC).today + timedelta(days=1)
    synced.change(CLINIC, add=2, move=2, delete=1, end=end.isoformat(), seed=4)
    before = appointments(synced)
    done = synced.run("sync", CLINIC, *DAYS, "--dry-run", "--json")
    assert done.returncode == Exit.OK
    planned = json.loads(done.stdout.splitlines()[-1])["plan"]
    assert appointments(synced) == before
    output = synced.run("sync", CLINIC, *DAYS, "--dry-run").stdout
    assert "would be 2 added" in output
    assert all(change["neo_appointment_id"] in output for change in planned)
    [again] = synced.json("runs", "plan", latest(synced)["sync_id"])
    assert brief(again["plan"]) == brief(planned)
    # For comparison with the portal's page: everybody by name, in the terminal only.
    output = synced.run("runs", "plan", latest(synced)["sync_id"]).stdout
    named = [(one["after"] or one["before"])["patient_name"] for one in again["plan"]]
    assert any(named)
    assert all(name in output for name in named if name)
    assert all((one["after"] or one["before"])["column"] in output for one in again["plan"])
    synced.run("sync", CLINIC, *DAYS)
    other = latest(synced)["sync_id"]
    kinds = sorted((change["kind"], change["neo_appointment_id"]) for change in planned)
    dry = next(run for run in synced.json("runs", CLINIC) if run["dry_run"])
    did = synced.json("runs", "diff", dry["sync_id"], other)
    assert sorted((one["kind"], one["neo_appointment_id"]) for one in did) == kinds
    assert sorted(synced.json("runs", "diff", other), key=str) == sorted(did, key=str)


def test_held_removals_are_shown_then_approved_then_put_back(synced: Up) -> None:
    before = appointments(synced)
    synced.fault_settings(**FEW)
    assert synced.run("sync", CLINIC, *DAYS, "--dry-run").returncode == Exit.OK
    assert synced.run("runs", "approve", latest(synced)["sync_id"], "--yes").returncode == Exit.USAGE
    assert synced.run("sync", CLINIC, *DAYS).returncode == Exit.HELD
    held = latest(synced)
    assert "removals held" in synced.run("status").stdout
    [plan] = synced.json("runs", "plan", held["sync_id"])
    assert len(plan["held"]) == held["removals_held"] > 20
    text = synced.run("runs", "plan", held["sync_id"]).stdout
    assert plan["held"][0]["neo_appointment_id"] in text
    assert f"{held['removals_held']} held removals" in text
    unasked = synced.run("runs", "approve", held["sync_id"])
    assert (unasked.returncode, "--yes" in unasked.stderr) == (Exit.USAGE, True)
    [done] = synced.json("runs", "approve", held["sync_id"], "--yes")
    assert done["removals"] == held["removals_held"]
    assert appointments(synced) == before - held["removals_held"]
    assert synced.run("runs", "undo", held["sync_id"]).returncode == Exit.USAGE  # no terminal for the confirmation
    [undone] = synced.json("runs", "undo", held["sync_id"], "--yes")
    assert undone["restored"] == held["removals_held"]
    assert appointments(synced) == before
    [again] = synced.json("runs", "undo", held["sync_id"], "--yes")
    assert again["restored"] == 0


def test_rejected_removals_are_kept(synced: Up) -> None:
    before = appointments(synced)
    synced.fault_settings(**FEW)
    assert synced.run("sync", CLINIC, *DAYS).returncode == Exit.HELD
    [done] = synced.json("runs", "reject", latest(synced)["sync_id"], "--yes")
    assert done["status"] == "rejected"
    assert appointments(synced) == before
    assert synced.run("runs", "reject", latest(synced)["sync_id"], "--yes").returncode == Exit.USAGE


def test_the_history_of_an_appointment_names_each_sync_that_changed_it(synced: Up) -> None:
    start = synced.clinic(CLINIC).today
    [move] = synced.change(CLINIC, move=1, start=start.isoformat(), end=start.isoformat(), seed=8)
    synced.run("sync", CLINIC, *first_days_typed(14))
    number = move["neo_appointment_id"]
    changes = synced.json("history", number, "--clinic", CLINIC)
    assert [change["kind"] for change in changes][-1] == "moved"
    assert changes[-1]["sync_id"] == latest(synced)["sync_id"]
    by_our_id = synced.json("history", changes[0]["appointment_id"])
    assert by_our_id == changes
    shown, zone = (
        synced.run("history", number, "--clinic", CLINIC).stdout,
        ZoneInfo(synced.clinic(CLINIC).timezone),
    )
    moved_at = datetime.fromisoformat(changes[-1]["at"]).astimezone(zone)
    assert "moved" in shown
    assert f"{moved_at:%Y-%m-%d %H:%M:%S}" in shown, "on the clinic's clock"
    assert synced.run("history", "no-such-appointment").returncode == Exit.USAGE


def test_a_sync_is_shown_with_its_dates_and_its_signs_of_life(synced: Up) -> None:
    sync_id = latest(synced)["sync_id"]
    [shown] = synced.json("runs", "show", sync_id)
    assert [day["status"] for day in shown["sync"]["dates"]] == ["reconciled"] * 3
    assert all(day["worker"] and day["attempts"] == 1 for day in shown["sync"]["dates"])
    assert shown["sync"]["heartbeat_at"]
    text = synced.run("runs", "show", sync_id).stdout
    assert "3 of 3 dates done" in text
    assert synced.run("runs", "show", "00000000-0000-4000-8000-000000000000").returncode == Exit.USAGE


def test_the_rooms_that_count_make_the_capacity(synced: Up) -> None:
    rooms = synced.json("clinic", "resources", CLINIC)
    named = [room["room_id"] for room in rooms if room["room_id"]]
    assert all(room["counts"] for room in rooms)
    assert any(room["types"] for room in rooms)
    set_ = synced.json("clinic", "resources", CLINIC, "--count", *named[:1])
    assert [room["room_id"] for room in set_ if room["counts"] and room["room_id"]] == named[:1]
    assert synced.run("clinic", "resources", CLINIC, "--count", "no-such-room").returncode == Exit.USAGE
    everything = synced.json("clinic", "resources", CLINIC, "--all")
    assert all(room["counts"] for room in everything)


def test_the_configuration_is_shown_as_it_was_read(synced: Up) -> None:
    [read] = synced.json("clinic", "config", CLINIC)
    said = synced.clinic(CLINIC).config
    assert read["source"] == "getAppointmentView"
    assert read["slot_minutes"] == said["slotInterval"]
    assert read["hours"] == [
        {"weekday": day, "opens": entry["startTime"], "closes": entry["endTime"]}
        for day in range(7)
        for entry in said["businessHours"]
        if day in entry["daysOfWeek"]
    ]
    assert [column["name"] for column in read["columns"]] == [room["name"] for room in said["appointmentRooms"]]
    assert read["appointment_types"][0] == {"id": "1", "name": "Wellness Exam", "duration_minutes": 30}
    text = synced.run("clinic", "config", CLINIC).stdout
    assert "{startTime}-{endTime}".format(**said["businessHours"][0]) in text
    assert "closed" in text


def test_a_sync_is_named_by_the_start_of_its_id_or_by_its_clinic(
    synced: Up, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running = synced.home.running()
    assert running is not None
    for name, value in {**synced.environment, **running.environment}.items():
        monkeypatch.setenv(name, value)
    load.cache_clear()
    whole = latest(synced)["sync_id"]
    start = next(whole[:size] for size in range(8, 37) if is_only_one(whole[:size], synced))
    capsys.readouterr()
    try:
        for text in (start, CLINIC):
            for command in (["runs", "show"], ["runs", "plan"]):
                assert main([*command, text, "--json"]) == Exit.OK
                assert whole in capsys.readouterr().out
        assert main(["watch", start, "--json"]) == Exit.OK
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["sync_id"] == whole
        for command in (["runs", "show"], ["runs", "approve"], ["runs", "undo"], ["evidence"], ["watch"]):
            for bad in ("0000", "no such sync", str(UUID(int=0))):
                assert main([*command, bad, "--json"]) == Exit.USAGE
                output = capsys.readouterr()
                error = json.loads(output.out)["error"]
                assert (error["code"], error["reason"]) == (404, "unknown_sync")
                wrong = (
                    "no sync has this id" if len(bad) == 36 else "is not a sync: give its id, the first 4 or more"
                )
                assert wrong in error["message"]
                assert error["message"] in output.err
        assert main(["cancel", CLINIC, "0000", "--json"]) == Exit.USAGE
        assert json.loads(capsys.readouterr().out)["error"]["reason"] == "unknown_sync"
    finally:
        load.cache_clear()


def is_only_one(start: str, up: Up) -> bool:
    return [str(run["sync_id"])[: len(start)] for run in up.json("runs", "--limit", "1000")].count(start) == 1
