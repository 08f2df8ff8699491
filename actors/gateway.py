"""The gateway process: `python -m actors.gateway`, or `idexx-sync gateway`. Any number of them may run.

The main thread waits for signals; everything else lives on the broker's event loop, with its one connection.
"""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import AsyncExitStack
from types import FrameType

import structlog
from dramatiq.errors import BrokerConnectionError

from actors import deliveries, error_reports, housekeeping, tracing
from actors.admitting import Admitting
from actors.bus import build_broker
from actors.commands import Commands
from actors.housekeeping import Housekeeping
from actors.http.front import Front
from actors.logs import configure
from actors.mail import Mail
from actors.metrics import Metrics
from actors.periodic import periodically
from actors.processes import Process
from actors.schedules import keeping
from actors.schedules.due import DueSyncs
from actors.schedules.keeping import Keeping, clock_of
from actors.service import CommandService
from actors.settings import Settings, SettingsError, load
from actors.stepping import SWEEP_INTERVAL, Sweep
from engine.errors import EngineError

log = structlog.get_logger(__name__)

#: How often a gateway publishes events that another process has left behind, in seconds.
RELAY_SWEEP_INTERVAL = 2.0


class Gateway:
    """Open and close it on the broker's loop."""

    def __init__(self, settings: Settings) -> None:
        self.broker = build_broker(settings)
        metrics = Metrics.of_machine(settings)
        self._process = Process(settings, self.broker, metrics, "gateway")
        self._mail = Mail(self.broker, metrics.refused)
        self._admitting = Admitting(self._process, self._mail)
        self._service = CommandService(self._process, Commands(self._process, self._admitting))
        #: Closes what is open, the last first.
        self._resources = AsyncExitStack()

    @property
    def requests(self) -> str:
        """The subject of all requests."""
        return self._process.subjects.command("*")

    async def open(self) -> None:
        """If a part cannot be opened, those before it are closed."""
        async with AsyncExitStack() as opened:
            await self._open_on(opened)
            self._resources = opened.pop_all()

    async def _open_on(self, opened: AsyncExitStack) -> None:
        opened.push_async_callback(self._process.close)
        await self._process.open()
        # Closed after the HTTP server, whose callers wait for its replies.
        opened.push_async_callback(self._service.stop)
        front = Front.of_gateway(self._process)
        opened.push_async_callback(front.close)
        await front.open()
        self._process.own(periodically(Sweep(self._process, self._mail).once, SWEEP_INTERVAL))
        self._process.own(periodically(self._process.relay.sweep, RELAY_SWEEP_INTERVAL))
        self._process.own(periodically(self._process.deliveries.sweep, deliveries.SWEEP_INTERVAL))
        self._process.own(periodically(Housekeeping(self._process).once, housekeeping.INTERVAL))
        clock = clock_of(self._process)
        self._process.own(periodically(Keeping(self._process, clock).once, keeping.INTERVAL))
        self._process.own(DueSyncs(self._process, clock, self._admitting).run())
        await self._service.start()
        self._process.waits_for.discard("consumer")

    async def close(self) -> None:
        self._process.waits_for.add("consumer")
        await self._resources.aclose()


def main() -> int:
    """Runs until SIGTERM or SIGINT; a second signal, or one while it starts, ends at once. 0 after an orderly end."""
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
        gateway = Gateway(settings)
        gateway.broker.run(gateway.open())
    except (SettingsError, EngineError, BrokerConnectionError) as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 6
    ready.set()
    log.info("gateway_ready", requests=gateway.requests)
    stop.wait()
    log.info("gateway_stops")
    try:
        gateway.broker.run(gateway.close(), timeout=settings.shutdown_grace_ms / 1000)
    except TimeoutError:
        log.warning("gateway_cut_off", grace_ms=settings.shutdown_grace_ms, hint="a server hangs; nothing is lost")
    gateway.broker.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
