"""A clinic, its freshness and its schedule, as the replies to `status` and `overview` show them."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from actors.spec.values import Count, SentMessage, Slug, Time
from engine.sync import SyncStatus


class Schedule(SentMessage):
    """When the clinic is synced automatically."""

    cron: str
    timezone: str
    words: str
    """The schedule in English."""
    days_ahead: Count
    paused: bool
    next: Time | None
    """null: paused, or no further run."""
    last_tick_at: Time | None
    """Time of the last scheduled run."""
    last_outcome: Literal["started", "queued", "covered", "refused"] | None
    """Outcome of the last scheduled run; covered: a queued or running sync already covered its dates."""
    last_sync_id: UUID | None
    last_refusal: str | None


class Clinic(SentMessage):
    """A clinic and its freshness."""

    id: UUID
    slug: Slug
    name: str
    timezone: str
    """An IANA name; empty: none counts, and its syncs are refused."""
    timezone_problem: str | None
    """Why none counts; null: one does."""
    portal: str | None
    """The address of its own portal; null: the default (`IDEXX_BASE_URL`)."""
    login_failure: str | None
    """Why the portal rejected the last sign-in; null: it did not."""
    last_completed_at: Time | None
    """null: never synced."""
    fresh_as_of: Time | None
    """Read time of the least recently read open date in the range of the last completed sync; null: a date was
    never read.
    """
    max_age_seconds: Count | None
    """The freshness goal, the maximum age of the data; null: none."""
    is_fresh: bool | None
    """Whether the goal is met."""
    schedule: Schedule | None
    """null: synced only on request."""


class ClinicStatus(Clinic):
    """A clinic in the reply to `status`."""

    last_completed_sync: UUID | None
    last_was_partial: bool | None
    age_seconds: float | None
    horizon_days: Count
    """How many days ahead its programs expect data, from the configuration of the service before; 14 if it had none."""


class ClinicRow(Clinic):
    """A clinic in the reply to `overview`."""

    country: str
    has_credentials: bool
    last_partial: bool | None
    last_ended_status: SyncStatus | None
    """How the last sync ended, ignoring dry runs; null: no sync has ended."""
    last_ended_message: str | None
    """Why it did not complete."""
    removals_held: Count
    appointments: Count
