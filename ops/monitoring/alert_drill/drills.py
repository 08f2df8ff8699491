"""All alerts with their causes and remedies, as text and as code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from actors.queues import DATE_SCRAPER
from ops.monitoring.alert_drill import causes
from ops.monitoring.alert_drill.causes import GOAL, MAILBOX_SIZE, SCRAPERS
from ops.monitoring.alert_drill.process_causes import Cause, ended, frozen
from ops.monitoring.testbed.machine import Watched


@dataclass(frozen=True, slots=True)
class Drill:
    """A drill of one alert. `cause` and `remedy` are descriptions; `labels`: those the alert must have, among
    others. `clear_up` runs after the alert is resolved, so that it does not fire again."""

    alert: str
    cause: str
    remedy: str
    bring_about: Cause
    labels: dict[str, str] = field(default_factory=dict)
    clear_up: Callable[[Watched], Awaitable[None]] | None = None


DRILLS = (
    Drill(
        "ClinicNotFresh",
        f"no sync is requested for a clinic with a goal of {GOAL} s",
        "sync",
        causes.missed_goal,
        clear_up=causes.no_goal,
    ),
    Drill(
        "LoginRejected",
        "the portal rejects the password of a clinic",
        "credentials test, after the portal accepts them again; sync",
        causes.rejected_login,
    ),
    Drill(
        "RemovalsHeld",
        "two thirds of a clinic's calendar are gone",
        "runs approve",
        causes.half_a_calendar,
    ),
    Drill(
        "SyncsFailing",
        "the portal renames the fields of its records",
        "sync, after the names are supported",
        causes.changed_portal,
        {"reason": "portal_changed"},
    ),
    Drill(
        "ClinicNeedsAttention",
        "the hold of a booking by telephone expires",
        "bookings release",
        causes.undecided_booking,
        {"kind": "booking_to_settle"},
    ),
    Drill(
        "InstallationNeedsAttention",
        "PostgreSQL accepts no writes",
        "it accepts them again",
        causes.read_only_database,
        {"kind": "database_read_only"},
    ),
    Drill(
        "DependencyDown",
        "nats-server hangs (SIGSTOP)",
        "nats-server continues",
        frozen("nats-server", "nats"),
        {"dependency": "nats"},
    ),
    Drill(
        "DependencyDown",
        "PostgreSQL hangs (SIGSTOP)",
        "PostgreSQL continues",
        frozen("postgres", "database"),
        {"dependency": "database"},
    ),
    Drill("NoGateway", "the only gateway ends", "a gateway is started", ended("gateway")),
    Drill("CircuitBreakerOpen", "the portal returns 503", "the portal recovers; sync", causes.failing_portal),
    Drill("DeadLetters", "a message for an unknown actor", "dlq drop", causes.unknown_message),
    Drill(
        "SyncSilent",
        "an open transaction locks a clinic",
        "the transaction is rolled back",
        causes.forgotten_transaction,
    ),
    Drill(
        "WebhookNotDelivered",
        "a webhook's name resolves to an address in our own network",
        "clinic webhook remove",
        causes.webhook_into_our_network,
    ),
    Drill(
        "WebhooksOverdue",
        "no notifier runs when a sync ends",
        "the notifier is started",
        causes.no_notifier,
        clear_up=causes.remove_webhook,
    ),
    Drill(
        "HighSyncDuration", "each call to the portal takes 23 s", "the portal is fast again", causes.slow_portal
    ),
    Drill(
        "HighMemoryUsage",
        "a process uses 600 MB",
        "the process is stopped",
        causes.memory_hog,
        {"process": "memory_hog"},
    ),
    Drill("QueueBacklog", "eight requests for a clinic whose portal is slow", "cancel", causes.many_requests),
    Drill("BrowserPoolExhausted", "no DateScraper runs", "the DateScrapers are started", ended(*SCRAPERS)),
    Drill(
        "MailboxAlmostFull",
        f"no DateScraper works on a mailbox of {MAILBOX_SIZE} messages",
        "the DateScrapers are started",
        causes.more_than_a_mailbox,
        {"actor": DATE_SCRAPER},
    ),
)
