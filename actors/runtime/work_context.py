"""Log and trace context: logs, traces and error reports of a piece of work name its sync, clinic and date."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import date
from uuid import UUID

import structlog
from dramatiq.middleware import CurrentMessage

from actors.observability import error_reports, tracing
from actors.observability.redaction import without_words
from actors.observability.span_names import processing
from engine.store.database import Database
from engine.store.syncs.reading import clinic_of

#: Number of syncs whose clinics a process remembers.
REMEMBERED = 256


class WorkContext:
    """Maps a sync id to its clinic's slug (cached), and binds both while work runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clinics: dict[UUID, str] = {}

    @asynccontextmanager
    async def __call__(
        self, work: str, sync_id: UUID, day: date | None = None, traceparent: str | None = None
    ) -> AsyncIterator[None]:
        """Names `work` on a sync, or on a date of it, while the body runs; reports an error and passes it on."""
        async with self.named(work, await self.tags(sync_id, day), traceparent):
            yield

    @asynccontextmanager
    async def named(self, work: str, about: dict[str, str], traceparent: str | None = None) -> AsyncIterator[None]:
        """Names `work` by the tags `about` while the body runs; reports an error and passes it on."""
        with structlog.contextvars.bound_contextvars(**about), _span(work, about, traceparent):
            try:
                yield
            except Exception as error:
                error_reports.report(error, actor=work, **about)
                # Dramatiq logs the error and stores it in a mailbox and as a dead letter.
                raise without_words(error) from None

    async def tags(self, sync_id: UUID, day: date | None = None) -> dict[str, str]:
        """The tags of a sync or of one of its dates. Raises `Unavailable`. An unknown sync has no clinic."""
        about = {"sync_id": str(sync_id), "clinic": await self._clinic(sync_id)}
        return about if day is None else about | {"date": day.isoformat()}

    async def _clinic(self, sync_id: UUID) -> str:
        if sync_id not in self._clinics:
            async with self._database.connection() as connection:
                slug = await clinic_of(connection, sync_id)
            if len(self._clinics) >= REMEMBERED:
                del self._clinics[next(iter(self._clinics))]
            self._clinics[sync_id] = slug or ""
        return self._clinics[sync_id]


def _span(work: str, about: dict[str, str], traceparent: str | None) -> AbstractContextManager[tracing.OpenSpan]:
    """The span of processing the current message."""
    message, about = CurrentMessage.get_current_message(), {"actor": work, **about}
    if message is None:
        return tracing.span(work, traceparent, about)
    return processing(message.queue_name, traceparent, about, message_id=message.message_id)
