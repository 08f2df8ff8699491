from __future__ import annotations

import asyncio

import pytest

from engine.portal.patience import Patience

pytestmark = pytest.mark.anyio


async def test_a_limit_ends_what_takes_too_long():
    with pytest.raises(TimeoutError):
        async with Patience().limit(0.01):
            await asyncio.Event().wait()


async def test_a_limit_stands_still_while_any_part_waits_for_its_turn():
    patience, first_waits = Patience(), asyncio.Event()

    async def wait_for_a_turn() -> None:
        with patience.waiting():
            first_waits.set()
            await asyncio.sleep(0.15)

    async with patience.limit(0.1), patience.limit(0.1):
        other = asyncio.create_task(wait_for_a_turn())
        await first_waits.wait()
        with patience.waiting():
            await asyncio.sleep(0.15)
        await other


async def test_a_limit_goes_on_where_it_stood():
    async def wait_and_hang() -> None:
        patience = Patience()
        async with patience.limit(0.05):
            with patience.waiting():
                await asyncio.sleep(0.1)
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await wait_and_hang()


async def test_waiting_gives_way_to_a_cancel():
    async def wait() -> None:
        patience = Patience()
        async with patience.limit(60):
            with patience.waiting():
                await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
