"""The exit status of `sync` shows how the sync ended: each status, with the whole system."""

from __future__ import annotations

import subprocess
from datetime import timedelta

from ops.client.exit_status import Exit
from tests.calendar_days import first_days_typed
from tests.conftest import eventually, free_port
from tests.ops.up_process import ARGV, Up

CLINIC = "cedar-creek"


def sync(up: Up, *more: str, clinic: str = CLINIC) -> subprocess.CompletedProcess[str]:
    return up.run("sync", clinic, *(more or first_days_typed(2)))


def test_0_when_everything_is_in(up: Up) -> None:
    assert sync(up).returncode == Exit.OK


def test_1_when_no_date_could_be_done_and_the_evidence_can_be_looked_at(up: Up) -> None:
    up.fault_settings(drift=["renamed_fields"])
    done = sync(up)
    assert done.returncode == Exit.FAILED
    assert "portal_changed" in done.stdout
    [run] = up.json("runs", CLINIC, "--limit", "1")
    found = up.json("evidence", run["sync_id"])
    assert {one["reason"] for one in found} == {"portal_changed"}
    assert len(found) == 2
    assert "portal_changed" in up.run("evidence", run["sync_id"], found[0]["date"]).stdout
    folder = up.folder / "pictures"
    assert up.run("evidence", run["sync_id"], "--save", str(folder)).returncode == 0
    pictures = list(folder.iterdir())
    assert len(pictures) == 2
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    assert all(path.stat().st_mode & 0o077 == 0 for path in pictures)


def test_2_when_it_was_asked_wrongly(up: Up) -> None:
    assert sync(up, "--days", "0").returncode == Exit.USAGE
    assert sync(up, clinic="no-such-clinic").returncode == Exit.USAGE


def test_3_when_a_date_failed(up: Up) -> None:
    tomorrow = up.clinic(CLINIC).today + timedelta(days=1)
    up.fault_settings(fail=[{"mode": "status", "status": 404, "date": tomorrow.isoformat()}])
    done = sync(up, "--start", (tomorrow - timedelta(days=1)).isoformat(), "--end", tomorrow.isoformat())
    assert done.returncode == Exit.PARTIAL
    assert "partially completed" in done.stdout
    assert tomorrow.isoformat() in done.stdout


def test_4_when_the_portal_does_not_let_it_in(up: Up) -> None:
    known = ("--name", "South", "--timezone", "America/Denver")
    assert up.run("clinic", "add", "south", *known).returncode == 0
    given = ("credentials", "set", "south", "--username", "unknown", "--company-id", "1")
    assert up.run(*given, given="wrong\n").returncode == 0
    assert sync(up, clinic="south").returncode == Exit.LOGIN_REJECTED
    refused = sync(up, clinic="south")  # at the door, since the credentials have not changed
    assert refused.returncode == Exit.LOGIN_REJECTED
    assert "credentials set south" in refused.stderr
    assert up.run("clinic", "remove", "south", "--yes").returncode == 0


def test_6_when_nats_is_away(up: Up) -> None:
    away = {**up.environment, "NATS_URL": f"nats://127.0.0.1:{free_port()}"}
    done = subprocess.run([*ARGV, "sync", CLINIC], env=away, capture_output=True, text=True, timeout=60)
    assert done.returncode == Exit.UNREACHABLE


def test_7_when_the_queue_is_full_and_8_when_it_was_cancelled(up: Up) -> None:
    up.fault_settings(hang=60)
    with subprocess.Popen([*ARGV, "sync", CLINIC], env=up.environment, stdout=subprocess.PIPE, text=True) as one:
        eventually(lambda: [run["status"] for run in up.json("runs", CLINIC, "--limit", "1")] == ["in_progress"])
        [waits] = up.json("sync", CLINIC, "--no-wait")
        assert (waits["status"], waits["position"]) == ("queued", 1)
        refused = sync(up)
        assert refused.returncode == Exit.REJECTED
        assert "try again in" in refused.stderr
        [running] = [run for run in up.json("runs", CLINIC, "--limit", "2") if run["status"] == "in_progress"]
        text = up.run("status", CLINIC).stdout
        assert text.index(running["sync_id"]) < text.index(waits["sync_id"]), "what runs holds up what waits"
        assert "syncing for" in up.run("status").stdout
        too_early = up.run("runs", "undo", running["sync_id"], "--yes")
        assert (too_early.returncode, "in_progress" in too_early.stderr) == (Exit.USAGE, True)
        up.json("cancel", CLINIC, waits["sync_id"])
        up.json("cancel", CLINIC, running["sync_id"])
        assert "cancelled" in one.communicate(timeout=30)[0]
        assert one.returncode == Exit.ENDED_EARLY
