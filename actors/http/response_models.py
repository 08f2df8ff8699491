"""The responses of the API where they say more than the reply on NATS: how a sync ended, and the fields that the
service which this one replaces had in its responses."""

from __future__ import annotations

from uuid import UUID

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from actors.spec.events import Completed, DateError, LastEvent, Stats
from actors.spec.replies import Error, Refusal, StatusReply
from actors.spec.values import Count, Day, Milliseconds, No, SentMessage, Time, Yes


def _name_in_response(field: str) -> str:
    """`old_sync_id` is `syncId`; any other field keeps its name."""
    return to_camel(field.removeprefix("old_")) if field.startswith("old_") else field


class OldFields(SentMessage):
    """Base of the responses with fields of the replaced service: `old_…` here, in its spelling in the response."""

    model_config = ConfigDict(alias_generator=_name_in_response)


class DateRange(SentMessage):
    """The dates of a sync, both inclusive."""

    start: Day
    end: Day


class OldStats(OldFields):
    """The counts of a sync, in the replaced service's spelling."""

    old_slots_created: Count
    old_slots_updated: Count
    old_appointments_added: Count
    old_appointments_updated: Count
    old_appointments_removed: Count
    old_conflicts_detected: Count
    old_conflicts_resolved: Count


class BothStats(OldStats, Stats):
    """The counts of a sync, in both spellings."""


class _Ended(OldFields, LastEvent):
    """The last event of a sync. `errors` differs: in events it has the objects that are `error_details` here."""

    success: bool
    old_sync_id: UUID
    stats: BothStats
    old_date_range: DateRange | None
    old_synced_at: Time | None
    """null: the sync did not complete."""
    old_next_stale_at: Time | None
    errors: list[str]  # type: ignore[assignment]
    """What went wrong, in sentences."""
    error_details: list[DateError]
    """Why dates failed."""
    old_duration_ms: Milliseconds
    timestamp: Time
    """When this was sent."""


class Done(_Ended, Completed):
    """The last event of a sync that was completed, whole or in part."""

    ok: Yes


class NotDone(_Ended):
    """The last event of a sync that failed, was cancelled or timed out."""

    ok: No
    error: Error


class NotAccepted(OldFields, Refusal):
    """A request that is not carried out."""

    success: No
    errors: list[str]
    """The message, as the replaced service had it."""
    timestamp: Time


class SyncNotAccepted(NotAccepted):
    """A request for a sync that is not carried out: no sync, and nothing done."""

    old_sync_id: None
    stats: OldStats
    old_date_range: None
    old_synced_at: None
    old_next_stale_at: None
    old_duration_ms: Milliseconds


class LastSync(OldFields):
    """The last completed sync of a clinic."""

    id: UUID
    old_completed_at: Time
    old_date_range: DateRange
    stats: OldStats
    old_duration_ms: Milliseconds | None


class Freshness(OldFields):
    """How old a clinic's data is."""

    old_synced_at: Time
    old_next_stale_at: Time
    old_minutes_since_sync: Count
    old_stale_threshold_minutes: Count
    """The clinic's freshness goal; 60 if it has none."""
    old_sync_horizon_days: Count


class ClinicFreshness(OldFields, StatusReply):
    """A sync, or the clinic's latest one, and how old the clinic's data is."""

    old_clinic_id: UUID
    old_clinic_name: str
    old_has_data: bool
    old_is_stale: bool
    old_last_sync: LastSync | None
    """null: never synced."""
    freshness: Freshness | None
    message: str
    old_recommended_action: str | None
