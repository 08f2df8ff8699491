"""Watching: who comes late sees everything first."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Thread
from typing import Any

import nats
import pytest
from nats.aio.msg import Msg

from ops.client.exit_status import Exit
from tests.conftest import eventually, join, until
from tests.ops.up_process import ARGV, Up, interrupt

CLINIC = "cedar-creek"

#: Looks again at once, instead of every ten seconds.
_IMPATIENT = (
    "import ops.client.events; ops.client.events.LOOK_AGAIN = 0.1\n"
    "from ops.cli import main; raise SystemExit(main(['watch']))"
)


@pytest.mark.parametrize("what", [[], [CLINIC]], ids=["all", "a-clinic"])
def test_one_who_joins_late_sees_what_was_before_anything_new_happens(up: Up, what: list[str]) -> None:
    up.fault_settings(hang=60)
    [accepted] = up.json("sync", CLINIC, "--days", "2", "--no-wait")
    eventually(lambda: states(up, accepted["sync_id"]) == {"scraping"})
    argv = [*ARGV, "watch", *what, "--json"]
    seen: list[dict[str, Any]] = []
    with subprocess.Popen(argv, env=up.environment, stdout=subprocess.PIPE, text=True) as watching:
        reader = Thread(target=lambda: seen.extend(map(json.loads, watching.stdout or ())), daemon=True)
        reader.start()
        try:
            eventually(lambda: len(seen) == 4)
            assert [event["event"] for event in seen] == ["accepted", "started", "date_started", "date_started"]
            up.json("cancel", CLINIC, accepted["sync_id"])
            eventually(lambda: seen[-1]["event"] == "cancelled")
        finally:
            interrupt(watching)
            join(reader)
    assert watching.returncode == Exit.INTERRUPTED
    assert {event["sync_id"] for event in seen} == {accepted["sync_id"]}
    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))


def _so(condition: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def ask() -> bool:
        return condition()

    return ask


def states(up: Up, sync_id: str) -> set[str]:
    [shown] = up.json("runs", "show", sync_id)
    return {day["status"] for day in shown["sync"]["dates"]}


def test_a_clinic_that_is_not_known_is_a_mistake_of_the_one_who_asks(up: Up) -> None:
    assert up.run("watch", "no-such-clinic").returncode == Exit.USAGE


def test_it_says_when_no_gateway_answers_any_more_and_when_one_does_again(up: Up) -> None:
    answers = {"looks": 0}

    async def overview(message: Msg) -> None:
        answers["looks"] += 1
        await message.respond(b'{"ok": true, "syncs": []}')

    async def run(output: Path) -> None:
        client = await nats.connect(up.nats_url())
        here = f"gone{os.getpid()}"
        environment = {**up.environment, "SUBJECT_PREFIX": here}
        argv = [sys.executable, "-c", _IMPATIENT]
        gateway = await client.subscribe(f"{here}.cmd.overview._all", cb=overview)
        await client.flush()
        with output.open("wb") as log:
            watching = await asyncio.create_subprocess_exec(*argv, env=environment, stderr=log)
        try:
            await until(_so(lambda: answers["looks"] > 1))
            await gateway.unsubscribe()
            await until(_so(lambda: "no gateway is connected" in output.read_text()))
            await client.subscribe(f"{here}.cmd.overview._all", cb=overview)
            await until(_so(lambda: "responds again" in output.read_text()))
        finally:
            watching.send_signal(signal.SIGINT)
            try:
                async with asyncio.timeout(30):  # it must end, whatever it asks at this moment
                    await watching.wait()
            except TimeoutError:
                watching.kill()
                raise
        await client.close()

    output = up.folder / "output"
    asyncio.run(run(output))
    assert output.read_text().count("no gateway is connected") == 1
