"""Timeouts are paused while a task waits for its turn. The clock is the event loop's, and jumps."""

from __future__ import annotations

import asyncio

import pytest

from engine.portal.pausable_timeout import PausableTimeout, TimeIsUp
from tests.portal.doubles import let_pass

pytestmark = pytest.mark.anyio

LIMIT = 100.0


async def test_a_limit_ends_what_takes_too_long():
    async def take_too_long() -> None:
        async with PausableTimeout().limit(LIMIT):
            await let_pass(LIMIT + 1)

    with pytest.raises(TimeIsUp):
        await take_too_long()


async def test_a_limit_stands_still_while_any_part_waits_for_its_turn():
    patience, first_waits, second_waits = PausableTimeout(), asyncio.Event(), asyncio.Event()

    async def wait_for_a_turn() -> None:
        with patience.waiting():
            first_waits.set()
            await second_waits.wait()
            await let_pass(2 * LIMIT)

    async with patience.limit(LIMIT), patience.limit(LIMIT):
        other = asyncio.create_task(wait_for_a_turn())
        await first_waits.wait()
        with patience.waiting():
            second_waits.set()
            await other
            await let_pass(2 * LIMIT)


async def test_a_limit_that_begins_while_another_part_waits_stands_still_until_then():
    patience, waits, may_go_on = PausableTimeout(), asyncio.Event(), asyncio.Event()

    async def wait_for_a_turn() -> None:
        with patience.waiting():
            waits.set()
            await may_go_on.wait()

    other = asyncio.create_task(wait_for_a_turn())
    await waits.wait()
    passed = []

    async def begin_and_take_too_long() -> None:
        async with patience.limit(LIMIT):
            await let_pass(2 * LIMIT)
            may_go_on.set()
            await other
            for _ in range(2):
                await let_pass(0.75 * LIMIT)
                passed.append("most of it")

    with pytest.raises(TimeIsUp):
        await begin_and_take_too_long()
    assert passed == ["most of it"]


async def test_a_limit_goes_on_where_it_stood():
    passed = []

    async def wait_and_take_too_long() -> None:
        patience = PausableTimeout()
        async with patience.limit(LIMIT):
            for share in (0.5, 0.25, 0.5):
                with patience.waiting():
                    await let_pass(2 * LIMIT)
                await let_pass(share * LIMIT)
                passed.append(share)

    with pytest.raises(TimeIsUp):
        await wait_and_take_too_long()
    assert passed == [0.5, 0.25]


async def test_waiting_gives_way_to_a_cancel():
    waits = asyncio.Event()

    async def wait() -> None:
        patience = PausableTimeout()
        async with patience.limit(LIMIT):
            with patience.waiting():
                waits.set()
                await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
