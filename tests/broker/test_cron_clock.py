"""Schedules on the server: they tick without clients, pending ticks are merged, and each is delivered once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest
from dramatiq.errors import BrokerConnectionError
from nats.aio.client import Client

from broker import DeclarationRefused
from broker.primitives import cron_clock
from broker.primitives.cron_clock import CronClock, Schedule, ScheduleRefused, Tick, TickSource
from tests.broker.servers import Server
from tests.conftest import until

pytestmark = pytest.mark.anyio

EVERY_SECOND = Schedule("elm", "* * * * * *", "Europe/Berlin")
RARELY = Schedule("elm", "0 0 6 1 1 *", "Europe/Berlin")


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    client = await nats.connect(nats_url)
    yield client
    await client.close()


def clock_of(client: Client, namespace: str, ack_wait: float = 30.0) -> CronClock:
    async def connected() -> Client:
        return client

    return CronClock(connected, f"{namespace}_CLOCK", namespace, ack_wait=ack_wait)


@pytest.fixture
async def clock(client: Client, namespace: str) -> AsyncIterator[CronClock]:
    clock = clock_of(client, namespace, ack_wait=1.0)
    await clock.declare()
    yield clock
    await client.jetstream().delete_stream(clock.stream)


async def take(source: TickSource) -> Tick:
    tick = await source.take()
    assert tick is not None
    return tick


async def test_what_is_there_can_be_asked_put_and_dropped(clock: CronClock) -> None:
    assert await clock.there() == set()
    for _ in range(2):
        await clock.put(EVERY_SECOND)
    await clock.put(RARELY)
    assert await clock.there() == {EVERY_SECOND.token, RARELY.token}
    assert len({EVERY_SECOND.token, RARELY.token, Schedule("elm", RARELY.cron, "UTC").token}) == 3
    await clock.drop([EVERY_SECOND.token])
    assert await clock.there() == {RARELY.token}


async def test_pending_ticks_are_merged_and_two_consumers_get_the_tick_once(
    client: Client, clock: CronClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cron_clock, "EXPIRES", 1.5)  # longer than the wait for an ack
    await clock.put(EVERY_SECOND)

    async def ticked_thrice() -> bool:
        return (await client.jetstream().stream_info(clock.stream)).state.last_seq >= 4

    await until(ticked_thrice)
    await clock.drop([EVERY_SECOND.token])

    async def take_and_ack() -> Tick | None:
        if tick := await (await clock.ticks()).take():
            await tick.ack()
        return tick

    ticks = await asyncio.gather(take_and_ack(), take_and_ack())
    [tick] = [tick for tick in ticks if tick is not None]
    assert (tick.key, tick.deliveries) == ("elm", 1)
    assert (await client.jetstream().stream_info(clock.stream)).state.messages == 0


async def test_a_tick_that_was_not_acked_comes_again_as_the_same(clock: CronClock) -> None:
    await clock.put(EVERY_SECOND)
    source = await clock.ticks()
    first = await take(source)
    await clock.drop([EVERY_SECOND.token])
    await first.retry(0.1)
    second = await take(source)
    if second.at != first.at:  # one more came before the schedule was dropped
        first = second
        await first.retry(0.1)
        second = await take(source)
    assert (second.at, second.deliveries) == (first.at, 2)
    third = await take(source)  # the second one was neither acked nor nacked
    assert (third.at, third.deliveries) == (first.at, 3)
    await third.ack()
    await source.close()


async def test_a_schedule_that_the_server_does_not_understand_is_refused(clock: CronClock) -> None:
    with pytest.raises(ScheduleRefused, match=r"'Mars/Olympus'.*tzdata"):
        await clock.put(Schedule("elm", "0 0 6 * * *", "Mars/Olympus"))
    with pytest.raises(ScheduleRefused, match="'0 0 25 "):
        await clock.put(Schedule("elm", "0 0 25 * * *", "UTC"))
    with pytest.raises(ValueError, match="is not a valid schedule key"):
        Schedule("elm.street", "0 0 6 * * *", "UTC")
    assert await clock.there() == set()


async def test_a_server_that_is_too_old_is_refused(
    client: Client, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cron_clock, "OLDEST_SERVER", (99, 0))
    assert not cron_clock.can_keep_schedules(client)
    with pytest.raises(DeclarationRefused, match=r"update it to 99\.0 or newer"):
        await clock_of(client, namespace).declare()


async def test_a_lost_stream_is_known_to_be_lost(client: Client, namespace: str) -> None:
    clock = clock_of(client, namespace)
    assert await clock.there() is None
    source = await clock.ticks()
    with pytest.raises(BrokerConnectionError):
        await source.take()
    await clock.declare()
    await clock.put(EVERY_SECOND)
    assert (await take(source)).key == "elm", "it goes on where it was"
    await client.jetstream().delete_stream(clock.stream)


async def test_what_was_missed_while_the_server_was_down_is_one_tick(tmp_path: Path, namespace: str) -> None:
    server = Server(tmp_path / "nats")
    server.start()
    client = await nats.connect(server.url)
    clock = clock_of(client, namespace)
    await clock.declare()
    await clock.put(EVERY_SECOND)
    await (await take(await clock.ticks())).ack()
    server.kill()
    await client.close()
    try:
        server.start()
        client = await nats.connect(server.url)
        clock = clock_of(client, namespace)
        assert await until(clock.there) == {EVERY_SECOND.token}
        assert (await take(await clock.ticks())).key == "elm"
        await client.close()
    finally:
        server.close()
