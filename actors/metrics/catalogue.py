"""Every metric: its name, its kind, what it tells.

The table in `docs/metrics.md` and the checks of the alert rules and of the dashboard come from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from actors.dispatcher import QUEUES
from engine.warnings import WarningCode

#: How the gauges of a machine's processes become one: added up, the largest, the smallest; of those that live.
Merge = Literal["livesum", "livemax", "livemin"]


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Scope(StrEnum):
    """Who tells it."""

    #: Each machine of its own processes: add up over the machines.
    MACHINE = "machine"
    #: The gateways of all machines alike: take `max`, never `sum`.
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Metric:
    """`known` are the values of its label that are told from the start, with 0: a rate needs a beginning."""

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
    "process_uptime_seconds", "Since the youngest process of its kind started.", "process", merge="livemin"
)
PROCESS_MEMORY = _gauge(
    "process_memory_bytes",
    "Resident memory of the largest process of its kind, without its browser.",
    "process",
    merge="livemax",
)

BROWSERS = _gauge("browser_pool_total", "Browsers of this machine, one for each DateScraper.")
BROWSERS_IN_USE = _gauge("browser_pool_in_use", "Browsers that work on at least one date.")
BROWSERS_AVAILABLE = _gauge("browser_pool_available", "Browsers that work on nothing.")
BROWSER_MEMORY = _gauge("browser_memory_bytes", "Memory of the browsers, with all of their processes.")

SYNC_DURATION = _histogram(
    "sync_duration_seconds", "From the start of a sync to its end; cancelled ones are left out.", SYNC_SECONDS
)
SYNCS = _counter(
    "sync_total",
    "Syncs that ended; partial: completed, with dates that failed.",
    "outcome",
    ("completed", "partial", "failed", "cancelled", "timed_out"),
)
WARNINGS = _counter(
    "sync_warnings_total", "Warnings at the end of syncs, one for each code.", "code", tuple(WarningCode)
)
DATES = _counter(
    "sync_dates_total",
    "Dates of syncs that were done or given up, and tries that are made again.",
    "outcome",
    ("completed", "failed", "retrying"),
)
APPOINTMENTS = _counter(
    "sync_appointments_total", "Appointments that syncs changed.", "action", ("added", "updated", "removed")
)

PORTAL_REQUESTS = _counter(
    "portal_requests_total",
    "Calls of the portal, sign-ins included; no_answer: none came.",
    "outcome",
    ("ok", "rate_limited", "client_error", "server_error", "no_answer"),
)
PORTAL_DURATION = _histogram(
    "portal_request_duration_seconds", "From the sending of a call to its answer.", CALL_SECONDS
)
RATE_LIMIT_WAIT = _histogram(
    "rate_limit_wait_seconds", "How long a call waited for a token of the shared budget.", WAIT_SECONDS
)
RATE_LIMIT = _cluster(
    "rate_limit_requests_per_second", "Calls a second that the shared budget allows now; less after a 429."
)
BREAKER_OPEN = _cluster(
    "circuit_breaker_open", "1 while the portal is left alone because it failed too often, or tried by one only."
)

MAILBOX = _cluster("mailbox_messages", "Messages that are ready or in flight: what the limit counts.", "actor")
MAILBOX_LIMIT = _cluster("mailbox_limit", "Messages that the mailbox holds.", "actor")
MAILBOX_DELAYED = _cluster("mailbox_delayed_messages", "Messages that wait for their time.", "actor")
DEAD_LETTERS = _cluster("mailbox_dead_letters", "Messages that nobody could process.", "actor")
MAILBOX_REJECTIONS = _counter(
    "mailbox_rejections_total", "Messages refused by a full mailbox; each is sent again.", "actor", QUEUES
)

WEBHOOKS = _counter(
    "webhook_deliveries_total",
    "Tries of deliveries of webhooks: those that arrived, that are made again, and that were the last.",
    "outcome",
    ("delivered", "retrying", "failed"),
)

WEBHOOKS_OVERDUE = _cluster(
    "webhook_deliveries_overdue", "Deliveries of webhooks that are due for over a minute, and that nobody tries."
)

QUEUE_ACTIVE = _cluster("sync_queue_active", "Syncs that run.")
QUEUE_WAITING = _cluster("sync_queue_queued", "Syncs that wait.")
SYNC_SILENCE = _cluster("sync_silence_seconds", "Since the last sign of life of the most silent running sync.")
LAST_SUCCESS = _cluster(
    "last_successful_sync_timestamp_seconds",
    "When the clinic's last sync completed; 0: never. Only clinics that have credentials.",
    "clinic",
)
FRESH_AS_OF = _cluster(
    "clinic_fresh_as_of_timestamp_seconds",
    "When the oldest open date of the clinic's last completed sync was last read; 0: one never was.",
    "clinic",
)
FRESHNESS_GOAL = _cluster(
    "clinic_freshness_goal_seconds",
    "How old the oldest open date of the clinic's last completed sync may be. Only clinics that were given a goal.",
    "clinic",
)
LOGIN_REJECTED = _cluster(
    "clinic_login_rejected", "1 while the portal does not let the clinic's credentials in.", "clinic"
)
REMOVALS_HELD = _cluster("clinic_removals_held", "Removals that wait for a person to decide.", "clinic")
FAILING = _cluster(
    "clinic_sync_failing",
    "1 while the clinic's last sync failed or left dates out; for which reason, mostly.",
    "clinic",
    "reason",
)
RUNNING = _cluster(
    "clinic_sync_running_seconds", "Since the clinic's oldest running sync was started; 0: none runs.", "clinic"
)
DEPENDENCY_UP = _cluster("dependency_up", "1 if it answered in time: nats, database.", "dependency")

CATALOGUE = tuple(value for value in list(globals().values()) if isinstance(value, Metric))


def table() -> str:
    """The catalogue as a Markdown table."""
    lines = ["| metric | kind | labels | told by | what it tells |", "| --- | --- | --- | --- | --- |"]
    for metric in sorted(CATALOGUE, key=lambda metric: metric.name):
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        labels += f": {', '.join(metric.known)}" if metric.known else ""
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.scope} | {metric.help} |")
    return "\n".join(lines) + "\n"
