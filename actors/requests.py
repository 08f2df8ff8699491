"""The requests on NATS: their models, and how a request is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from actors.messages import TooLarge
from actors.validation_messages import what_is_wrong
from engine.dates import MAX_DAYS, DateRange, days_ahead
from engine.errors import BadRequest
from engine.feed import Feed
from engine.local_time import MOMENT
from engine.offer.start import MAX_MINUTES, StartQuery

#: No request needs more, in bytes.
MAX_REQUEST_BYTES = 16 * 1024

#: A day that a calendar of ours can hold, in every time zone.
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]

#: A number of an event or a change; PostgreSQL counts no further.
Number = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Request(BaseModel):
    """A JSON object, validated strictly: unknown fields and numbers given as text are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _in_one_way(schema: dict[str, Any]) -> None:
    """Adds to a schema what its fields cannot express: the two alternative forms of a range of dates."""
    days, start, end = list(schema["properties"])[:3]
    null = {"type": "null"}
    schema["oneOf"] = [
        {"required": [days], "properties": {days: {"type": "integer"}, start: null, end: null}},
        {"required": [start, end], "properties": {days: null, start: {"type": "string"}, end: {"type": "string"}}},
    ]


class DatesRequest(Request):
    """Either `days_ahead`, or `start_date` and `end_date` (both inclusive)."""

    model_config = ConfigDict(json_schema_extra=_in_one_way)

    days_ahead: Annotated[int, Field(ge=1, le=MAX_DAYS)] | None = None
    start_date: Day | None = None
    end_date: Day | None = None

    def dates(self, today: date) -> DateRange:
        """Returns the range in the clinic's calendar. Raises `BadRequest` that names the field."""
        match (self.days_ahead, self.start_date, self.end_date):
            case (int(days), None, None):
                return days_ahead(today, days)
            case (None, date() as start, date() as end):
                return DateRange(start, end)
        raise BadRequest("days_ahead: give either days_ahead, or start_date and end_date")


class SyncCommand(DatesRequest):
    """Either `days_ahead`, or `start_date` and `end_date` (both inclusive)."""

    request_id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None
    dry_run: bool = False


class SyncReference(Request):
    """Names a sync."""

    sync_id: UUID


class Decision(SyncReference):
    """A decision on the removals that a sync holds. `removals`: refuse it if their number is another one."""

    removals: Number | None = None


class StatusQuery(Request):
    """A sync, by its id or by the first characters of it; or the clinic's latest one."""

    sync_id: UUID | None = None
    id_start: Annotated[str, Field(pattern=r"^[0-9A-Fa-f-]{4,36}$")] | None = None


class EventsQuery(Request):
    """A sync's events after number `after_seq`."""

    sync_id: UUID
    after_seq: Number = 0


class PlanQuery(Request):
    """The changes that a dry run would have made, after change number `after`."""

    sync_id: UUID
    after: Number = 0


#: A position in a change feed. JSON's numbers are exact up to here.
Position = Annotated[int, Field(ge=0, le=2**53 - 1)]


class SnapshotQuery(Request):
    """What a clinic's feed holds. For the next page, send its `feed_id` and `position`, and `next` as `after`."""

    feed: Feed = Field(default=Feed.APPOINTMENT, strict=False)
    feed_id: UUID | None = None
    position: Position | None = None
    after: Annotated[str, Field(min_length=1, max_length=40)] | None = None


class ChangesQuery(Request):
    """The changes of a clinic's feed after the position `after`, up to which the sender has applied them."""

    feed: Feed = Field(default=Feed.APPOINTMENT, strict=False)
    feed_id: UUID
    after: Position


#: The name or id of something in the portal.
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]

#: A time on the clinic's clock, or, with an offset, an instant.
Moment = Annotated[str, Field(pattern=MOMENT)]


class StartRequest(Request):
    """What is to be booked: a type of appointment, or a length in minutes, which counts more; in any column that
    counts, or in one; with any provider, or with one. Columns and providers are ids of the portal.
    """

    type: Name | None = None
    minutes: Annotated[int, Field(ge=1, le=MAX_MINUTES)] | None = None
    column: Name | None = None
    provider: Name | None = None

    @property
    def start(self) -> StartQuery:
        return StartQuery(self.type, self.minutes, self.column, self.provider)


class FreeQuery(StartRequest, DatesRequest):
    """The starts that a clinic can offer on dates: `days_ahead`, or `start_date` and `end_date` (both inclusive)."""

    after: Moment | None = None


class WhyQuery(StartRequest):
    """Why a clinic can offer the start `at`, or why not."""

    at: Moment


R = TypeVar("R", bound=Request)


def parse(model: type[R], payload: bytes) -> R:
    """Parses a request; an empty payload is an empty object. Raises `BadRequest`, which names the field, or
    `TooLarge`.
    """
    if len(payload) > MAX_REQUEST_BYTES:
        raise TooLarge(f"the request has {len(payload)} bytes; the limit is {MAX_REQUEST_BYTES}")
    with suppress(ValueError, RecursionError):  # what is not JSON is refused below, with the place
        json.loads(payload, object_pairs_hook=_each_once)
    try:
        return model.model_validate_json(payload.strip() or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field, given = ".".join(str(part) for part in first["loc"]) or "request", first["input"]
        # A number says nothing of anybody; a text might, and a refusal can become an event.
        shown = isinstance(given, int | float) and abs(given) < 10**9
        what = f"{given} is not valid: " if shown else ""
        raise BadRequest(f"{field}: {what}{what_is_wrong(first)}") from None


def check_once(names: Iterable[str]) -> None:
    """Raises `BadRequest` for a name that is given twice: which of its values counts would be chance."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            # A known name is written so; any other could be somebody's.
            shown = name if re.fullmatch(r"[A-Za-z_]{1,40}", name) else "a field"
            raise BadRequest(f"{shown}: is given more than once; give it once")
        seen.add(name)


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    check_once(name for name, _ in pairs)
    return dict(pairs)
