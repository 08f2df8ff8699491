"""The worker program: `dramatiq actors.app --queues coordinator` runs a Coordinator."""

from __future__ import annotations

import dramatiq

from actors import coordinator, date_scraper, notifier, reconciler
from actors.observability import error_reports, tracing
from actors.observability.logging import configure
from actors.runtime.broker import build_broker
from actors.settings import load
from actors.worker import WorkerRuntime

settings = load()
configure(settings)
error_reports.configure(settings, "worker")
tracing.configure(settings, "worker")
broker = build_broker(settings)
dramatiq.set_broker(broker)
worker = WorkerRuntime(settings, broker)
broker.add_middleware(worker)

for module in (coordinator, date_scraper, reconciler, notifier):
    module.declare(worker)
