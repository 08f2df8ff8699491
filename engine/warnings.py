"""Warnings of a sync: what it could not read or use although it completed. No personal data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any


class WarningCode(StrEnum):
    """The closed list of codes; part of the interface."""

    #: Records of a portal response that could not be used.
    RECORDS_LEFT_OUT = "records_left_out"
    #: Days on which the clinic is open, or may be, and for which the portal has no records.
    OPEN_DAYS_EMPTY = "open_days_empty"
    #: The clinic's configuration (hours, interval, columns) could not be read.
    CONFIGURATION_NOT_READ = "configuration_not_read"
    #: The configuration was read, and parts of it were not understood.
    CONFIGURATION_NOT_UNDERSTOOD = "configuration_not_understood"
    #: Fields of records that no table names.
    UNKNOWN_FIELDS = "unknown_fields"
    #: True flags of records that no table names.
    UNKNOWN_FLAGS = "unknown_flags"
    #: Unknown fields and flags that the clinic's records did not have before.
    NEW_FIELDS = "new_fields"
    #: Appointments that the calendar does not show and that stay, since their absence is not confirmed.
    REMOVALS_UNCONFIRMED = "removals_unconfirmed"
    #: Removals that were not carried out because the sync's extra calls were used up.
    REMOVALS_NOT_CHECKED = "removals_not_checked"
    #: Appointments that the calendar did not show and that the portal still has at the same place.
    CALENDAR_CONTRADICTED = "calendar_contradicted"
    #: Bookings by telephone whose hold has expired, and that are neither confirmed nor in the portal.
    BOOKINGS_UNDECIDED = "bookings_undecided"


#: What `SyncWarning.count` counts; nothing for a warning that concerns a date as a whole.
_UNITS = {
    WarningCode.RECORDS_LEFT_OUT: "record",
    WarningCode.UNKNOWN_FIELDS: "field",
    WarningCode.UNKNOWN_FLAGS: "flag",
    WarningCode.NEW_FIELDS: "field",
    WarningCode.REMOVALS_UNCONFIRMED: "appointment",
    WarningCode.REMOVALS_NOT_CHECKED: "appointment",
    WarningCode.CALENDAR_CONTRADICTED: "appointment",
    WarningCode.BOOKINGS_UNDECIDED: "booking",
}

#: Warnings whose messages are lists of names, separated by commas: a name on several dates is listed once.
_LISTS = frozenset({WarningCode.UNKNOWN_FIELDS, WarningCode.UNKNOWN_FLAGS, WarningCode.NEW_FIELDS})

#: Number of names in a joined message.
MAX_NAMES = 10

#: Number of dates, and of different messages, in a joined message.
NAMED = 3


@dataclass(frozen=True, slots=True)
class SyncWarning:
    """One warning. `message` contains no personal data: field names, reasons and counts only.

    `count` is the number of affected records, fields or appointments.
    """

    code: WarningCode
    message: str
    count: int = 1

    def public(self) -> dict[str, str]:
        """The warning as the interface shows it."""
        return {"code": self.code.value, "message": self.message}

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code.value, "message": self.message, "count": self.count}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> SyncWarning:
        return cls(WarningCode(record["code"]), record["message"], record.get("count", 1))


def join_warnings(
    of_sync: Iterable[SyncWarning], of_dates: Mapping[date, Sequence[SyncWarning]]
) -> tuple[SyncWarning, ...]:
    """One warning for each code, in the order of the codes; its message counts and names the dates."""
    found: dict[WarningCode, list[tuple[date | None, SyncWarning]]] = {}
    for warning in of_sync:
        found.setdefault(warning.code, []).append((None, warning))
    for day in sorted(of_dates):
        for warning in of_dates[day]:
            found.setdefault(warning.code, []).append((day, warning))
    return tuple(_joined(code, found[code]) for code in WarningCode if code in found)


def _joined(code: WarningCode, entries: Sequence[tuple[date | None, SyncWarning]]) -> SyncWarning:
    messages = list(dict.fromkeys(warning.message for _, warning in entries))
    if code in _LISTS:
        return _joined_names(code, messages)
    days = list(dict.fromkeys(day for day, _ in entries if day is not None))
    count = sum(warning.count for _, warning in entries)
    heads = [_plural(count, _UNITS[code]) if code in _UNITS else "", _on(days)]
    head = " on ".join(part for part in heads if part)
    text = "; ".join(messages[:NAMED]) + (f"; and {len(messages) - NAMED} more" if len(messages) > NAMED else "")
    return SyncWarning(code, f"{head}: {text}" if days else text, count)


def _joined_names(code: WarningCode, messages: Sequence[str]) -> SyncWarning:
    names = sorted({name for message in messages for name in message.split(", ")})
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    listed = ", ".join(names[:MAX_NAMES]) + more
    return SyncWarning(code, f"{_plural(len(names), _UNITS[code])}: {listed}", len(names))


def _on(days: Sequence[date]) -> str:
    named = ", ".join(day.isoformat() for day in days[:NAMED]) + (", …" if len(days) > NAMED else "")
    return named if len(days) < 2 else f"{_plural(len(days), 'date')} ({named})"


def _plural(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
