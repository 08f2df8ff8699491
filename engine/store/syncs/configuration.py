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
    stored = await connection.fetchval(SQL["config_outcome"], sync_id)
    return None if stored is None else ConfigOutcome.from_json(json.loads(stored))
