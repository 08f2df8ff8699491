"""Makes calendar responses that are well-formed but wrong: records that are missing or have another id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby, islice

from ops.sandbox.clinics import Clinic
from ops.sandbox.fault_settings import FaultSettings
from ops.sandbox.records import Record

#: Title of the block before the first closing time of every open day. Other blocks with this title are at other
#: times.
HOLD = "Hold for emergencies"
HOLD_LENGTH = timedelta(hours=1)

#: How long before the hold the second one starts.
SECOND_HOLD = timedelta(hours=2)


class RecordFaults:
    """Omits records according to the fault settings; remembers the ranges requested for each clinic."""

    def __init__(self) -> None:
        self._asked: set[tuple[str, datetime, datetime]] = set()

    def reset(self) -> None:
        self._asked.clear()

    def apply(
        self,
        records: Sequence[Record],
        company_id: str,
        start: datetime,
        end: datetime,
        fault_settings: FaultSettings,
    ) -> Sequence[Record]:
        """Returns the records that a response for the range [start, end) contains."""
        if fault_settings.max_records_per_day is not None:
            records = _first_of_each_day(records, fault_settings.max_records_per_day)
        asked = (company_id, start, end)
        is_first, days = asked not in self._asked, (end - start).days
        self._asked.add(asked)
        if fault_settings.empty_once and is_first:
            return []
        if is_first and fault_settings.cut_once:
            records = records[: max(0, len(records) - fault_settings.cut_once)]
        if fault_settings.empty_span_days is not None and days >= fault_settings.empty_span_days:
            return []
        return records[: max(0, len(records) - fault_settings.cut_spans)] if days > 1 else records


def _first_of_each_day(records: Sequence[Record], count: int) -> list[Record]:
    by_day = groupby(records, key=lambda record: record.date)
    return [record for _, of_day in by_day for record in islice(of_day, count)]


def repeated(record: Record, clinic: Clinic, fault_settings: FaultSettings) -> list[Record]:
    """Returns the record as the portal shows it: a day's hold gets the id that all holds share, and may be
    doubled."""
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
