"""A real `python -m dramatiq` process, as it is run in production."""

from __future__ import annotations

from pathlib import Path

from tests.broker.workers import WorkerProcess
from tests.conftest import eventually


def test_a_worker_process_runs_what_was_sent(worker: WorkerProcess) -> None:
    worker.start()
    worker.send("note", "one")
    worker.send("note_async", "two")
    eventually(lambda: sorted(worker.notes()) == ["one", "two"])
    worker.broker.join("default", timeout=5000)


def test_a_stopping_worker_process_ends_cleanly(worker: WorkerProcess) -> None:
    worker.start()
    worker.send("note", "one")
    eventually(lambda: worker.notes() == ["one"])
    assert worker.stop() == 0
    assert "Traceback" not in worker.log()
    assert "Warning" not in worker.log()


def test_a_killed_worker_gives_its_message_back(worker: WorkerProcess, tmp_path: Path) -> None:
    worker.start()
    worker.send("hang", str(tmp_path / "go"), "survived")
    eventually(lambda: worker.notes() == ["begun"])
    worker.kill()
    (tmp_path / "go").touch()
    worker.start()
    eventually(lambda: "survived" in worker.notes())
    worker.broker.join("default", timeout=5000)
