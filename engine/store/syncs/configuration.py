"""Stores the outcome of a sync's configuration reading until the sync ends."""

from __future__ import annotations

import json
from uuid import UUID

from engine.config_reading import ConfigOutcome
from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def record_config_outcome(connection: Connection, sync_id: UUID, outcome: ConfigOutcome) -> None:
    await connection.execute(SQL["record_config_outcome"], sync_id, json.dumps(outcome.to_json()))


async def config_outcome(connection: Connection, sync_id: UUID) -> ConfigOutcome | None:
    """The stored outcome; None: the portal was not asked."""
    return _outcome(await connection.fetchval(SQL["config_outcome"], sync_id))


async def recent_config_outcome(connection: Connection, clinic_id: UUID, max_age: float) -> ConfigOutcome | None:
    """The outcome of the clinic's latest reading in the last `max_age` seconds."""
    return _outcome(await connection.fetchval(SQL["recent_config_outcome"], clinic_id, max_age))


def _outcome(stored: str | None) -> ConfigOutcome | None:
    return None if stored is None else ConfigOutcome.from_json(json.loads(stored))
