"""Reads a moment as people write it: on the clinic's clock, or with an offset."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from engine.errors import BadRequest

#: `2026-12-08 10:30` is on the clinic's clock; with `Z` or an offset, it is an instant.
MOMENT: Final = r"^20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?$"


def read_moment(field: str, text: str, zone: ZoneInfo) -> datetime:
    """The instant of a text that matches `MOMENT`. Raises `BadRequest`, which names the field, if the day or time
    does not exist, or exists twice in the zone."""
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        raise BadRequest(f"{field}: {text} is not on any calendar; that month has no such day") from None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(
            f"{field}: {text} is not a time; use 00:00 to 23:59, and an offset of less than 24 hours"
        ) from None
    if read.tzinfo is not None:
        return read.astimezone(UTC)
    found = instants_of(read, zone)
    if len(found) == 1:
        return found[0]
    shown = f"{read:%Y-%m-%d %H:%M}"
    if not found:
        raise BadRequest(
            f"{field}: {shown} does not exist in {zone}: clocks are put forward past it that day; "
            "give a time before or after"
        )
    first, second = (one.astimezone(zone).isoformat(timespec="minutes") for one in found)
    raise BadRequest(
        f"{field}: {shown} exists twice in {zone}, because clocks are put back then; give {first} or {second}"
    )


def instants_of(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants, in UTC, at which the zone's clocks show this time: one, none, or two."""
    candidates = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    shown = {one for one in candidates if one.astimezone(zone).replace(tzinfo=None, fold=0) == local}
    return sorted(shown)
