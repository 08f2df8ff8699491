"""Answers of the calendar that are well formed and wrong: records that are not shown, or under another id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ops.sandbox.clinics import Clinic
from ops.sandbox.fault_settings import FaultSettings
from ops.sandbox.records import Record

#: The block that every open day of a clinic has before its first closing time; others of its name stand at other times.
HOLD = "Hold for emergencies"
HOLD_LENGTH = timedelta(hours=1)

#: How long before it the second one stands.
SECOND_HOLD = timedelta(hours=2)


class Lies:
    """Keeps which ranges each clinic was asked for."""

    def __init__(self) -> None:
        self._asked: set[tuple[str, datetime, datetime]] = set()

    def reset(self) -> None:
        self._asked.clear()

    def told(
        self,
        records: Sequence[Record],
        company_id: str,
        start: datetime,
        end: datetime,
        fault_settings: FaultSettings,
    ) -> Sequence[Record]:
        """What an answer for the range [start, end) shows of its records."""
        asked = (company_id, start, end)
        is_first, days = asked not in self._asked, (end - start).days
        self._asked.add(asked)
        if fault_settings.empty_once and is_first:
            return []
        if fault_settings.empty_span_days is not None and days >= fault_settings.empty_span_days:
            return []
        return records[: max(0, len(records) - fault_settings.cut_spans)] if days > 1 else records


def repeated(record: Record, clinic: Clinic, fault_settings: FaultSettings) -> list[Record]:
    """The record as the portal shows it: the hold of a day under the id that all holds share, and perhaps twice."""
    if fault_settings.hold_id is None or not _is_hold(record, clinic):
        return [record]
    hold = replace(record, id=fault_settings.hold_id)
    earlier = replace(hold, start=hold.start - SECOND_HOLD, end=hold.end - SECOND_HOLD)
    return [earlier, hold] if fault_settings.hold_twice else [hold]


def _is_hold(record: Record, clinic: Clinic) -> bool:
    stretches = clinic.open_on(record.date)
    is_last_hour = bool(stretches) and (record.start, record.end) == (
        stretches[0][1] - HOLD_LENGTH,
        stretches[0][1],
    )
    return record.kind == "block" and record.title == HOLD and record.room == clinic.rooms[0].id and is_last_hour
