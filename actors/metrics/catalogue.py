"""All metrics: name, kind, help, labels and scope. The table in `docs/metrics.md` and the checks of alert rules and
dashboard are made from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from actors.queues import QUEUES
from engine.warnings import WarningCode

#: How the gauges of a machine's live processes are merged: sum, maximum, minimum.
Merge = Literal["livesum", "livemax", "livemin"]


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Scope(StrEnum):
    """Which processes report a metric."""

    #: Each machine reports its own processes: add up over the machines.
    MACHINE = "machine"
    #: One gateway at a time reports it for all machines: take `max`, never `sum`.
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric. `known` are the label's values that are reported as 0 from the start, since a rate needs a first
    value.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    scope: Scope = Scope.MACHINE
    merge: Merge = "livesum"
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which it is stored."""
        if self.kind is Kind.HISTOGRAM:
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)


SYNC_SECONDS = (1.0, 2.5, 5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 600.0)
CALL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0)
WAIT_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


def _counter(name: str, text: str, label: str, known: tuple[str, ...]) -> Metric:
    return Metric(name, Kind.COUNTER, text, (label,), known)


def _gauge(name: str, text: str, *labels: str, merge: Merge = "livesum") -> Metric:
    return Metric(name, Kind.GAUGE, text, labels, merge=merge)


def _cluster(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, text, labels, scope=Scope.CLUSTER)


def _histogram(name: str, text: str, buckets: tuple[float, ...]) -> Metric:
    return Metric(name, Kind.HISTOGRAM, text, buckets=buckets)


PROCESS_UPTIME = _gauge(
    "process_uptime_seconds",
    "Seconds since the youngest process of this kind started.",
    "process",
    merge="livemin",
)
PROCESS_MEMORY = _gauge(
    "process_memory_bytes",
    "Resident memory of the largest process of this kind, without its browser.",
    "process",
    merge="livemax",
)

BROWSERS = _gauge("browser_pool_total", "Browsers of this machine, one for each DateScraper.")
BROWSERS_IN_USE = _gauge("browser_pool_in_use", "Browsers that work on at least one date.")
BROWSERS_AVAILABLE = _gauge("browser_pool_available", "Browsers that are idle.")
BROWSER_MEMORY = _gauge("browser_memory_bytes", "Memory of all browser processes.")

SYNC_DURATION = _histogram(
    "sync_duration_seconds", "Duration of syncs from start to end, without cancelled ones.", SYNC_SECONDS
)
SYNCS = _counter(
    "sync_total",
    "Syncs that ended; partial: completed, but some dates failed.",
    "outcome",
    ("completed", "partial", "failed", "cancelled", "timed_out"),
)
WARNINGS = _counter(
    "sync_warnings_total", "Warnings of ended syncs, at most one per sync and code.", "code", tuple(WarningCode)
)
DATES = _counter(
    "sync_dates_total",
    "Dates that completed or failed, and attempts that are retried.",
    "outcome",
    ("completed", "failed", "retrying"),
)
APPOINTMENTS = _counter(
    "sync_appointments_total", "Appointments that syncs changed.", "action", ("added", "updated", "removed")
)

PORTAL_REQUESTS = _counter(
    "portal_requests_total",
    "Calls to the portal, including sign-ins; no_answer: no response.",
    "outcome",
    ("ok", "rate_limited", "client_error", "server_error", "no_answer"),
)
PORTAL_DURATION = _histogram(
    "portal_request_duration_seconds", "Duration of calls to the portal, from request to response.", CALL_SECONDS
)
RATE_LIMIT_WAIT = _histogram(
    "rate_limit_wait_seconds", "Time that calls waited for a token of the shared rate limit.", WAIT_SECONDS
)
RATE_LIMIT = _cluster(
    "rate_limit_requests_per_second",
    "Calls per second that the default portal's rate limit currently allows; lower after a 429.",
)
BREAKER_OPEN = _cluster(
    "circuit_breaker_open",
    "1 while the circuit breaker of any portal is open or tries a single call, because calls failed too often.",
)

PORTAL_RATE_LIMIT = _cluster(
    "portal_rate_limit_requests_per_second",
    "Calls per second that the shared rate limit of a portal currently allows; portal: its host.",
    "portal",
)
PORTAL_BREAKER_OPEN = _cluster(
    "portal_circuit_breaker_open",
    "1 while the circuit breaker of a portal is open or tries a single call; portal: its host, at most 33 of them.",
    "portal",
)

MAILBOX = _cluster("mailbox_messages", "Messages that are ready or in flight, which the limit counts.", "actor")
MAILBOX_LIMIT = _cluster("mailbox_limit", "Maximum number of messages in the mailbox.", "actor")
MAILBOX_DELAYED = _cluster("mailbox_delayed_messages", "Delayed messages that are not due yet.", "actor")
DEAD_LETTERS = _cluster("mailbox_dead_letters", "Messages that no worker could process.", "actor")
MAILBOX_REJECTIONS = _counter(
    "mailbox_rejections_total", "Messages that a full mailbox refused; each is sent again later.", "actor", QUEUES
)

WEBHOOKS = _counter(
    "webhook_deliveries_total",
    "Attempts of webhook deliveries: delivered, retried later, or failed for good.",
    "outcome",
    ("delivered", "retrying", "failed"),
)

WEBHOOKS_OVERDUE = _cluster(
    "webhook_deliveries_overdue", "Webhook deliveries that have been due for over a minute without an attempt."
)

QUEUE_ACTIVE = _cluster("sync_queue_active", "Running syncs.")
QUEUE_WAITING = _cluster("sync_queue_queued", "Queued syncs.")
SYNC_SILENCE = _cluster("sync_silence_seconds", "Longest time since the last heartbeat of a running sync.")
LAST_SUCCESS = _cluster(
    "last_successful_sync_timestamp_seconds",
    "Time of the clinic's last completed sync; 0: none. Only clinics with credentials.",
    "clinic",
)
FRESH_AS_OF = _cluster(
    "clinic_fresh_as_of_timestamp_seconds",
    "Read time of the least recently read open date of the clinic's last completed sync; 0: a date was never read.",
    "clinic",
)
FRESHNESS_GOAL = _cluster(
    "clinic_freshness_goal_seconds",
    "The clinic's freshness goal: the maximum age of its data. Only clinics with a goal.",
    "clinic",
)
LOGIN_REJECTED = _cluster(
    "clinic_login_rejected", "1 while the portal rejects the clinic's credentials.", "clinic"
)
REMOVALS_HELD = _cluster("clinic_removals_held", "Held removals that a person must approve or reject.", "clinic")
FAILING = _cluster(
    "clinic_sync_failing",
    "1 while the clinic's last sync failed or has failed dates; reason: the most frequent one.",
    "clinic",
    "reason",
)
RUNNING = _cluster(
    "clinic_sync_running_seconds",
    "Time since the start of the clinic's oldest running sync; 0: none is running.",
    "clinic",
)
CLINIC_ATTENTION = _cluster(
    "clinic_needs_attention",
    "Things of a clinic that need a person, by kind, as in the overview; without those that wait for credentials.",
    "kind",
    "clinic",
)
INSTALLATION_ATTENTION = _cluster(
    "installation_needs_attention",
    "Things of the whole installation that need a person, by kind, as in the overview.",
    "kind",
)
DEPENDENCY_UP = _cluster("dependency_up", "1 if the dependency (nats, database) responded in time.", "dependency")

CATALOGUE = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


def table() -> str:
    """The catalogue as a Markdown table."""
    lines = ["| metric | kind | labels | scope | meaning |", "| --- | --- | --- | --- | --- |"]
    for metric in sorted(CATALOGUE, key=lambda metric: metric.name):
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        labels += f": {', '.join(metric.known)}" if metric.known else ""
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.scope} | {metric.help} |")
    return "\n".join(lines) + "\n"
