"""Commands for many clinics, with the whole system."""

from __future__ import annotations

import json
import subprocess

from ops.client.exit_status import Exit
from tests.calendar_days import first_days_typed
from tests.conftest import free_port
from tests.ops.up_process import ARGV, Up, interrupt

CLINICS = {"cedar-creek", "harbour-lane"}


def test_every_clinic_is_synced_and_a_refused_one_stops_no_other(up: Up) -> None:
    dates = first_days_typed(2)
    done = up.run("sync", "--all", *dates)
    assert done.returncode == Exit.OK, done.stderr
    assert {line.split()[1] for line in done.stdout.splitlines() if line.startswith("✓")} == CLINICS
    assert "2 clinics: 2 ok" in done.stderr
    assert up.run("clinic", "add", "south", "--name", "South", "--timezone", "America/Denver").returncode == 0
    try:
        done = up.run("sync", "--all", *dates, "--dry-run", "--json")
        assert done.returncode == Exit.LOGIN_REJECTED, done.stderr
        refused, *events = map(json.loads, done.stdout.splitlines())
        assert (refused["clinic"], refused["error"]["reason"]) == ("south", "no_credentials")
        assert {event["clinic"] for event in events if event["event"] == "completed"} == CLINICS
        assert all(event["dry_run"] for event in events)
        problems = up.run("status", "--problems", "--check")
        assert problems.returncode == Exit.FAILED
        assert "! south: " in problems.stdout
        assert "  → idexx-sync credentials set south" in problems.stdout
        running = up.home.running()
        assert running is not None
        here = {"DATABASE_URL": running.environment["DATABASE_URL"], "NATS_URL": f"nats://127.0.0.1:{free_port()}"}
        away = {**up.environment, **here}
        argv = [*ARGV, "status", "south", "--problems", "--json"]
        stored = subprocess.run(argv, env=away, capture_output=True, text=True, timeout=60)
        found = json.loads(stored.stdout)
        assert (found["has_gateway"], [one["kind"] for one in found["attention"]]) == (False, ["credentials"])
    finally:
        assert up.run("clinic", "remove", "south", "--yes").returncode == 0
    assert up.run("sync").returncode == up.run("sync", "cedar-creek", "--all").returncode == Exit.USAGE


def test_only_failed_syncs_of_the_last_time_are_listed(up: Up) -> None:
    up.fault_settings(drift=["renamed_fields"])
    assert up.run("sync", "harbour-lane", *first_days_typed(1)).returncode == Exit.FAILED
    up.fault_settings()
    assert up.run("sync", "harbour-lane", *first_days_typed(1)).returncode == Exit.OK
    failed = up.json("runs", "harbour-lane", "--failed", "--since", "1h")
    assert {run["status"] for run in failed} == {"failed"}
    assert len(up.json("runs", "harbour-lane", "--since", "1h")) > len(failed)
    assert up.run("runs", "--since", "soon").returncode == Exit.USAGE


def test_a_watched_status_shows_what_has_changed(up: Up) -> None:
    argv = [*ARGV, "status", "harbour-lane", "--watch", "--json"]
    with subprocess.Popen(argv, env=up.environment, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        before = json.loads(watching.stdout.readline())["sync"]
        [asked] = up.json("sync", "harbour-lane", *first_days_typed(1), "--no-wait")
        assert asked["sync_id"] != (before or {}).get("sync_id")
        for line in watching.stdout:
            sync = json.loads(line)["sync"]
            if sync["sync_id"] == asked["sync_id"] and sync["status"] == "completed":
                break
        interrupt(watching)
    assert watching.returncode == Exit.INTERRUPTED
