"""Stores what the portal showed when a date failed."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import structlog

from engine.errors import Unavailable
from engine.evidence import Evidence
from engine.store.database import Database
from engine.store.evidence import keep_evidence
from engine.store.server_errors import StatementRefused

log = structlog.get_logger(__name__)


class SyncEvidence:
    """Implements `engine.evidence.EvidenceSink` for one sync."""

    def __init__(self, database: Database, sync_id: UUID) -> None:
        self._database = database
        self._sync_id = sync_id

    async def keep(self, day: date, evidence: Evidence) -> None:
        """Stores the evidence. If that fails it only logs: lost evidence must not make a failure worse."""
        try:
            async with self._database.transaction() as connection:
                await keep_evidence(
                    connection,
                    self._sync_id,
                    day,
                    at=evidence.at,
                    failure=evidence.failure,
                    address=evidence.address,
                    title=evidence.title,
                    status=evidence.status,
                    headers=evidence.headers,
                    body=evidence.body,
                    screenshot=evidence.screenshot,
                )
        except (Unavailable, StatementRefused) as error:
            log.warning("evidence_not_saved", sync_id=str(self._sync_id), date=day.isoformat(), error=str(error))
