"""The responses about one clinic, one sync and one date, and about evidence."""

from __future__ import annotations

from uuid import UUID

from actors.spec.attention import AttentionItem
from actors.spec.clinics import ClinicRow
from actors.spec.events import AnySyncEvent
from actors.spec.replies import Sync
from actors.spec.values import ChangeKind, ClockTime, Count, Day, SentMessage, Slug, Time, Yes
from engine.action import Source, Verb
from engine.api_key import Right
from engine.booking import BookingState
from engine.offer_change import OfferCause, OfferChangeKind
from engine.sync import DateStatus, SyncStatus


class CallerView(SentMessage):
    """Who asks."""

    name: str | None
    """null: a caller on the gateway's machine without a key."""
    rights: list[Right]
    clinic: Slug | None
    """The only clinic that the key is for; null: all."""


class ClinicName(SentMessage):
    slug: Slug
    name: str
    timezone: str


class ActionView(SentMessage):
    """What a caller of the HTTP API, or an operator, has done."""

    id: UUID
    at: Time
    who: str | None
    source: Source
    verb: Verb
    clinic: Slug
    sync_id: UUID | None
    booking_id: UUID | None
    removals: Count | None
    outcome: str | None
    """`done`, or the reason of the refusal; null: not known."""


class BookingView(SentMessage):
    """A booking about which a person has to decide."""

    id: UUID
    confirmation_number: str | None
    date: Day
    start_time: ClockTime
    state: BookingState
    has_conflict: bool
    """The portal has filled its slot."""
    hold_expires_at: Time | None
    patient: str | None
    """This field and the following ones are null without the right `names`."""
    client: str | None
    telephone: str | None


class _Detail(SentMessage):
    ok: Yes
    at: Time
    caller: CallerView


class ClinicDetail(_Detail):
    """A clinic: what needs a person, the latest syncs, bookings that wait for a decision, and the latest actions."""

    clinic: ClinicRow
    attention: list[AttentionItem]
    syncs: list[Sync]
    bookings: list[BookingView]
    actions: list[ActionView]


class HeldRemoval(SentMessage):
    """An appointment whose removal waits for a decision."""

    id: UUID
    neo_appointment_id: str
    date: Day
    start_time: ClockTime
    end_time: ClockTime
    missing_since: Time
    """The first read that did not show it."""
    type: str | None
    """This field and the following ones are null without the right `names`."""
    provider: str | None
    patient: str | None
    client: str | None


class EvidenceView(SentMessage):
    """What is stored about a failed attempt at a date."""

    id: Count
    sync_id: UUID
    date: Day
    at: Time
    reason: str
    message: str
    http_status: int | None
    has_screenshot: bool


class SyncDetail(_Detail):
    """A sync with its dates and events, and the removals that it holds."""

    clinic: ClinicName
    sync: Sync
    events: list[AnySyncEvent]
    """At most 1000, from the first one on."""
    held: list[HeldRemoval]
    evidence: list[EvidenceView] | None
    """null: the key lacks the right `names`."""
    actions: list[ActionView]


class DateAttempts(SentMessage):
    """What one sync did with the date."""

    sync_id: UUID
    sync_status: SyncStatus
    dry_run: bool
    created_at: Time
    status: DateStatus
    attempts: Count
    reason: str | None
    message: str | None
    second_look: bool
    started_at: Time | None
    finished_at: Time | None
    next_try_at: Time | None
    added: Count
    updated: Count
    removed: Count
    unchanged: Count


class ChangedPlace(SentMessage):
    """An appointment before or after a change."""

    date: Day
    start_time: ClockTime
    end_time: ClockTime
    status: str | None
    column: str | None
    column_name: str | None
    """This field and the following ones are null without the right `names`."""
    type: str | None
    provider: str | None
    patient: str | None
    client: str | None


class ChangedField(SentMessage):
    """A field that differs. Its values are null without the right `names`, or if they are empty."""

    name: str
    before: str | None
    after: str | None


class ChangeOfDate(SentMessage):
    """A change of an appointment on the date."""

    id: Count
    sync_id: UUID
    appointment_id: UUID
    neo_appointment_id: str
    kind: ChangeKind
    is_undo: bool
    at: Time
    before: ChangedPlace | None
    after: ChangedPlace | None
    fields: list[ChangedField]
    """What differs besides time and column; empty unless there is a before and an after."""


class OfferOfDate(SentMessage):
    """A start was offered to callers, or no longer, or in another number of columns."""

    kind: OfferChangeKind
    starts_at: Time
    start_time: ClockTime
    column_count: Count
    column_count_before: Count
    cause: OfferCause
    sync_id: UUID | None
    booking_id: UUID | None
    rule: str | None
    at: Time


class DateDetail(_Detail):
    """A date of a clinic: what syncs did with it, and what changed on it; with `at` and `column` that of one slot."""

    clinic: ClinicName
    date: Day
    read_at: Time | None
    """null: never read."""
    doubt: str | None
    """Why nothing of the date is offered although it may be free."""
    attempts: list[DateAttempts]
    """Of the latest 20 syncs, newest first."""
    changes: list[ChangeOfDate]
    """The latest 100, newest first."""
    offers: list[OfferOfDate]
    """The latest 100, newest first; kept for 30 days."""
    evidence: list[EvidenceView] | None
    """null: the key lacks the right `names`."""


class WholeEvidence(EvidenceView):
    """With what the portal returned; names and numbers are masked."""

    address: str
    title: str
    headers: dict[str, str]
    body: str


class EvidenceReply(SentMessage):
    ok: Yes
    evidence: WholeEvidence
