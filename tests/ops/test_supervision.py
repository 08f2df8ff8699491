"""The supervisor with real processes and signals: no process is left behind, whichever dies."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ops.local.supervision import Command, Stage, StartFailed, Supervisor
from ops.local.supervision.supervisor import LONGEST_PAUSE, describe, pause
from ops.local.watchdog.process_markers import find_marked, is_alive, kill_marked
from tests.conftest import eventually

pytestmark = pytest.mark.anyio

#: A child that writes its id and the time of its end into a file, and then a second file when it stops.
PATIENT = """
import os, pathlib, signal, sys, time
folder, name = pathlib.Path(sys.argv[1]), sys.argv[2]
def stop(*_):
    with (folder / "order").open("a") as order:
        order.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
(folder / name).write_text(str(os.getpid()))
while True:
    time.sleep(60)
"""

#: A child that will not stop.
STUBBORN = PATIENT.replace("signal.signal(signal.SIGTERM, stop)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")

#: A child with a grandchild in a session of its own, as Chromium is.
PARENT = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
pathlib.Path(sys.argv[1], "grandchild").write_text(str(child.pid))
time.sleep(600)
"""


def command(code: str, folder: Path, name: str, **settings: Any) -> Command:
    return Command(name=name, argv=(sys.executable, "-c", code, str(folder), name), **settings)


def pid_in(file: Path) -> int:
    return eventually(lambda: file.exists() and int(file.read_text() or 0))


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and is_alive(psutil.Process(pid))


async def reached(condition: Callable[[], Any]) -> Any:
    return await asyncio.to_thread(eventually, condition)


async def test_stages_stop_in_order_and_a_clean_stop_is_quiet(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(grace=10, say=said.append) as supervisor:
        for stage in reversed(Stage):
            await supervisor.start(command(PATIENT, tmp_path, stage.name, stage=stage))
            await asyncio.to_thread(pid_in, tmp_path / stage.name)
    assert (tmp_path / "order").read_text().split() == ["GATEWAY", "WORKERS", "SERVERS"]
    assert said == []
    assert find_marked(supervisor.mark) == []


async def test_what_does_not_stop_in_time_is_killed_and_named(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(grace=0.5, say=said.append) as supervisor:
        await supervisor.start(command(STUBBORN, tmp_path, "stubborn"))
        pid = await asyncio.to_thread(pid_in, tmp_path / "stubborn")
    assert not is_running(pid)
    assert said == ["stubborn did not stop in time and is killed"]


async def test_what_is_ended_stays_ended_until_it_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(grace=10, say=said.append) as supervisor:
        for name in ("one", "other"):
            await supervisor.start(command(PATIENT, tmp_path, name))
        pid, other = [await asyncio.to_thread(pid_in, tmp_path / name) for name in ("one", "other")]
        await supervisor.end("one")
        assert (is_running(pid), is_running(other)) == (False, True)
        (tmp_path / "one").unlink()
        await supervisor.start(command(PATIENT, tmp_path, "one"))
        assert is_running(await asyncio.to_thread(pid_in, tmp_path / "one"))
    assert sorted((tmp_path / "order").read_text().split()) == ["one", "one", "other"]
    assert said == []


async def test_a_child_that_dies_is_started_again_and_its_leftovers_are_killed_first(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(grace=5, say=said.append) as supervisor:
        await supervisor.start(command(PARENT, tmp_path, "parent"))
        grandchild = await asyncio.to_thread(pid_in, tmp_path / "grandchild")
        first = supervisor.pid("parent")
        assert first
        os.kill(first, signal.SIGKILL)
        await reached(lambda: said == ["parent ended unexpectedly (killed by SIGKILL); restarting it in 0.5 s"])
        assert not is_running(grandchild)
        await reached(lambda: supervisor.pid("parent") not in (None, first))
        await reached(lambda: pid_in(tmp_path / "grandchild") != grandchild)
    assert find_marked(supervisor.mark) == []


async def test_output_is_passed_on_line_by_line(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []
    code = "import sys, time; print('out', flush=True); print('err', file=sys.stderr, flush=True); time.sleep(600)"
    async with Supervisor(grace=5, output=lambda name, line: seen.append((name, line))) as supervisor:
        await supervisor.start(command(code, tmp_path, "talker"))
        await reached(lambda: len(seen) == 2)
    assert seen == [("talker", "out"), ("talker", "err")]


#: A grandchild that nothing marks as ours, with the pipe of its parent.
STRANGER = """
import pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True, env={})
pathlib.Path(sys.argv[1], "stranger").write_text(str(child.pid))
time.sleep(600)
"""


async def test_who_keeps_the_pipe_and_cannot_be_found_holds_up_no_stop(tmp_path: Path) -> None:
    async with asyncio.timeout(20):
        async with Supervisor(grace=5) as supervisor:
            await supervisor.start(command(STRANGER, tmp_path, "parent"))
            stranger = await asyncio.to_thread(pid_in, tmp_path / "stranger")
    os.kill(stranger, signal.SIGKILL)


async def test_a_start_that_fails_says_how_and_shows_the_last_words(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    log = tmp_path / "log"
    broken = command("print('no such file: x'); exit(3)", tmp_path, "broken", log=log, ready=never)
    async with Supervisor(grace=5) as supervisor:
        with pytest.raises(
            StartFailed, match=r"broken ended right after its start \(exit status 3\): no such file: x"
        ):
            await supervisor.start(broken)
        silent = command("print('who am I?'); exit(4)", tmp_path, "silent", ready=never)
        with pytest.raises(StartFailed, match=r"silent ended right after its start \(exit status 4\): who am I\?"):
            await supervisor.start(silent)
        missing = Command(name="missing", argv=("/no/such/program",))
        with pytest.raises(StartFailed, match="missing: /no/such/program cannot be started: No such file"):
            await supervisor.start(missing)


def test_the_pause_grows_and_has_a_limit() -> None:
    assert [pause(n) for n in (1, 2, 3, 4)] == [0.5, 1, 2, 4]
    assert pause(1000) == LONGEST_PAUSE
    assert describe(-9) == "killed by SIGKILL"


# --- in a process of its own: signals to the supervisor, and its death

SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from ops.local.supervision import Command, Stage, supervise

def say(line):
    print(line, flush=True)

async def main(supervisor):
    for n, code in enumerate(json.loads(sys.argv[2])):
        await supervisor.start(Command(name=f"c{n}", argv=(sys.executable, "-c", code, sys.argv[1], f"c{n}")))
    print(json.dumps({"mark": supervisor.mark}), flush=True)
    await asyncio.Event().wait()

sys.exit(asyncio.run(supervise(main, say=say, grace=float(sys.argv[3]))))
"""


class Running:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path, codes: list[str], grace: float) -> None:
        argv = [sys.executable, "-c", SCRIPT, str(folder), json.dumps(codes), str(grace)]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.mark = json.loads(self.line())["mark"]

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*codes: str, grace: float = 10) -> Running:
        started.append(Running(tmp_path, list(codes), grace))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        kill_marked(one.mark)  # first: the watchdog would wait for their grace, and has the pipe
        one.process.communicate()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_with_exit_status_0(
    running: Callable[..., Running], tmp_path: Path, signum: signal.Signals
) -> None:
    one = running(PATIENT, PARENT)
    pid_in(tmp_path / "c0")
    grandchild = pid_in(tmp_path / "grandchild")
    one.process.send_signal(signum)
    assert one.process.wait(20) == 0
    assert not is_running(grandchild)
    assert find_marked(one.mark) == []


def test_a_second_signal_kills_at_once(running: Callable[..., Running], tmp_path: Path) -> None:
    one = running(STUBBORN, grace=600)
    pid_in(tmp_path / "c0")
    one.process.send_signal(signal.SIGTERM)
    assert "a second signal" in one.line()
    one.process.send_signal(signal.SIGINT)
    assert one.process.wait(20) == 128 + signal.SIGINT
    assert find_marked(one.mark) == []


def test_the_children_of_a_killed_supervisor_stop_in_order(
    running: Callable[..., Running], tmp_path: Path
) -> None:
    one = running(PATIENT, PARENT)
    pid_in(tmp_path / "c0")
    grandchild = pid_in(tmp_path / "grandchild")
    one.process.kill()
    eventually(lambda: find_marked(one.mark) == [])
    assert (tmp_path / "order").read_text().split() == ["c0"]
    assert not is_running(grandchild)


def test_a_killed_watchdog_is_replaced(running: Callable[..., Running], tmp_path: Path) -> None:
    one = running(PATIENT, PATIENT)
    first = pid_in(tmp_path / "c0")
    pid_in(tmp_path / "c1")
    [watchdog] = watchdogs_of(one)
    watchdog.kill()
    os.kill(first, signal.SIGKILL)  # the next event to report
    assert "c0 ended unexpectedly" in one.line()
    eventually(lambda: [new.pid for new in watchdogs_of(one)] not in ([], [watchdog.pid]))
    eventually(lambda: pid_in(tmp_path / "c0") != first)
    one.process.kill()
    eventually(lambda: find_marked(one.mark) == [])


def watchdogs_of(one: Running) -> list[psutil.Process]:
    children = psutil.Process(one.process.pid).children()
    return [c for c in children if is_alive(c) and "ops.local.watchdog" in c.cmdline()]
