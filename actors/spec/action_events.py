"""The event of an action, which is published on `idexx.evt.>`."""

from __future__ import annotations

from uuid import UUID

from actors.spec.values import Count, SentMessage, Slug, Time
from engine.action import Source, Verb


class ActionTaken(SentMessage):
    """A caller of the HTTP API, of NATS or of the command line has acted. Published after the outcome is stored."""

    verb: Verb
    """Equal to the last token of the subject. settle, confirm and release are decisions on a booking."""
    clinic: Slug
    at: Time
    """Time of the request."""
    source: Source
    who: str | None
    """The API key's name (http), the operating system's user (cli), or what the client states in the header
    `Idexx-User` (nats); null: not known, such as a caller on the gateway's machine without a key."""
    sync_id: UUID | None
    """null: about a booking, or refused before there was a sync."""
    booking_id: UUID | None
    """`vapi_bookings.id`; null unless it is about a booking."""
    removals: Count | None
    """The number of appointments that were removed (approve) or kept (reject); otherwise null."""
    outcome: str
    """`done`, or the reason of the refusal."""
