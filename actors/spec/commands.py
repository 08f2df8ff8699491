"""Every command: what one asks, and what one gets."""

from __future__ import annotations

from dataclasses import dataclass

from actors.messages import EventsQuery, PlanQuery, Request, StatusQuery, SyncCommand, SyncReference
from actors.spec.replies import (
    CancelReply,
    DecisionReply,
    EventsReply,
    OverviewReply,
    PlanReply,
    StatusReply,
    SyncReply,
)
from actors.spec.values import Told


@dataclass(frozen=True, slots=True)
class Command:
    """`clinic_may_be_all`: `_all` may stand where the clinic's slug stands in the subject."""

    verb: str
    summary: str
    request: type[Request]
    reply: type[Told]
    clinic_may_be_all: bool = False


COMMANDS = (
    Command("sync", "Sync a clinic", SyncCommand, SyncReply),
    Command("cancel", "End a sync that waits or runs", SyncReference, CancelReply),
    Command("status", "A sync, or the clinic's latest one and its freshness", StatusQuery, StatusReply, True),
    Command("events", "A sync's events after a number", EventsQuery, EventsReply),
    Command("plan", "What a dry run would have changed", PlanQuery, PlanReply),
    Command("overview", "Clinics and syncs at a glance", Request, OverviewReply, True),
    Command("approve", "Carry out the removals that a sync holds back", SyncReference, DecisionReply),
    Command("reject", "Drop the removals that a sync holds back", SyncReference, DecisionReply),
)
