"""Following a sync through the restart of a real nats-server; a double stands for the gateway."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import nats
from nats.aio.msg import Msg

from ops.client.exit_status import Exit
from tests.broker.servers import Server
from tests.conftest import until

CLINIC = "cedar-creek"

#: Asks the gateway after a tenth of a second without an event, instead of two seconds.
_IMPATIENT = (
    "import sys; import ops.client.events; ops.client.events.SILENCE = 0.1\n"
    "from ops.cli import main; raise SystemExit(main())"
)


def test_following_survives_a_killed_nats_server_and_gives_up_when_the_patience_is_over(tmp_path: Path) -> None:
    """The sync's own exit status arrives, although the server was away when the sync ended."""
    server = Server(tmp_path / "nats")
    known = str(uuid4())
    stored = [_event(known, 1, "accepted"), _event(known, 2, "started")]
    ended = _event(
        known, 3, "completed", partial_success=True, errors=[], removals_held=0, stats={}, duration_ms=1
    )

    async def gateway(message: Msg) -> None:
        asked = json.loads(message.data)
        reply: dict[str, Any] = {"ok": True, "sync_id": known, "status": "in_progress", "position": 0}
        if ".events." in message.subject:
            reply["events"] = stored[asked["after_seq"] :]
        await message.respond(json.dumps(reply).encode())

    async def run(output: Path) -> tuple[int | None, int | None]:
        server.start()
        client = await nats.connect(server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
        double = await client.subscribe("idexx.cmd.*.*", cb=gateway)
        await client.flush()
        environment = {**os.environ, "NATS_URL": server.url, "IDEXX_SYNC_HOME": str(tmp_path / "home")}
        with output.open("wb") as log:
            argv = [sys.executable, "-c", _IMPATIENT, "sync", CLINIC, "--patience"]
            one, other = [
                await asyncio.create_subprocess_exec(*argv, time, env=environment, stdout=log, stderr=log)
                for time in ("10m", "1s")
            ]
            try:
                await until(_says(output, "  started", 2))
                server.kill()
                stored.append(ended)
                await until(_says(output, "NATS does not respond", 2))
                async with asyncio.timeout(30):
                    await other.wait()
                server.start()
                async with asyncio.timeout(30):
                    await one.wait()
            finally:
                for process in (one, other):
                    if process.returncode is None:
                        process.kill()
                        await process.wait()
        await double.unsubscribe()
        await client.close()
        return one.returncode, other.returncode

    output = tmp_path / "output"
    try:
        assert asyncio.run(run(output)) == (Exit.PARTIAL, Exit.UNREACHABLE), output.read_text()
    finally:
        server.close()
    assert f"gave up after 1 s, sync {known} goes on" in output.read_text()
    assert "a gateway responds again" in output.read_text()


def _event(sync_id: str, seq: int, name: str, **more: Any) -> dict[str, Any]:
    known = {"event": name, "sync_id": sync_id, "clinic": CLINIC, "seq": seq, "at": "2030-01-01T00:00:00+00:00"}
    dates = {"start_date": "2030-01-01", "end_date": "2030-01-01", "dates_total": 1, "dates_done": 0}
    return {**known, **dates, "status": "in_progress", "progress_percentage": 0, **more}


def _says(output: Path, text: str, times: int) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return output.read_text().count(text) >= times  # noqa: ASYNC240

    return look
