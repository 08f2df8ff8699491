"""The gateway process: `python -m actors.gateway`, or `idexx-sync gateway`. Any number of them may run.

The main thread waits for signals; everything else runs on the broker's event loop, over its one connection.
"""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import AsyncExitStack
from types import FrameType

import structlog
from dramatiq.errors import BrokerConnectionError

from actors.coordinator import SWEEP_INTERVAL, Coordinator, StalledSyncSweeper
from actors.dispatcher import Dispatcher
from actors.gateway import expired_holds, retention, schedule_reconciler
from actors.gateway.admission import AdmissionControl
from actors.gateway.commands import Commands
from actors.gateway.expired_holds import ExpiredHolds
from actors.gateway.overview import Overview
from actors.gateway.rejections import Rejections
from actors.gateway.retention import Retention
from actors.gateway.schedule_reconciler import ScheduleReconciler, clock_of
from actors.gateway.schedule_ticks import TickConsumer
from actors.gateway.service import CommandService
from actors.http.listener import Listener
from actors.http.server import is_loopback
from actors.installation import watch
from actors.installation.watch import InstallationWatch
from actors.metrics import Metrics
from actors.observability import error_reports, tracing
from actors.observability.logging import configure
from actors.outbox import attention as outbox_attention
from actors.outbox import webhooks
from actors.outbox.attention import AttentionNotices
from actors.runtime.action_log import ActionLog
from actors.runtime.broker import build_broker
from actors.runtime.periodic import periodically
from actors.runtime.process import Runtime
from actors.settings import Settings, SettingsError, load, unused_variables
from engine.errors import EngineError

log = structlog.get_logger(__name__)

#: How often a gateway publishes events that another process left unpublished, in seconds.
RELAY_SWEEP_INTERVAL = 2.0


class Gateway:
    """The parts of a gateway. Open and close it on the broker's loop."""

    def __init__(self, settings: Settings) -> None:
        self.broker = build_broker(settings)
        metrics = Metrics.of_machine(settings)
        self._settings = settings
        self._process = process = Runtime(settings, self.broker, metrics, "gateway")
        self._dispatcher = Dispatcher(self.broker, metrics.count_mailbox_rejection)
        self._admission = AdmissionControl(
            settings.limits, process.relay, self._dispatcher, settings.given_base_url
        )
        self._rejections = Rejections(process.event_log, process.subjects)
        self._watch = InstallationWatch(settings, self.broker, process.database)
        overview = Overview(settings, self.broker, process.database, self._watch)
        commands = Commands(
            settings, process.database, process.relay, process.stop_workers, self._admission, overview
        )
        self._service = CommandService(
            self.broker,
            process.subjects,
            process.name,
            commands,
            self._rejections,
            ActionLog(process.database, process.relay.poke),
        )
        #: Closes what is open, in reverse order.
        self._resources = AsyncExitStack()

    @property
    def requests(self) -> str:
        """The subject of all requests."""
        return self._process.subjects.command("*")

    async def open(self) -> None:
        """Opens all parts. If one cannot be opened, those before it are closed."""
        async with AsyncExitStack() as opened:
            await self._open_on(opened)
            self._resources = opened.pop_all()

    async def _open_on(self, opened: AsyncExitStack) -> None:
        opened.push_async_callback(self._process.close)
        await self._process.open()
        # Closed after the HTTP server, whose callers wait for the service's replies.
        opened.push_async_callback(self._service.stop)
        listener = Listener.of_gateway(self._process, self._watch)
        opened.push_async_callback(listener.close)
        await listener.open()
        self._begin_duties()
        await self._service.start()
        self._process.not_ready.discard("consumer")

    def _begin_duties(self) -> None:
        process, database = self._process, self._process.database
        coordinator = Coordinator(self._settings, database, process.relay, process.stop_workers, self._dispatcher)
        sweeper = StalledSyncSweeper(self._settings.limits, database, coordinator.step)
        clock = clock_of(self._settings, self.broker)
        for duty, interval in (
            (sweeper.once, SWEEP_INTERVAL),
            (process.relay.sweep, RELAY_SWEEP_INTERVAL),
            (process.deliveries.sweep, webhooks.SWEEP_INTERVAL),
            (AttentionNotices(database).once, outbox_attention.INTERVAL),
            (self._watch.once, watch.INTERVAL),
            (Retention(database).once, retention.INTERVAL),
            (ExpiredHolds(database, self._settings.expired_holds).once, expired_holds.INTERVAL),
            (ScheduleReconciler(database, clock).once, schedule_reconciler.INTERVAL),
        ):
            process.own(periodically(duty, interval))
        process.own(TickConsumer(database, clock, self._admission, self._rejections).run())

    async def close(self) -> None:
        self._process.not_ready.add("consumer")
        await self._resources.aclose()


def main() -> int:
    """Runs until SIGTERM or SIGINT and returns the exit status: 0 after an orderly shutdown.

    A second signal, or one during the start, exits at once.
    """
    ready, stop = threading.Event(), threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stop.is_set() or not ready.is_set():
            sys.exit(128 + number)
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    try:
        settings = load()
        configure(settings)
        error_reports.configure(settings, "gateway")
        tracing.configure(settings, "gateway")
        _warn_of_variables(settings)
        gateway = Gateway(settings)
        gateway.broker.run(gateway.open())
    except (SettingsError, EngineError, BrokerConnectionError) as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 6
    ready.set()
    log.info("gateway_ready", requests=gateway.requests)
    stop.wait()
    log.info("gateway_stopping")
    try:
        gateway.broker.run(gateway.close(), timeout=settings.shutdown_grace_ms / 1000)
    except TimeoutError:
        log.warning(
            "gateway_cut_off",
            grace_ms=settings.shutdown_grace_ms,
            hint="a server does not respond; no data is lost",
        )
    gateway.broker.close()
    return 0


def _warn_of_variables(settings: Settings) -> None:
    """Names the variables of the replaced service that do not do here what they did there."""
    for name, why in unused_variables().items():
        log.warning("variable_without_meaning", variable=name, instead=why)
    if settings.skip_qstash_verify:
        is_open = not settings.api_keys and is_loopback(settings.http_host)
        admitted = "callers on this machine" if is_open else "callers with a key"
        log.warning("signatures_not_verified", variable="SKIP_QSTASH_VERIFY", admitted=admitted)
