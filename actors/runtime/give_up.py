"""Fails the dates of a dead-lettered message, and notifies the Coordinator.

Shared by the two actors whose messages name dates, the DateScraper and the Reconciler. Their arguments are the
sync, the first date and, for a DateScraper, the number of days.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import structlog
from dramatiq import MessageProxy

from actors.dispatcher import Dispatcher
from actors.observability import error_reports
from actors.runtime.work_context import WorkContext
from engine.dispatch import Span
from engine.failure import Failure, Reason
from engine.steps.give_up import give_up_dates
from engine.store.database import Database

log = structlog.get_logger(__name__)


async def give_up_dates_of(
    message: MessageProxy, database: Database, work_context: WorkContext, dispatcher: Dispatcher
) -> None:
    """Marks the dates of a dead-lettered message as failed, and notifies the Coordinator of their sync."""
    sync_text, day, days = (*message.args, 1)[:3]
    sync_id, span, actor = UUID(sync_text), Span(date.fromisoformat(day), days, 0), message.actor_name
    failure = Failure(
        Reason.DELIVERIES_EXHAUSTED,
        f"the message {actor} failed for the last time; its dead letter has the error",
    )
    tags = await work_context.tags(sync_id, span.first_date)
    log.error("dates_given_up", actor=actor, days=span.days, **tags)
    error = message._exception or RuntimeError("failed without an exception")
    error_reports.report_death(error, actor=actor, **tags)
    await give_up_dates(database, sync_id, span.dates, failure)
    await dispatcher.report(sync_id)
