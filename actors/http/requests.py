"""What callers send, checked: the form only. What it means is checked where the NATS request is answered."""

from __future__ import annotations

import asyncio
import re
from datetime import date, time
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, field_validator
from pydantic.alias_generators import to_camel
from starlette.requests import ClientDisconnect, Request

from actors.http.caller import caller_of
from actors.http.responses import NotAllowed, TimedOut, WrongType
from actors.messages import TooLarge, encode
from actors.requests import MAX_REQUEST_BYTES, FreeQuery, Name, SyncCommand, WhyQuery, check_once, parse
from actors.requests import Request as Payload
from actors.validation_messages import CLINIC_ID, what_is_wrong
from engine.dates import MAX_DAYS
from engine.errors import BadRequest

B = TypeVar("B", bound=Payload)

#: How long a caller may take to send a body, in seconds.
BODY_WITHIN = 10.0

#: A slug or a UUID; anything else could not be part of a subject.
ClinicId = Annotated[str, Field(pattern=CLINIC_ID)]

_CLINIC_ID: TypeAdapter[str] = TypeAdapter(ClinicId)
_SYNC_ID: TypeAdapter[UUID] = TypeAdapter(UUID)
_DAY: TypeAdapter[date] = TypeAdapter(Annotated[date, Field(ge=date(1970, 1, 1), le=date(2999, 12, 31))])
_CLOCK: TypeAdapter[str] = TypeAdapter(Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")])
_COLUMN: TypeAdapter[str] = TypeAdapter(Name)
_EVIDENCE_ID: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=1, le=2**63 - 1)])
_AFTER_SEQ: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=0, le=2**31 - 1)])

#: Parameters of a query with numbers and with moments.
_NUMBERS = frozenset({"daysAhead", "minutes"})
_MOMENTS = frozenset({"at", "after"})

#: An offset whose plus was not encoded, so that it arrives as a blank.
_LOST_PLUS = r"(:\d\d(?:\.\d+)?) (\d\d:\d\d)$"


class SyncBody(SyncCommand):
    """The body of a sync: the fields of the NATS request, and the clinic, in the spelling of JSON on the web."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_alias=True, validate_by_name=False)

    clinic_id: ClinicId

    @field_validator("days_ahead", mode="before")
    @classmethod
    def _whole(cls, value: object) -> object:
        """JSON has one kind of number: 14.0 is 14."""
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def command(self, *, after_today: bool = False) -> dict[str, object]:
        """As the NATS request says it. `after_today`: `daysAhead` does not include today, but is read with it."""
        command = self.model_dump(mode="json", exclude={"clinic_id"}, exclude_defaults=True)
        if after_today and self.days_ahead is not None:
            if self.days_ahead >= MAX_DAYS:
                raise BadRequest(
                    f"daysAhead: today and {self.days_ahead} days are {self.days_ahead + 1} dates, and a sync has at "
                    f"most {MAX_DAYS}; send {MAX_DAYS - 1}, or unset HTTP_DAYS_AFTER_TODAY"
                )
            command["days_ahead"] = self.days_ahead + 1
        return command


class FreeParameters(FreeQuery):
    """The parameters of a request for free starts, in the spelling of JSON on the web."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_alias=True, validate_by_name=False)


async def sync_body(request: Request) -> SyncBody:
    """Raises like `json_body`."""
    return await json_body(request, SyncBody)


async def json_body(request: Request, model: type[B]) -> B:
    """Raises `BadRequest` that names the field, `TooLarge`, `WrongType`, `TimedOut`, or `NotAllowed` for a page of
    another site."""
    if request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise NotAllowed("a page of another site may not do this; open the page of this gateway")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        # A form in some web page cannot send JSON to this machine without the browser asking first.
        raise WrongType("send the request as JSON, with `Content-Type: application/json`")
    return parse(model, await body_of(request))


def clinic_id(request: Request) -> str:
    """The parameter `clinicId`. Raises `NotAllowed` if the caller's key is for another clinic, and `BadRequest` for a
    parameter that is given twice."""
    check_once(name for name, _ in request.query_params.multi_items())
    given = request.query_params.get("clinicId")
    if not given:
        raise BadRequest("clinicId: is missing; give a clinic's slug, such as clinicId=cedar-creek")
    found = str(_checked(_CLINIC_ID, "clinicId", given))
    caller_of(request).require_clinic(found)
    return found


def day(request: Request) -> date | None:
    """The parameter `date`; None: not given."""
    given = request.query_params.get("date")
    return None if given is None else cast(date, _checked(_DAY, "date", given))


def clock_time(request: Request) -> time | None:
    """The parameter `at`, a time of the day; None: not given."""
    given = request.query_params.get("at")
    return None if given is None else time.fromisoformat(_checked(_CLOCK, "at", given))


def column(request: Request) -> str | None:
    """The parameter `column`; None: not given."""
    given = request.query_params.get("column")
    return None if given is None else str(_checked(_COLUMN, "column", given))


def evidence_id(request: Request) -> int:
    """The parameter `evidenceId`."""
    return int(_checked(_EVIDENCE_ID, "evidenceId", request.query_params.get("evidenceId") or ""))


def free_query(request: Request) -> dict[str, Any]:
    """The NATS request for free starts. Raises `BadRequest`, which names the parameter."""
    return _parsed(FreeParameters, request)


def why_query(request: Request) -> dict[str, Any]:
    """The NATS request for the explanation of a start. Raises `BadRequest`, which names the parameter."""
    return _parsed(WhyQuery, request)


def _parsed(model: type[FreeParameters | WhyQuery], request: Request) -> dict[str, Any]:
    given: dict[str, Any] = {name: text for name, text in request.query_params.items() if name != "clinicId"}
    for name in _NUMBERS.intersection(given):
        given[name] = int(given[name]) if re.fullmatch(r"-?\d{1,9}", given[name]) else given[name]
    for name in _MOMENTS.intersection(given):
        given[name] = re.sub(_LOST_PLUS, r"\1+\2", given[name])
    return parse(model, encode(given)).model_dump(mode="json", exclude_unset=True)


def sync_id(value: str) -> str:
    try:
        return str(_SYNC_ID.validate_python(value))
    except ValidationError:
        raise BadRequest(f"syncId: needs the full id of a sync, 36 characters, not {value[:40]!r}") from None


def parameter_sync_id(request: Request) -> UUID:
    """The parameter `syncId`."""
    return UUID(sync_id(request.query_params.get("syncId") or ""))


def after_seq(request: Request) -> int:
    """The number of the last event that the caller has, by `Last-Event-ID`."""
    return int(_checked(_AFTER_SEQ, "Last-Event-ID", request.headers.get("last-event-id") or "0"))


def _checked(kind: TypeAdapter[Any], name: str, value: str) -> Any:
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        raise BadRequest(f"{name}: {what_is_wrong(error.errors(include_url=False)[0])}") from None


async def body_of(request: Request) -> bytes:
    """Raises `TooLarge`, `TimedOut`, or `BadRequest` if the caller disconnects."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN):
            async for piece in request.stream():
                body += piece
                if len(body) > MAX_REQUEST_BYTES:
                    raise TooLarge(f"the request body is larger than {MAX_REQUEST_BYTES} bytes")
    except TimeoutError:
        raise TimedOut(f"the request body was not complete within {BODY_WITHIN:g} s") from None
    except ClientDisconnect:
        raise BadRequest("the request body is cut off") from None
    return bytes(body)
