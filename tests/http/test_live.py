"""The live overview, as a program reads it from a real gateway, and its behavior while no gateway replies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from actors.http.live_overview import LiveOverview
from actors.http.page import FILES, POLICY
from actors.http.sse import MAX_STREAMS
from engine.errors import Unavailable
from ops.sandbox.client import SandboxClinic
from tests.conftest import until
from tests.http.conftest import SYNC
from tests.system.conftest import System

pytestmark = pytest.mark.anyio

LIVE = "/api/idexx/live"
MANY = httpx.Limits(max_connections=2 * MAX_STREAMS)

Event = tuple[str, dict[str, Any]]


@asynccontextmanager
async def reading(client: httpx.AsyncClient) -> AsyncIterator[AsyncGenerator[Event]]:
    async with client.stream("GET", LIVE) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        async with aclosing(_messages(response)) as messages:
            yield messages


async def _messages(response: httpx.Response) -> AsyncGenerator[Event]:
    name = ""
    async for line in response.aiter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


async def change_of(messages: AsyncGenerator[Event], field: str) -> Any:
    """What the next change of this field says."""
    async with asyncio.timeout(30):
        async for name, data in messages:
            assert name == "change"
            if field in data:
                return data[field]
    raise AssertionError("the stream has ended")


async def test_first_the_whole_then_every_change_until_the_gateway_goes(
    system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], pool: asyncpg.Pool
) -> None:
    async with reading(gateway) as messages:
        name, state = await anext(messages)
        overview = (await gateway.get("/api/idexx/overview")).json()
        assert name == "state"
        assert state.keys() == overview.keys() - {"ok"}
        assert (state["clinics"], state["syncs"]) == (overview["clinics"], [])

        await pool.execute("insert into clinics (slug, name, timezone) values ('new', 'New', 'UTC')")
        assert [clinic["slug"] for clinic in await change_of(messages, "clinics")] == ["new"]
        await pool.execute("delete from clinics where slug = 'new'")
        assert await change_of(messages, "gone") == {"clinics": ["new"]}

        body = {"clinicId": clinics[0].slug, "daysAhead": 2}
        accepted = await gateway.post(SYNC, json=body, headers={"Prefer": "respond-async"})
        [sync] = await change_of(messages, "syncs")
        assert sync["sync_id"] == accepted.json()["sync_id"]
        assert [date["status"] for date in sync["dates"]] == ["pending", "pending"]
        async with reading(gateway) as late:
            name, state = await anext(late)
            assert (name, state["syncs"][0]["sync_id"]) == ("state", sync["sync_id"])

        stopping = asyncio.create_task(asyncio.to_thread(system.stop, "gateway"))
        async with asyncio.timeout(90):  # a gateway that does not stop would send changes without end
            async for name, _ in messages:
                assert name in ("change", "away")
        assert await stopping == 0


async def test_one_stream_too_many_is_refused_until_another_ends(gateway: httpx.AsyncClient) -> None:
    async with AsyncExitStack() as streams, httpx.AsyncClient(base_url=gateway.base_url, limits=MANY) as client:
        for _ in range(MAX_STREAMS - 1):
            response = await streams.enter_async_context(client.stream("GET", LIVE))
            assert response.status_code == 200
        async with client.stream("GET", LIVE) as last:
            assert await anext(last.aiter_lines())
            refused = await client.get(LIVE)
            assert (refused.status_code, refused.json()["error"]["reason"]) == (503, "unavailable")
            assert refused.headers["retry-after"]

        async def is_let_in() -> bool:
            async with client.stream("GET", LIVE) as response:
                return response.status_code == 200

        await until(is_let_in)


async def test_of_those_that_come_at_once_too_many_are_refused(gateway: httpx.AsyncClient) -> None:
    url = gateway.base_url
    callers = await asyncio.gather(*(asyncio.open_connection(url.host, url.port) for _ in range(MAX_STREAMS + 20)))
    for _, writer in callers:
        writer.write(f"GET {LIVE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    async with asyncio.timeout(60):
        heads = [await reader.readline() for reader, _ in callers]
    assert sum(b" 503 " in head for head in heads) == 20
    for _, writer in callers:
        writer.close()
        await writer.wait_closed()


async def test_who_asks_for_the_head_of_a_stream_gets_it_and_is_answered_again(gateway: httpx.AsyncClient) -> None:
    head = await gateway.head(LIVE)
    assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert (await gateway.get("/api/idexx/overview", timeout=10)).status_code == 200


async def test_the_page_is_kept_by_browsers_and_runs_nothing_from_elsewhere(gateway: httpx.AsyncClient) -> None:
    for path, (_, kind) in FILES.items():
        response = await gateway.get(path)
        assert (response.status_code, response.headers["content-type"]) == (200, kind)
        assert response.headers["content-security-policy"] == POLICY
        again = await gateway.get(path, headers={"If-None-Match": response.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "http://" not in response.text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in response.text
        elsewhere = await gateway.get(path, headers={"Host": "evil.example"})
        assert (elsewhere.status_code, elsewhere.json()["error"]["reason"]) == (421, "wrong_host")
    assert (await gateway.get(LIVE, headers={"Host": "evil.example"})).status_code == 421


class Answers:
    """What a gateway would answer, or what it fails with."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.asked = asyncio.Event()

    async def ask(self, verb: str, _clinic: str, _body: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.set()
        if self.failure:
            raise self.failure
        assert verb == "overview"
        return {"ok": True, "at": "2026-01-22T09:00:00Z", "clinics": [], "syncs": []}

    async def events_of_all(self) -> AsyncGenerator[dict[str, Any]]:
        """One that concerns everything, whenever it has been asked."""
        while True:
            await self.asked.wait()
            self.asked.clear()
            yield {"event": "accepted", "sync_id": "1", "clinic": "elm"}


async def test_a_missing_gateway_is_reported_and_then_the_whole_state_is_sent_again() -> None:
    answers = Answers()
    answers.failure = Unavailable("no gateway replies on NATS")
    async with aclosing(LiveOverview(answers).follow()) as data:  # type: ignore[arg-type]
        message = await anext(data)
        assert message
        assert (message.name, message.data["message"]) == ("away", "no gateway replies on NATS")
        answers.failure = None
        async for message in data:
            assert message
            if message.name != "away":
                break
    assert message.name == "state"


async def test_nothing_goes_on_when_the_last_reader_has_left() -> None:
    before, live_overview = asyncio.all_tasks(), LiveOverview(Answers())  # type: ignore[arg-type]
    first, second = live_overview.follow(), live_overview.follow()
    for reader in (first, second):
        assert await anext(reader)
    await first.aclose()
    assert asyncio.all_tasks() > before
    await second.aclose()
    assert asyncio.all_tasks() == before


async def test_an_internal_error_ends_the_stream_and_the_next_reader_starts_again() -> None:
    answers = Answers()
    live_overview = LiveOverview(answers)  # type: ignore[arg-type]
    answers.failure = RuntimeError("a bug")
    with pytest.raises(ExceptionGroup):
        await anext(live_overview.follow())
    answers.failure = None
    async with aclosing(live_overview.follow()) as data:
        assert (await anext(data)).name == "state"  # type: ignore[union-attr]
