"""A real `python -m dramatiq` process, as it is run in production."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil

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


def test_what_a_stopped_process_holds_is_run_by_another_and_perhaps_twice(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    process = worker.start()
    worker.send("hang", str(tmp_path / "go"), "done")
    eventually(lambda: worker.notes() == ["begun"])
    processes = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    os.killpg(process.pid, signal.SIGSTOP)
    try:
        eventually(lambda: all(one.status() == psutil.STATUS_STOPPED for one in processes))
        (tmp_path / "go").touch()
        worker.start()
        eventually(lambda: "done" in worker.notes())
    finally:
        os.killpg(process.pid, signal.SIGCONT)
    eventually(lambda: worker.notes().count("done") >= 2)
    worker.broker.join("default", timeout=30_000)
    assert worker.broker.get_dead_letters("default") == []
