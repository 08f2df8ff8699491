"""Which clinics the relay publishes for, and who may; what it publishes is seen by the tests of the whole system."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

import pytest

from actors.outbox.events import Relay
from engine.clinic import Clinic
from engine.errors import Unavailable
from engine.store.database import Database
from engine.store.server_errors import StatementRefused
from engine.store.syncs import events

pytestmark = pytest.mark.anyio

ELM, OAK = UUID(int=1), UUID(int=2)


class Publishing(Relay):
    """Notes for whom it publishes; what `meanwhile` yields is poked, or raised, while that goes on."""

    def __init__(self, meanwhile: Iterator[UUID | Exception]) -> None:
        super().__init__(*cast("tuple[Any, ...]", (None,) * 5))
        self.meanwhile = meanwhile
        self.published: list[UUID] = []

    async def publish(self, clinic_id: UUID) -> None:
        match next(self.meanwhile, None):
            case Exception() as error:
                raise error
            case UUID() as news:
                self.poke(news)
        self.published.append(clinic_id)


async def test_news_that_come_while_the_clinics_last_are_published_are_published_too() -> None:
    relay = Publishing(iter([ELM, OAK]))
    relay.poke(ELM)
    await relay.drain()
    assert relay.published == [ELM, ELM, OAK]


async def test_what_could_not_be_published_is_left_for_the_next_turn() -> None:
    relay = Publishing(iter([ConnectionError()]))
    relay.poke(ELM)
    with pytest.raises(ConnectionError):
        await relay.drain()
    await relay.drain()
    assert relay.published == [ELM]


async def test_what_fails_for_one_clinic_holds_up_no_other() -> None:
    relay = Publishing(iter([ConnectionError()]))
    for clinic in (ELM, OAK):
        relay.poke(clinic)
    with pytest.raises(ConnectionError):
        await relay.drain()
    [done] = relay.published
    await relay.drain()
    assert {done, *relay.published} == {ELM, OAK}
    assert len(relay.published) == 2


async def test_a_publication_that_is_broken_off_is_left_too() -> None:
    relay = Publishing(iter(()))
    relay.poke(ELM)
    hanging = asyncio.Event()
    relay.publish = lambda _: hanging.wait()  # type: ignore[method-assign, assignment, return-value]
    draining = asyncio.create_task(relay.drain())
    await asyncio.sleep(0)
    draining.cancel()
    await asyncio.wait({draining})
    del relay.publish
    await relay.drain()
    assert relay.published == [ELM]


async def test_a_frozen_publisher_keeps_its_clinic_for_a_limited_time(
    database: Database, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "FROZEN_AFTER", 0.2)

    async def freeze() -> None:
        async with database.transaction() as frozen:
            await events.lock_feed(frozen, clinic.id)
            async with database.transaction() as other:
                await events.lock_feed(other, clinic.id)
            await frozen.execute("select 1")

    with pytest.raises((Unavailable, StatementRefused)):
        await freeze()
