"""The responses of the API where they say more than the reply on NATS: how a sync ended, and the fields that the
service which this one replaces had in its responses."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from actors.spec.events import Completed, DateError, LastEvent, Stats
from actors.spec.replies import Error, Refusal, StatusReply
from actors.spec.values import Count, Day, Milliseconds, No, SentMessage, Time, Yes


class DateRange(SentMessage):
    """The dates of a sync, both inclusive."""

    start: Day
    end: Day


class OldStats(SentMessage):
    """The counts of a sync, in the replaced service's spelling."""

    slots_created: Annotated[Count, Field(alias="slotsCreated")]
    slots_updated: Annotated[Count, Field(alias="slotsUpdated")]
    appointments_added: Annotated[Count, Field(alias="appointmentsAdded")]
    appointments_updated: Annotated[Count, Field(alias="appointmentsUpdated")]
    appointments_removed: Annotated[Count, Field(alias="appointmentsRemoved")]
    conflicts_detected: Annotated[Count, Field(alias="conflictsDetected")]
    conflicts_resolved: Annotated[Count, Field(alias="conflictsResolved")]


class BothStats(Stats):
    """The counts of a sync, in both spellings."""

    old_slots_created: Annotated[Count, Field(alias="slotsCreated")]
    old_slots_updated: Annotated[Count, Field(alias="slotsUpdated")]
    old_appointments_added: Annotated[Count, Field(alias="appointmentsAdded")]
    old_appointments_updated: Annotated[Count, Field(alias="appointmentsUpdated")]
    old_appointments_removed: Annotated[Count, Field(alias="appointmentsRemoved")]
    old_conflicts_detected: Annotated[Count, Field(alias="conflictsDetected")]
    old_conflicts_resolved: Annotated[Count, Field(alias="conflictsResolved")]


class _Ended(LastEvent):
    """The last event of a sync. `errors` differs: in events it has the objects that are `error_details` here."""

    success: bool
    old_sync_id: Annotated[UUID, Field(alias="syncId")]
    stats: BothStats
    date_range: Annotated[DateRange | None, Field(alias="dateRange")]
    synced_at: Annotated[Time | None, Field(alias="syncedAt")]
    """null: the sync did not complete."""
    next_stale_at: Annotated[Time | None, Field(alias="nextStaleAt")]
    errors: list[str]  # type: ignore[assignment]
    """What went wrong, in sentences."""
    error_details: list[DateError]
    """Why dates failed."""
    old_duration_ms: Annotated[Milliseconds, Field(alias="durationMs")]
    timestamp: Time
    """When this was sent."""


class Done(_Ended, Completed):
    """The last event of a sync that was completed, whole or in part."""

    ok: Yes


class NotDone(_Ended):
    """The last event of a sync that failed, was cancelled or timed out."""

    ok: No
    error: Error


class NotAccepted(Refusal):
    """A request that is not carried out."""

    success: No
    errors: list[str]
    """The message, as the replaced service had it."""
    timestamp: Time


class SyncNotAccepted(NotAccepted):
    """A request for a sync that is not carried out: no sync, and nothing done."""

    sync_id: Annotated[None, Field(alias="syncId")]
    stats: OldStats
    date_range: Annotated[None, Field(alias="dateRange")]
    synced_at: Annotated[None, Field(alias="syncedAt")]
    next_stale_at: Annotated[None, Field(alias="nextStaleAt")]
    duration_ms: Annotated[Milliseconds, Field(alias="durationMs")]


class LastSync(SentMessage):
    """The last completed sync of a clinic."""

    id: UUID
    completed_at: Annotated[Time, Field(alias="completedAt")]
    date_range: Annotated[DateRange, Field(alias="dateRange")]
    stats: OldStats
    duration_ms: Annotated[Milliseconds | None, Field(alias="durationMs")]


class Freshness(SentMessage):
    """How old a clinic's data is."""

    synced_at: Annotated[Time, Field(alias="syncedAt")]
    next_stale_at: Annotated[Time, Field(alias="nextStaleAt")]
    minutes_since_sync: Annotated[Count, Field(alias="minutesSinceSync")]
    stale_threshold_minutes: Annotated[Count, Field(alias="staleThresholdMinutes")]
    """The clinic's freshness goal; 60 if it has none."""
    sync_horizon_days: Annotated[Count, Field(alias="syncHorizonDays")]


class ClinicFreshness(StatusReply):
    """A sync, or the clinic's latest one, and how old the clinic's data is."""

    clinic_id: Annotated[UUID, Field(alias="clinicId")]
    clinic_name: Annotated[str, Field(alias="clinicName")]
    has_data: Annotated[bool, Field(alias="hasData")]
    is_stale: Annotated[bool, Field(alias="isStale")]
    last_sync: Annotated[LastSync | None, Field(alias="lastSync")]
    """null: never synced."""
    freshness: Freshness | None
    message: str
    recommended_action: Annotated[str | None, Field(alias="recommendedAction")]
