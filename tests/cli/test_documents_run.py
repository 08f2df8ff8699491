"""The commands of the documents are carried out, one after the other, with a clinic and a sync of the sandbox's."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from actors.settings import load
from ops.cli import main
from ops.client.exit_status import Exit
from ops.doctor.home_key import KEY_FILE
from tests.cli.test_documents import STAND_INS, named, path_of, words
from tests.conftest import eventually
from tests.ops.up_process import Up

#: What is not carried out here, and why.
LEFT_OUT = {
    "run until Ctrl-C": {"up", "gateway", "worker", "console", "watch", "sandbox"},
    "are tried elsewhere, since they need something that is wrong": {
        "dlq",
        "credentials",
        "runs approve",
        "runs reject",
        "bookings settle",
        "bookings release",
        "forget",
        "migrate",
    },
    "change what other tests look at": {"clinic add", "clinic remove", "runs undo", "nats-config"},
    "need what only the reader has: a file, a column, a provider": {"clinic import", "calendar-feed"},
    "would call a host on the internet": {"clinic webhook test", "clinic webhook redeliver"},
}
#: Where nothing runs there is nothing to cancel.
STATUSES = {"cancel": Exit.USAGE}


def is_left_out(path: str) -> bool:
    return any(path == one or path.startswith(f"{one} ") for left_out in LEFT_OUT.values() for one in left_out)


def lines() -> list[str]:
    """The lines that say all that their commands need; in an order in which what is set is shown and then removed."""
    whole = [line for line in named() if words(line) != path_of(line) or line in ("status", "runs", "doctor")]
    return sorted((line for line in whole if not is_left_out(" ".join(path_of(line)))), key=_moment)


def _moment(line: str) -> int:
    """Syncs before there is a webhook, which would get their deliveries."""
    path = path_of(line)
    if path == ["sync"]:
        return 0
    return 1 if "set" in path else 4 if "--all" in line else 3 if "remove" in path else 2


@pytest.fixture
def here(up: Up, monkeypatch: pytest.MonkeyPatch) -> Up:
    """This process finds the machine as a command does that is typed beside it."""
    running = up.home.running()
    assert running is not None
    key = (up.home.folder / KEY_FILE).read_text().strip()
    for name, value in {**up.environment, **running.environment, "ENCRYPTION_KEY": key}.items():
        monkeypatch.setenv(name, value)
    load.cache_clear()
    return up


@pytest.fixture
def stands_for(here: Up) -> dict[str, str]:
    """What to put in the place of the reader's own."""
    eventually(lambda: {run["status"] for run in here.json("runs")} & {"queued", "in_progress"} == set())
    # The documents sync days from today on. Of three, one is a working day.
    dry_run = here.json("sync", "cedar-creek", "--days", "3", "--dry-run")[0]
    first = date.fromisoformat(dry_run["start_date"])
    days = {day: here.truth("cedar-creek", day) for day in (first + timedelta(days=n) for n in range(3))}
    day, [appointment, *_] = next((day, records) for day, records in days.items() if records)
    own = {
        "SYNC": dry_run["sync_id"],
        "DATE": str(day),
        "CLINIC": "cedar-creek",
        "APPOINTMENT": appointment["neo_appointment_id"],
    }
    return {STAND_INS[name]: value for name, value in own.items()}


def test_every_command_does_what_it_is_shown_for(
    here: Up,
    stands_for: dict[str, str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)  # pictures are saved
    given = [[stands_for.get(word, word) for word in words(line)] for line in lines()]
    clean = [
        ["clinic", "schedule", "remove", "cedar-creek"],
        ["clinic", "goal", "cedar-creek", "--max-age", "none"],
    ]
    found = {}
    for argv in dict.fromkeys(map(tuple, [*given, *clean])):
        capfd.readouterr()
        status = main([*argv, "--yes"] if "webhook" in argv and "remove" in argv else argv)
        if status != STATUSES.get(argv[0], Exit.OK):
            found[" ".join(argv)] = f"{status}: {capfd.readouterr().err}"
    load.cache_clear()
    assert len(given) > 25
    assert found == {}
