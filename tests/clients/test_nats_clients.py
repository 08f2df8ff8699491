"""Clients that share no code with ours request syncs, follow them from late on, cancel them, and are refused."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.clients.second_python_client import SecondClient
from tests.npm import needs_npm, run_node
from tests.safety.secured import Secured
from tests.system.conftest import Asker, System

pytestmark = pytest.mark.anyio

SCRIPT = Path(__file__).with_name("nats_client.mjs")

#: What malformed requests are refused with, in the order in which the clients send them.
REFUSALS = [
    *([400, "bad_request"],) * 5,
    [413, "too_large"],
    [404, "unknown_sync"],
]


class JavaScript:
    """The client of `nats_client.mjs`, as a user of the server."""

    def __init__(self, server: Secured, clinic: str, other: str) -> None:
        self._server = server
        self._environment = {
            "NATS_SERVER": server.address,
            "PREFIX": server.subjects.prefix,
            "STREAM": server.subjects.event_stream,
            "CLINIC": clinic,
            "OTHER": other,
        }

    async def run(self, role: str, user: str, **environment: str) -> dict[str, Any]:
        credentials = {"NATS_USER": user, "NATS_PASSWORD": self._server.passwords[user]}
        output = await run_node(SCRIPT, role, **self._environment, **credentials, **environment)
        return dict(json.loads(output))


@needs_npm
async def test_clients_of_other_makers_do_what_the_interface_says(
    system: System, server: Secured, sandbox: SandboxProcess, clinics: list[SandboxClinic], asker: Asker
) -> None:
    system.everything()
    here, there = (clinic.slug for clinic in clinics)
    script, user = JavaScript(server, here, there), f"clinic-{here}"
    async with SecondClient.connected(server, there) as second:
        done, followed = await asyncio.gather(script.run("clinic", user), second.follow_from_late_on())
        for slug, sync_id, events in ((here, done["sync_id"], done["events"]), (there, *followed)):
            assert events == [event["event"] for event in await asker.events(slug, sync_id)]
            assert events[-1] == "completed"
        refused = await asyncio.gather(script.run("malformed", user), second.refusals())
        assert [refused[0]["refusals"], refused[1]] == [REFUSALS, REFUSALS]
        late = await script.run("stream", "worker", SYNC_ID=done["sync_id"])
        assert late["events"] == done["events"]
        assert sorted((await script.run("operator", "ops"))["clinics"]) == sorted([here, there])
        await sandbox.fault_settings(latency_ms=3000)
        cancelled = await asyncio.gather(script.run("cancel", user), second.cancel())
        assert [cancelled[0]["events"][-1], cancelled[1][-1]] == ["cancelled", "cancelled"]
