"""The HTTP listener of a process: server, health, API and metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from actors.health import Health, checks_of
from actors.http.acting import Acting
from actors.http.api import Api
from actors.http.app import gateway_app, worker_app
from actors.http.calendar_day import CalendarDays
from actors.http.calendar_feeds import CalendarFeeds, FeedTokens
from actors.http.cluster_metrics import ClusterFigures
from actors.http.details import Details
from actors.http.key_cache import RECORD_INTERVAL
from actors.http.nats_client import NatsClient
from actors.http.probes import ProbeRoutes
from actors.http.server import HttpServer
from actors.http.stored_keys import StoredKeys
from actors.installation.watch import InstallationWatch
from actors.runtime.action_log import ActionLog
from actors.runtime.periodic import periodically
from actors.runtime.process import Runtime

#: Pause after the lease on the cluster's figures was lost or refused, in seconds.
LEASE_PAUSE = 1.0


class Listener:
    """Serves a process's HTTP. Open it after the process, and close it before."""

    def __init__(
        self, server: HttpServer, health: Health, api: Api | None, cluster: ClusterFigures | None
    ) -> None:
        self._server = server
        self._health = health
        self._api = api
        self._cluster = cluster

    @classmethod
    def of_gateway(cls, process: Runtime, watch: InstallationWatch) -> Self:
        """With the API and the cluster's figures. Raises `SettingsError` if it may not, or cannot, listen."""
        settings, folder = process.settings, process.settings.share_metrics()
        health = _health(process, folder)
        cluster = ClusterFigures(settings, process.broker, process.database, watch, process.name)
        stored_keys, tokens = StoredKeys(process.database), FeedTokens(process.database)
        nats_client = NatsClient(process.broker, process.subjects)
        action_log = ActionLog(process.database, process.relay.poke)
        api = Api(
            nats_client,
            settings.http_sync_wait_ms / 1000,
            stored_keys,
            action_log,
            after_today=settings.http_days_after_today,
        )
        more = (
            Acting(nats_client, process.database, action_log),
            CalendarDays(process.database),
            Details(process.database),
        )
        feeds = CalendarFeeds(process.database, tokens)
        app = gateway_app(settings, ProbeRoutes(health, folder, cluster), api, more, feeds, stored_keys)
        process.own(periodically(stored_keys.record_uses, RECORD_INTERVAL))
        process.own(periodically(tokens.record_uses, RECORD_INTERVAL))
        process.own(periodically(cluster.hold_lease, LEASE_PAUSE))
        return cls(HttpServer(app, settings.http_host, settings.http_port, "HTTP_PORT"), health, api, cluster)

    @classmethod
    def of_worker(cls, process: Runtime, port: int) -> Self:
        """With the figures of its machine only."""
        settings, folder = process.settings, process.settings.share_metrics()
        health = _health(process, folder)
        app = worker_app(ProbeRoutes(health, folder, None))
        return cls(HttpServer(app, settings.http_host, port, "WORKER_HTTP_PORT"), health, None, None)

    async def open(self) -> None:
        await self._server.start()

    async def close(self) -> None:
        """Ends waiting requests, and takes no more."""
        if self._api is not None:
            self._api.close()
        await self._server.stop()
        self._health.close()
        if self._cluster is not None:
            self._cluster.close()


def _health(process: Runtime, metrics_folder: Path) -> Health:
    name = f"{process.kind} {process.name}"
    return Health(
        checks_of(name, process.settings, process.broker, process.database, process.not_ready, metrics_folder)
    )
