"""All commands, each with the models of its request and its reply."""

from __future__ import annotations

from dataclasses import dataclass

from actors.requests import (
    ChangesQuery,
    Decision,
    EventsQuery,
    FreeQuery,
    PlanQuery,
    Request,
    SnapshotQuery,
    StatusQuery,
    SyncCommand,
    SyncReference,
    WhyQuery,
)
from actors.spec.feeds import ChangesReply, SnapshotReply
from actors.spec.offer import FreeReply, WhyReply
from actors.spec.replies import (
    CancelReply,
    DecisionReply,
    EventsReply,
    OverviewReply,
    PlanReply,
    StatusReply,
    SyncReply,
)
from actors.spec.values import SentMessage


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `clinic_may_be_all`: the subject may have `_all` in place of a clinic's slug."""

    verb: str
    summary: str
    request: type[Request]
    reply: type[SentMessage]
    clinic_may_be_all: bool = False


COMMANDS = (
    Command("sync", "Sync a clinic", SyncCommand, SyncReply),
    Command("cancel", "Cancel a queued or running sync", SyncReference, CancelReply),
    Command(
        "status", "Return a sync, or the clinic's latest one and its freshness", StatusQuery, StatusReply, True
    ),
    Command("events", "Return a sync's events after a number", EventsQuery, EventsReply),
    Command("plan", "Return the changes that a dry run would have made", PlanQuery, PlanReply),
    Command("overview", "Return an overview of clinics and syncs", Request, OverviewReply, True),
    Command("free", "Return the starts that a clinic can offer", FreeQuery, FreeReply),
    Command("why", "Return why a clinic can offer a start, or why not", WhyQuery, WhyReply),
    Command("snapshot", "Return what a feed of the clinic holds, with its position", SnapshotQuery, SnapshotReply),
    Command("changes", "Return the changes of a feed after a position", ChangesQuery, ChangesReply),
    Command("approve", "Carry out the held removals of a sync", Decision, DecisionReply),
    Command("reject", "Drop the held removals of a sync", Decision, DecisionReply),
)
