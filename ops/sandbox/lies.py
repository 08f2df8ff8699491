"""Answers of the calendar that are well formed and wrong: records that are not shown, or under another id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from ops.sandbox.dials import Dials
from ops.sandbox.records import Record

#: The block that every open day of a clinic has at noon; others of its name stand at other times.
LUNCH = "Lunch"
NOON = time(12)
LUNCH_LENGTH = timedelta(hours=1)

#: How long after the first one.
SECOND_LUNCH = timedelta(hours=4)


class Lies:
    """Keeps which ranges each clinic was asked for."""

    def __init__(self) -> None:
        self._asked: set[tuple[str, datetime, datetime]] = set()

    def reset(self) -> None:
        self._asked.clear()

    def told(
        self, records: Sequence[Record], company_id: str, start: datetime, end: datetime, dials: Dials
    ) -> Sequence[Record]:
        """What an answer for the range [start, end) shows of its records."""
        asked = (company_id, start, end)
        is_first, days = asked not in self._asked, (end - start).days
        self._asked.add(asked)
        if dials.empty_once and is_first:
            return []
        if dials.empty_span_days is not None and days >= dials.empty_span_days:
            return []
        return records[: max(0, len(records) - dials.cut_spans)] if days > 1 else records


def repeated(record: Record, dials: Dials) -> list[Record]:
    """The record as the portal shows it: a lunch under the id that all lunches share, and perhaps twice."""
    if dials.lunch_id is None or not _is_lunch(record):
        return [record]
    lunch = replace(record, id=dials.lunch_id)
    later = replace(lunch, start=lunch.start + SECOND_LUNCH, end=lunch.end + SECOND_LUNCH)
    return [lunch, later] if dials.lunch_twice else [lunch]


def _is_lunch(record: Record) -> bool:
    is_at_noon = record.start.time() == NOON and record.end - record.start == LUNCH_LENGTH
    return record.kind == "block" and record.title == LUNCH and is_at_noon
