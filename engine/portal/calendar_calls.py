"""The calendar calls of a scrape: parallel calls, counted ones, and repeated ones for records that repeat."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from engine.dates import DateRange
from engine.extra_calls import ExtraCalls
from engine.failure import Failure, PortalFailure, Reason
from engine.portal.calendar import CALENDAR_PATH, calendar_query, read_calendar
from engine.portal.call_context import CallContext
from engine.portal.drift import SharedIds
from engine.portal.response import PortalResponse
from engine.portal.settings import PortalSettings
from engine.portal.signed_in_context import SignedInContext
from engine.snapshot import Snapshot


class CalendarCalls:
    """Reads ranges of days. The first call of each span is free; all others count as extra calls of the sync."""

    def __init__(
        self,
        settings: PortalSettings,
        call_context: CallContext,
        repeating: Iterable[str],
        extra_calls: ExtraCalls,
    ) -> None:
        self._settings = settings
        self._call_context = call_context
        self._repeating = set(repeating)
        self._extra_calls = extra_calls
        self._is_first_call = False

    def begin_span(self) -> None:
        """Lets the next call be the free one."""
        self._is_first_call = True

    async def ask_at_once(
        self, signed_in: SignedInContext, *ranges: DateRange | None
    ) -> list[dict[date, Snapshot]]:
        """The days of each range, read by parallel calls; no days for a range that is None."""
        await self._count_calls(sum(dates is not None for dates in ranges))
        try:
            async with asyncio.TaskGroup() as group:
                calls = [
                    None if dates is None else group.create_task(self._ask_counted(signed_in, dates))
                    for dates in ranges
                ]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None  # callers handle the portal's errors, not groups of them
        return [{} if call is None else call.result() for call in calls]

    async def ask(self, signed_in: SignedInContext, span: DateRange) -> dict[date, Snapshot]:
        await self._count_calls(1)
        return await self._ask_counted(signed_in, span)

    async def _ask_counted(self, signed_in: SignedInContext, span: DateRange) -> dict[date, Snapshot]:
        """The days as a call shows them; its first call is already counted.

        Ids at several starts of one day, in two responses more than a settling time apart, repeat. Raises
        `PortalFailure` if that stays undecided.
        """
        try:
            return await self._read(signed_in, span)
        except SharedIds as first:
            with self._call_context.timeout.waiting():
                await asyncio.sleep(self._settings.times.move_settles)
            await self._count_calls(1)
            try:
                return await self._read(signed_in, span)
            except SharedIds as second:
                confirmed = Counter(identity for identity, _ in first.starts & second.starts)
                self._repeating |= {identity for identity, starts in confirmed.items() if starts > 1}
        await self._count_calls(1)
        return await self._read(signed_in, span)

    async def _read(self, signed_in: SignedInContext, span: DateRange) -> dict[date, Snapshot]:
        def understand(answer: PortalResponse, sent_at: datetime) -> dict[date, Snapshot]:
            clinic, ignored = self._call_context.clinic, self._settings.ignored_fields
            return read_calendar(answer, clinic, span, sent_at, ignored, self._repeating)

        found = await signed_in.read(CALENDAR_PATH, calendar_query(span), understand)
        if any(snapshot.left_out for snapshot in found.values()):
            # A record may have been read while it was written: only what stays unusable is left out.
            await self._count_calls(1)
            found = await signed_in.read(CALENDAR_PATH, calendar_query(span), understand)
        return found

    async def _count_calls(self, calls: int) -> None:
        """Counts calls before they are made, all or none: parallel ones must not be cancelled for want of another.

        Raises `PortalFailure` if the sync may not make that many extra calls.
        """
        is_first, self._is_first_call = self._is_first_call, False
        if await self._extra_calls.take(extra := calls - is_first):
            return
        self._is_first_call = is_first
        raise PortalFailure(
            Failure(
                Reason.BAD_ANSWER,
                f"the answer needs more calls ({extra}), and the sync has {self._extra_calls.left} left of its "
                f"{self._extra_calls.limit} extra calls (SYNC_EXTRA_CALLS)",
            )
        )
