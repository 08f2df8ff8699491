"""The counters and gauges of a process; each method records one kind of occurrence."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from actors.metrics import catalogue, files
from actors.metrics.catalogue import CATALOGUE, Kind, Metric, Scope
from actors.settings import Settings, SettingsError
from engine.events import Event

_DATE_OUTCOMES = {
    Event.DATE_COMPLETED: "completed",
    Event.DATE_FAILED: "failed",
    Event.DATE_RETRYING: "retrying",
}


class Metrics:
    """The metrics of one process. They are kept in memory; `of_machine` shares them with the whole machine."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        own = [metric for metric in CATALOGUE if metric.scope is Scope.MACHINE]
        self._counters = {m: _counter(m, registry) for m in own if m.kind is Kind.COUNTER}
        self._gauges = {m: _gauge(m, registry) for m in own if m.kind is Kind.GAUGE}
        self._histograms = {m: _histogram(m, registry) for m in own if m.kind is Kind.HISTOGRAM}

    @classmethod
    def of_machine(cls, settings: Settings) -> Metrics:
        """Returns metrics that all processes of this machine share.

        Raises `SettingsError` if their folder is not writable.
        """
        folder = settings.share_metrics()
        try:
            files.share(folder)
        except OSError as error:
            raise SettingsError(
                f"the metrics' folder {folder} is not writable ({error.strerror}): set "
                "IDEXX_SYNC_HOME or PROMETHEUS_MULTIPROC_DIR to a writable folder"
            ) from None
        return cls()

    def record_event(self, event: Mapping[str, Any]) -> None:
        """Counts a published event of a sync; called once in the cluster."""
        name = Event(event["event"])
        if name in _DATE_OUTCOMES:
            self._count(catalogue.DATES, _DATE_OUTCOMES[name])
        if name is Event.DATE_COMPLETED:
            self._count(catalogue.APPOINTMENTS, "added", event["added"])
            self._count(catalogue.APPOINTMENTS, "updated", event["updated"])
        if name.is_last:
            self._ended(name, event)

    def _ended(self, name: Event, event: Mapping[str, Any]) -> None:
        partial = name is Event.COMPLETED and event["partial_success"]
        self._count(catalogue.SYNCS, "partial" if partial else name.value)
        self._count(catalogue.APPOINTMENTS, "removed", event["stats"]["appointments_removed"])
        for warning in event.get("warnings", ()):
            self._count(catalogue.WARNINGS, warning["code"])
        if name is not Event.CANCELLED and event["duration_ms"] is not None:
            self._histograms[catalogue.SYNC_DURATION].observe(event["duration_ms"] / 1000)

    def observe_portal_call(self, status: int | None, seconds: float) -> None:
        """Records a call to the portal. Implements `engine.portal.protocols.Observer`."""
        self._count(catalogue.PORTAL_REQUESTS, _outcome(status))
        self._histograms[catalogue.PORTAL_DURATION].observe(seconds)

    def observe_rate_limit_wait(self, seconds: float) -> None:
        """Records how long a call waited for its token."""
        self._histograms[catalogue.RATE_LIMIT_WAIT].observe(seconds)

    def count_mailbox_rejection(self, queue: str) -> None:
        """Counts a send to a full mailbox."""
        self._count(catalogue.MAILBOX_REJECTIONS, queue)

    def count_webhook_attempt(self, outcome: str) -> None:
        """Counts a try of a webhook delivery."""
        self._count(catalogue.WEBHOOKS, outcome)

    def set_browser_dates(self, dates: int) -> None:
        """Sets the number of dates on which this process's browser works."""
        self._gauges[catalogue.BROWSERS].set(1)
        self._gauges[catalogue.BROWSERS_IN_USE].set(dates > 0)
        self._gauges[catalogue.BROWSERS_AVAILABLE].set(dates == 0)

    def set_browser_memory(self, memory_bytes: float) -> None:
        self._gauges[catalogue.BROWSER_MEMORY].set(memory_bytes)

    def measure(self, kind: str) -> None:
        """Measures the age and memory of this process; `kind` is its label."""
        process = psutil.Process()
        self._gauges[catalogue.PROCESS_UPTIME].labels(kind).set(time.time() - process.create_time())
        self._gauges[catalogue.PROCESS_MEMORY].labels(kind).set(process.memory_info().rss)

    def _count(self, metric: Metric, label: str, number: float = 1) -> None:
        self._counters[metric].labels(label).inc(number)


def _outcome(status: int | None) -> str:
    match status:
        case None:
            return "no_answer"
        case 429:
            return "rate_limited"
        case _ if status >= 500:
            return "server_error"
        case _ if status >= 400:
            return "client_error"
    return "ok"


def _counter(metric: Metric, registry: CollectorRegistry) -> Counter:
    counter = Counter(metric.name, metric.help, metric.labels, registry=registry)
    for value in metric.known:
        counter.labels(value)
    return counter


def _gauge(metric: Metric, registry: CollectorRegistry) -> Gauge:
    return Gauge(metric.name, metric.help, metric.labels, registry=registry, multiprocess_mode=metric.merge)


def _histogram(metric: Metric, registry: CollectorRegistry) -> Histogram:
    return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)
