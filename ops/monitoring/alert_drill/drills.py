"""All alerts with their causes and remedies, as text and as code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from actors.dispatcher import DATE_SCRAPER
from ops.monitoring.alert_drill import causes
from ops.monitoring.alert_drill.causes import GOAL, MAILBOX_SIZE, SCRAPERS, Cause
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
        f"nobody asks for a sync of a clinic with a goal of {GOAL} s",
        "sync",
        causes.missed_goal,
        clear_up=causes.no_goal,
    ),
    Drill(
        "LoginRejected",
        "the portal rejects the password of a clinic",
        "credentials test, once the portal takes it again; sync",
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
        "the portal spells its records in another way",
        "sync, once that is understood",
        causes.changed_portal,
        {"reason": "portal_changed"},
    ),
    Drill(
        "DependencyDown",
        "nats-server hangs (SIGSTOP)",
        "it goes on",
        causes.frozen("nats-server", "nats"),
        {"dependency": "nats"},
    ),
    Drill(
        "DependencyDown",
        "PostgreSQL hangs (SIGSTOP)",
        "it goes on",
        causes.frozen("postgres", "database"),
        {"dependency": "database"},
    ),
    Drill("NoGateway", "the only gateway ends", "a gateway is started", causes.ended("gateway")),
    Drill("CircuitBreakerOpen", "the portal answers 503", "the portal is well again; sync", causes.failing_portal),
    Drill("DeadLetters", "a message that no actor of this version knows", "dlq drop", causes.unknown_message),
    Drill(
        "SyncSilent",
        "a forgotten transaction holds a clinic",
        "it is rolled back",
        causes.forgotten_transaction,
    ),
    Drill(
        "WebhookNotDelivered",
        "a webhook's name leads into our own network",
        "clinic webhook remove",
        causes.webhook_into_our_network,
    ),
    Drill(
        "WebhooksOverdue",
        "no notifier runs when a sync ends",
        "it is started",
        causes.no_notifier,
        clear_up=causes.remove_webhook,
    ),
    Drill(
        "HighSyncDuration", "each call of the portal takes 23 s", "the portal is quick again", causes.slow_portal
    ),
    Drill("HighMemoryUsage", "a process takes 600 MB", "it is stopped", causes.glutton, {"process": "glutton"}),
    Drill("QueueBacklog", "eight requests for a clinic whose portal is slow", "cancel", causes.many_requests),
    Drill("BrowserPoolExhausted", "no DateScraper runs", "they are started", causes.ended(*SCRAPERS)),
    Drill(
        "MailboxAlmostFull",
        f"no DateScraper takes from a mailbox of {MAILBOX_SIZE}",
        "they are started",
        causes.more_than_a_mailbox,
        {"actor": DATE_SCRAPER},
    ),
)
