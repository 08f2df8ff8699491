"""Parses and explains cron texts, and computes when they are due. Pure: `now` is an argument.

Programs mostly agree on the meaning of cron texts. Texts on which they differ are refused here, and the rest is
passed to the server as plain lists of numbers; so a preview shows what the server will do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from actors.schedules.phrases import as_cron, as_phrase
from engine.errors import BadRequest

#: (name, cronsim's name, allowed values)
FIELDS = (
    ("minute", "minute", "0 to 59"),
    ("hour", "hour", "0 to 23"),
    ("day of month", "day-of-month", "1 to 31"),
    ("month", "month", "1 to 12 or JAN to DEC"),
    ("day of week", "day-of-week", "0 to 7 (0 and 7 are Sunday) or SUN to SAT"),
)

#: Numbers and names, lists, ranges and steps; no L, W, # or ?, which not every program supports.
_PLAIN = re.compile(r"(?:[0-9*,/-]|[A-Z]{3})+")

EXAMPLES = "such as '0 6,12 * * *' or 'every 30 minutes'"

#: cronsim requires a start time, even where none matters.
_ANY = datetime(2000, 1, 1)  # noqa: DTZ001

#: How far ahead changes of the clock are searched.
_AHEAD = timedelta(days=370)


@dataclass(frozen=True)
class Cron:
    """A schedule of five fields: `minute hour day-of-month month day-of-week`."""

    text: str

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Reads a cron text, or one of the phrases. Raises `BadRequest` that names the field."""
        fields = (as_cron(text) or text).upper().split()
        if len(fields) != len(FIELDS):
            raise BadRequest(f"cron: {_count(text, fields)}: {', '.join(name for name, *_ in FIELDS)}; {EXAMPLES}")
        for field, value in enumerate(fields):
            if not _PLAIN.fullmatch(value):
                raise _bad(field, value)
        if fields[2] != "*" and fields[4] != "*":
            raise BadRequest(
                f"cron: day of month {fields[2]!r} and day of week {fields[4]!r}: programs interpret "
                "both together differently; leave one of them at '*'"
            )
        _check(fields)
        return cls(" ".join(fields))

    @property
    def words(self) -> str:
        """In English: at 06:00 and 12:00 every day."""
        words = as_phrase(self.text) or self._sim(_ANY).explain()
        return words[:1].lower() + words[1:]

    @cached_property
    def for_server(self) -> str:
        """Six fields, seconds first, with only numbers and asterisks."""
        sim = self._sim(_ANY)
        weekdays = {int(str(day)) % 7 for day in sim.weekdays}
        parts = ((sim.minutes, 60), (sim.hours, 24), (sim.days, 31), (sim.months, 12), (weekdays, 7))
        return " ".join(["0", *("*" if len(of) == all_ else ",".join(map(str, sorted(of))) for of, all_ in parts)])

    def after(self, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """When it is due after `now` (aware), in the zone."""
        yield from due(self.for_server, now, zone)

    def left_out(self, now: datetime, zone: ZoneInfo) -> list[datetime]:
        """The due times within the next year that clocks skip (naive), if it is due at certain hours only."""
        if self.for_server.split()[2] == "*":
            return []
        return [at for day in _short_days(now, zone) for at in self._on(day) if _is_skipped(at, zone)]

    def _on(self, midnight: datetime) -> Iterator[datetime]:
        for at in CronSim(self.for_server, midnight - timedelta(seconds=1)):
            if at.date() != midnight.date():
                return
            yield at

    def _sim(self, now: datetime) -> CronSim:
        return CronSim(self.text, now)


def due(for_server: str, now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """When six fields are due, as on the server.

    A time that a change of clocks skips is left out, and one that occurs twice is due twice.
    """
    yield from CronSim(for_server, now.astimezone(zone))


def _check(fields: list[str]) -> None:
    try:
        CronSim(" ".join(fields), _ANY)
    except CronSimError as error:
        for field, (_, name, _) in enumerate(FIELDS):
            if str(error).endswith(name):
                raise _bad(field, fields[field] + _of_month(field, fields)) from None
        raise BadRequest(f"cron: {' '.join(fields)!r}: {error}; {EXAMPLES}") from None


def _bad(field: int, value: str) -> BadRequest:
    name, _, values = FIELDS[field]
    return BadRequest(
        f"cron: {name} {value!r} is not valid; use {values}, '*', lists (1,15), ranges (1-5) or steps (*/15)"
    )


def _of_month(field: int, fields: list[str]) -> str:
    """Names the month in the error for a day that the month may lack, such as February 31."""
    return f" of month {fields[3]}" if field == 2 and fields[3] != "*" else ""


def _count(text: str, fields: list[str]) -> str:
    if text.startswith("@"):
        return f"{text!r} is a short form, which is not supported; write five fields"
    if len(fields) == len(FIELDS) + 1:
        return f"{text!r} has six fields, but seconds are not supported; write five"
    return f"{text!r} has {len(fields)} field{'s' * (len(fields) != 1)}; write five"


def _short_days(now: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The midnights (naive) of days on which clocks are put forward."""
    midnight = datetime.combine(now.astimezone(zone).date(), time())
    end = midnight + _AHEAD
    while midnight < end:
        following = midnight + timedelta(days=1)
        if (_offset(following, zone) or timedelta()) > (_offset(midnight, zone) or timedelta()):
            yield midnight
        midnight = following


def _offset(naive: datetime, zone: ZoneInfo) -> timedelta | None:
    return naive.replace(tzinfo=zone).utcoffset()


def _is_skipped(naive: datetime, zone: ZoneInfo) -> bool:
    local = naive.replace(tzinfo=zone)
    return local.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) != naive
