"""What a process does beside its messages ends with it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from actors.runtime.broker import build_broker
from actors.runtime.process import Runtime
from actors.settings import Settings

pytestmark = pytest.mark.anyio


async def test_a_duty_that_has_lost_its_cancellation_ends_all_the_same(nats_url: str, database_url: str) -> None:
    settings = Settings(nats_url=nats_url, database_url=database_url)
    process = Runtime(settings, build_broker(settings))
    ended = False

    async def duty() -> None:
        nonlocal ended
        try:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            await asyncio.Event().wait()
        finally:
            ended = True

    process.own(duty())
    await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await process.close()
    assert ended
