"""The bodies of requests that act, and the replies that only HTTP has."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from actors.http.requests import ClinicId
from actors.requests import Number, Request
from actors.spec.values import SentMessage, Yes
from engine.action import Verb

Decision = Literal[Verb.APPROVE, Verb.REJECT]
BookingDecision = Literal[Verb.SETTLE, Verb.CONFIRM, Verb.RELEASE]


class _Body(Request):
    """In the spelling of JSON on the web."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_alias=True, validate_by_name=False)

    clinic_id: ClinicId


class CancelBody(_Body):
    """Cancel a queued or running sync."""

    sync_id: UUID


class RemovalsBody(_Body):
    """Decide on the removals that a sync holds: `approve` removes the appointments, `reject` keeps them.

    `removals` is how many the caller has seen; another number is refused.
    """

    sync_id: UUID
    decision: Decision
    removals: Number


class BookingBody(_Body):
    """Decide on a booking: `settle`, the portal has it under another name or number; `confirm`, it is real and not in
    the portal yet; `release`, it is not real, and its place is free."""

    booking_id: UUID
    decision: BookingDecision


class BookingReply(SentMessage):
    """The booking is decided."""

    ok: Yes
    booking_id: UUID
    status: BookingDecision
