"""A client of the interface on `natsrpy`, which is the NATS client for Rust with a face for Python."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import natsrpy

from tests.safety.secured import Secured

LAST = ("completed", "failed", "cancelled", "timed_out")


class SecondClient:
    """A clinic's own user."""

    def __init__(self, client: natsrpy.Nats, prefix: str, clinic: str) -> None:
        self._client = client
        self._prefix = prefix
        self._clinic = clinic

    @classmethod
    @asynccontextmanager
    async def connected(cls, server: Secured, clinic: str) -> AsyncIterator[Self]:
        user = f"clinic-{clinic}"
        client = natsrpy.Nats([server.url(user)], user_and_pass=(user, server.passwords[user]))
        await client.startup()
        try:
            yield cls(client, server.subjects.prefix, clinic)
        finally:
            await client.shutdown()

    async def follow_from_late_on(self) -> tuple[str, list[str]]:
        """Requests a sync, and follows it once it has begun; returns its id and its events."""
        sync = await self._ask("sync", days_ahead=3)
        while (await self._ask("status", sync_id=sync["sync_id"]))["sync"]["status"] == "queued":
            pass
        return sync["sync_id"], await self._follow(sync)

    async def cancel(self) -> list[str]:
        sync = await self._ask("sync", days_ahead=3)
        once = await self._ask("cancel", sync_id=sync["sync_id"])
        assert await self._ask("cancel", sync_id=sync["sync_id"]) == once
        return await self._follow(sync)

    async def refusals(self) -> list[list[Any]]:
        """Sends what is malformed; returns code and reason of each refusal."""
        return [
            await self._refused("sync", b"{not json"),
            await self._refused("sync", b"[1]"),
            await self._refused("sync", b"\xff\xfe"),
            await self._refused("sync", json.dumps({"days_ahead": 3, "colour": "red"}).encode()),
            await self._refused("sync", json.dumps({"days_ahead": 61}).encode()),
            await self._refused("sync", json.dumps({"request_id": "x" * 17_000}).encode()),
            await self._refused("cancel", b'{"sync_id": "00000000-0000-4000-8000-000000000000"}'),
        ]

    async def _follow(self, sync: dict[str, Any]) -> list[str]:
        events: list[dict[str, Any]] = []
        async with self._client.subscribe(sync["events"]) as live:
            while not events or events[-1]["event"] not in LAST:
                events += (await self._ask("events", sync_id=sync["sync_id"], after_seq=len(events)))["events"]
                if not events or events[-1]["event"] not in LAST:
                    await anext(aiter(live))
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        return [event["event"] for event in events]

    async def _ask(self, verb: str, **body: Any) -> dict[str, Any]:
        reply: dict[str, Any] = json.loads((await self._request(verb, json.dumps(body).encode())).payload)
        assert reply["ok"], reply
        return reply

    async def _refused(self, verb: str, payload: bytes) -> list[Any]:
        message = await self._request(verb, payload)
        error = json.loads(message.payload)["error"]
        assert message.headers["Nats-Service-Error-Code"] == str(error["code"])
        return [error["code"], error["reason"]]

    async def _request(self, verb: str, payload: bytes) -> natsrpy.Message:
        return await self._client.request(f"{self._prefix}.cmd.{verb}.{self._clinic}", payload, timeout=20)
