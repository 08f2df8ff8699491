"""`up` and what a person does beside it, with real processes, a real browser and the sandbox portal."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest

from ops.client.exit_status import Exit
from ops.local.watchdog.process_markers import find_marked
from tests.conftest import eventually, join
from tests.ops.up_process import ARGV, Up, interrupt


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    one = Up(SHUTDOWN_GRACE_MS="1000")
    try:
        eventually(one.is_ready, timeout=60)
        yield one
    finally:
        one.clear()


def test_a_sync_is_followed_from_its_first_event_to_its_last(up: Up) -> None:
    events = up.json("sync", "cedar-creek", "--days", "5")
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [events[0]["event"], events[-1]["event"]] == ["accepted", "completed"]
    assert events[-1]["dates_done"] == 5
    watched = up.json("watch", events[0]["sync_id"])
    assert watched == events  # joined late, and missed nothing


def test_status_and_runs_show_it(up: Up) -> None:
    [sync_id] = {event["sync_id"] for event in up.json("sync", "harbour-lane", "--days", "2")}
    [status] = up.json("status", "harbour-lane")
    assert (status["sync"]["sync_id"], status["sync"]["status"]) == (sync_id, "completed")
    assert sync_id in [run["sync_id"] for run in up.json("runs", "harbour-lane")]
    text = up.run("status").stdout
    assert "harbour-lane" in text
    assert "s ago" in text


def test_who_watches_everything_sees_a_sync_that_begins_later(up: Up) -> None:
    watching = subprocess.Popen([*ARGV, "watch", "--json"], env=up.environment, stdout=subprocess.PIPE, text=True)
    seen: list[dict[str, Any]] = []
    reader = Thread(target=lambda: seen.extend(map(json.loads, watching.stdout or ())), daemon=True)
    reader.start()
    synced: set[str] = set()
    try:
        # More than one only where the machine is so busy that a sync is over before anybody watches.
        while "completed" not in {event["event"] for event in seen}:
            synced |= {event["sync_id"] for event in up.json("sync", "cedar-creek", "--days", "2")}
            assert len(synced) < 10
    finally:
        interrupt(watching)
        join(reader)
        watching.communicate()  # closes the pipe
    assert watching.returncode == Exit.INTERRUPTED
    assert {event["sync_id"] for event in seen} <= synced  # nothing of those that were over before


def test_the_doctor_finds_nothing_wrong(up: Up) -> None:
    [found] = up.json("doctor")
    assert {check["name"]: check["grade"] for check in found["checks"] if check["grade"] == "fail"} == {}


def test_refusals_come_with_their_exit_status(up: Up) -> None:
    assert up.run("sync", "no-such-clinic").returncode == Exit.USAGE
    assert up.run("sync", "cedar-creek", "--days", "61").returncode == Exit.USAGE
    assert up.run("watch", "00000000-0000-4000-8000-000000000000").returncode == Exit.USAGE
    again = up.run("up")
    assert again.returncode == Exit.FAILED
    assert f"process {up.process.pid}" in again.stderr


def test_a_clinic_with_a_wrong_password_has_its_own_exit_status(up: Up) -> None:
    assert (
        up.run("clinic", "add", "south", "--name", "South", "--timezone", "Mars/Olympus").returncode == Exit.USAGE
    )
    assert up.run("clinic", "add", "south", "--name", "South", "--timezone", "America/Denver").returncode == 0
    assert up.run("sync", "south").returncode == Exit.LOGIN_REJECTED
    done = up.run("credentials", "set", "south", "--username", "unknown", "--company-id", "1", given="wrong\n")
    assert done.returncode == 0, done.stderr
    assert "wrong" not in done.stdout + done.stderr
    assert up.run("credentials", "test", "south").returncode == Exit.LOGIN_REJECTED
    assert up.run("clinic", "remove", "south").returncode == Exit.USAGE  # no terminal for the confirmation
    assert up.run("clinic", "remove", "south", "--yes").returncode == 0
    assert up.run("sync", "south").returncode == Exit.USAGE


def test_there_are_no_dead_letters_and_a_wrong_name_says_so(up: Up) -> None:
    assert up.json("dlq", "list") == []
    assert "QUEUE/NUMBER" in up.run("dlq", "show", "nonsense").stderr


def test_ctrl_c_ends_everything_also_calls_that_hang_and_the_next_up_goes_on(up: Up) -> None:
    """Last in this file: it stops what the others use."""
    before = up.json("runs")
    up.fault_settings(latency_ms=60_000)
    [asked] = up.json("sync", "cedar-creek", "--days", "3", "--no-wait")
    dates = ("runs", "show", asked["sync_id"])
    eventually(lambda: "scraping" in {each["status"] for each in up.json(*dates)[0]["sync"]["dates"]}, timeout=30)
    assert up.stop() == 0
    assert find_marked(up.home.label) == []
    assert "did not stop in time" not in up.log.read_text()
    assert list((up.folder / "tmp").iterdir()) == []
    assert up.home.running() is None
    again = [*ARGV, "up", "--sandbox"]
    process = subprocess.Popen(again, env=up.environment, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        eventually(lambda: (running := up.home.running()) and running.environment, timeout=60)
        assert up.json("watch", asked["sync_id"])[-1]["event"] == "completed"
        assert [run for run in up.json("runs") if run["sync_id"] != asked["sync_id"]] == before
    finally:
        process.terminate()
        assert process.wait(60) == 0
    assert find_marked(up.home.label) == []
