"""Records what callers do: who, when, what, before it is done; and its outcome after that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from actors.messages import ACTION_HEADER, USER_HEADER
from engine.action import DONE, Source, Verb
from engine.errors import EngineError
from engine.store.actions import begin_action, end_action, is_begun
from engine.store.database import Database

log = structlog.get_logger(__name__)

#: The longest name that is recorded.
_LONGEST_NAME = 100


@dataclass(slots=True)
class Recorded:
    """The record of an action; None: no such clinic. The rest is what the reply says."""

    id: UUID | None = None
    sync_id: UUID | None = None
    removals: int | None = None

    def replied(self, reply: Mapping[str, Any]) -> None:
        self.sync_id = UUID(str(reply["sync_id"]))
        self.removals = reply.get("removals")


class ActionLog:
    """`poke` has the events of a clinic published."""

    def __init__(self, database: Database, poke: Callable[[UUID], None]) -> None:
        self._database = database
        self._poke = poke

    @asynccontextmanager
    async def recorded(
        self,
        source: Source,
        who: str | None,
        clinic: str,
        verb: Verb,
        *,
        sync_id: UUID | None = None,
        booking_id: UUID | None = None,
    ) -> AsyncIterator[Recorded]:
        """Records the action in the block, which is not carried out if it cannot be recorded. An error with a
        `reason` is a refusal."""
        async with self._database.connection() as connection:
            begun = await begin_action(
                connection, clinic, verb, source, who, sync_id=sync_id, booking_id=booking_id
            )
        if begun is None:  # the block is refused
            yield Recorded()
            return
        action_id, clinic_id = begun
        recorded = Recorded(action_id)
        try:
            yield recorded
        except Exception as error:
            reason = getattr(error, "reason", None)
            await self._end(action_id, clinic_id, reason if isinstance(reason, str) else "internal", recorded)
            raise
        await self._end(action_id, clinic_id, DONE, recorded)

    async def is_recorded(self, headers: Mapping[str, str], verb: Verb) -> bool:
        """Whether the request on NATS with these headers carries out an action that is recorded."""
        try:
            action_id = UUID(headers.get(ACTION_HEADER, ""))
        except ValueError:
            return False
        async with self._database.connection() as connection:
            return await is_begun(connection, action_id, verb)

    async def _end(self, action_id: UUID, clinic_id: UUID, outcome: str, recorded: Recorded) -> None:
        try:
            async with self._database.connection() as connection:
                await end_action(
                    connection, action_id, outcome, sync_id=recorded.sync_id, removals=recorded.removals
                )
        except EngineError as error:  # the action is over: what its caller gets does not depend on this
            log.warning("outcome_not_recorded", action=str(action_id), outcome=outcome, error=error.message)
        else:
            self._poke(clinic_id)


def stated_user(headers: Mapping[str, str]) -> str | None:
    """The name that a client of NATS states; None: it states none."""
    name = "".join(char for char in headers.get(USER_HEADER, "") if char.isprintable())
    return name[:_LONGEST_NAME] or None
