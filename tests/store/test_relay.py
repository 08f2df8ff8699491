"""Which clinics the relay publishes for; what it publishes is seen by the tests of the whole system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

import pytest

from actors.relay import Relay

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
