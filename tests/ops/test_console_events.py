"""The console's screen of one sync shows all of its events, and asks for each of them once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from textual.app import App
from textual.widgets import RichLog

from actors.messages import Subjects
from ops.console.screens import SyncScreen
from ops.console.source import Source
from ops.console.state import ConsoleState
from tests.conftest import until

pytestmark = pytest.mark.anyio

#: The most that one answer of a gateway holds.
PAGE = 1_000


class Gateway:
    """Answers for one sync that has so many events, and keeps what it was asked."""

    def __init__(self, count: int) -> None:
        self.sync_id = str(uuid4())
        self.asked: list[int] = []
        self.looks = 0
        self.events: list[dict[str, Any]] = []
        for _ in range(count):
            self.event()

    def event(self) -> dict[str, Any]:
        seq = len(self.events) + 1
        one = {"seq": seq, "event": "progress", "clinic": "elm", "sync_id": self.sync_id}
        self.events.append(one | {"at": "2030-01-02T03:04:05Z", "dates_done": 1, "dates_total": 2, "percent": 50})
        return self.events[-1]

    async def answer(self, message: Msg) -> None:
        verb, body = message.subject.split(".")[2], json.loads(message.data)
        if verb == "status":
            self.looks += 1
            return await message.respond(json.dumps({"ok": True, "sync": self._sync()}).encode())
        self.asked.append(body.get("after_seq", 0))
        page = self.events[self.asked[-1] :][:PAGE]
        return await message.respond(json.dumps({"ok": True, "events": page}).encode())

    def _sync(self) -> dict[str, Any]:
        names = ("heartbeat_at", "removals_held", "error_message")
        return dict.fromkeys(names) | {
            "sync_id": self.sync_id,
            "clinic": "elm",
            "status": "in_progress",
            "start_date": "2030-01-02",
            "end_date": "2030-01-03",
            "dates_done": 1,
            "dates_total": 2,
            "dry_run": False,
            "dates": [],
            "warnings": [],
        }


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    client = await nats.connect(nats_url)
    yield client
    await client.close()


async def test_all_events_are_shown_and_none_is_fetched_twice(client: Client, namespace: str) -> None:
    gateway, subjects = Gateway(2 * PAGE + 500), Subjects(namespace)
    await client.subscribe(f"{namespace}.cmd.*.elm", cb=gateway.answer)
    app: App[None] = App()
    async with app.run_test():
        sync = {"clinic": "elm", "sync_id": gateway.sync_id}
        screen = SyncScreen(ConsoleState(Source(client, subjects)), sync)
        await app.push_screen(screen)

        async def shows_all() -> bool:
            return len(screen.query_one("#story", RichLog).lines) == len(gateway.events)

        await until(shows_all)
        looks = gateway.looks
        await client.publish(
            subjects.sync_event("elm", gateway.sync_id, "progress"), json.dumps(gateway.event()).encode()
        )
        await until(shows_all)

        async def has_looked_again() -> bool:
            return gateway.looks >= looks + 2

        await until(has_looked_again)
    assert gateway.asked[:4] == [0, PAGE, 2 * PAGE, 2 * PAGE + 500]
    assert min(gateway.asked[3:]) >= 2 * PAGE + 500
