"""Measures one broker under one kind of load; runs in a separate process with its broker's module."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from .tally import Tally

ROOT = Path(__file__).resolve().parents[3]
DEADLINE = 180.0


class Workers:
    """A `python -m dramatiq` process with the actors of the benchmark."""

    def __init__(self, processes: int, threads: int) -> None:
        options = ["--processes", str(processes), "--threads", str(threads)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dramatiq", "ops.bench.broker.actors", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=ROOT,
        )

    def cpu(self) -> float:
        tree = psutil.Process(self._process.pid).children(recursive=True)
        return sum(times.user + times.system for times in (process.cpu_times() for process in tree))

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def main() -> None:
    """Runs `measure SCENARIO COUNT`; prints one JSON object."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the workers are stopped
    scenario, count = sys.argv[1], int(sys.argv[2])
    tally = Tally.create(Path(os.environ["BENCH_TALLY"]))
    figures = {"enqueue": enqueue, "end_to_end": end_to_end, "latency": latency}[scenario](tally, count)
    print(json.dumps(figures))


def enqueue(tally: Tally, count: int) -> dict[str, float]:
    """Sends from one thread, from eight, and in batches; then one worker process with eight threads drains the
    queue, and two processes with four threads each drain the same number again."""
    from . import actors

    figures: dict[str, float] = {}
    figures["enqueue_1"] = _rate(count, lambda: _send(actors, count))
    figures |= _drain(tally, count, "drain_1x8", 1, 8)
    tally = Tally.create(Path(os.environ["BENCH_TALLY"]))
    figures["enqueue_8"] = _rate(count, lambda: _send_from(actors, count, 8))
    figures |= _drain(tally, count, "drain_2x4", 2, 4)
    if hasattr(actors.broker, "enqueue_many"):
        messages = [actors.noop.message() for _ in range(count)]
        figures["enqueue_many"] = _rate(count, lambda: actors.broker.enqueue_many(messages))
    return figures


def end_to_end(tally: Tally, count: int) -> dict[str, float]:
    """Sends while a worker process with eight threads runs, until the last message is done."""
    from . import actors

    workers = Workers(1, 8)
    try:
        _warm_up(actors, tally)
        done_before = tally.count
        began = time.time()
        if hasattr(actors.broker, "enqueue_many"):
            actors.broker.enqueue_many([actors.noop.message() for _ in range(count)])
        else:
            _send(actors, count)
        _await(tally, done_before + count)
        return {"end_to_end": count / (time.time() - began)}
    finally:
        workers.stop()


def latency(tally: Tally, count: int) -> dict[str, float]:
    """Sends 200 messages per second to an idle worker; returns how late the actors started."""
    from . import actors

    workers = Workers(1, 8)
    try:
        _warm_up(actors, tally)
        done_before = tally.count
        began = time.monotonic()
        for number in range(count):
            time.sleep(max(0.0, began + number / 200 - time.monotonic()))
            actors.timed.send(number, time.time())
        _await(tally, done_before + count)
        late = tally.latencies(count)
        return {"p50_ms": late[count // 2] * 1000, "p99_ms": late[count * 99 // 100] * 1000}
    finally:
        workers.stop()


def _drain(tally: Tally, count: int, name: str, processes: int, threads: int) -> dict[str, float]:
    workers = Workers(processes, threads)
    try:
        _await(tally, count)
        rate = count / (time.time() - tally.first)
        own = resource.getrusage(resource.RUSAGE_SELF)
        return {
            name: rate,
            f"{name}_worker_cpu_per_10k": workers.cpu() / count * 10_000,
            "sender_cpu": own.ru_utime + own.ru_stime,
        }
    finally:
        workers.stop()


def _send(actors: Any, count: int) -> None:
    for _ in range(count):
        actors.noop.send()


def _send_from(actors: Any, count: int, threads: int) -> None:
    senders = [threading.Thread(target=_send, args=(actors, count // threads)) for _ in range(threads)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()


def _warm_up(actors: Any, tally: Tally) -> None:
    _send(actors, 50)
    _await(tally, 50)


def _rate(count: int, work: Any) -> float:
    began = time.monotonic()
    work()
    return count / (time.monotonic() - began)


def _await(tally: Tally, count: int) -> None:
    deadline = time.monotonic() + DEADLINE
    while tally.count < count:
        if time.monotonic() > deadline:
            raise SystemExit(f"Only {tally.count} of {count} messages were processed within {DEADLINE} s.")
        time.sleep(0.002)


if __name__ == "__main__":
    main()
