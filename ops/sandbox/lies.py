"""Answers of the calendar that are well formed and wrong: records that are not shown, or under another id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ops.sandbox.dials import Dials
from ops.sandbox.records import Record

#: The block that every day of a clinic has.
LUNCH = "Lunch"


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


def renamed(record: Record, dials: Dials) -> Record:
    """The record under the id that the portal shows it with."""
    is_repeated = dials.lunch_id is not None and record.kind == "block" and record.title == LUNCH
    return replace(record, id=dials.lunch_id) if is_repeated and dials.lunch_id is not None else record
