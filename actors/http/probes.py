"""The routes for monitoring: metrics, health, readiness, liveness."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.health import Health, Report, Status
from actors.http.cluster_metrics import ClusterFigures
from actors.http.metrics_page import metrics_page
from actors.http.responses import answer


class ProbeRoutes:
    """The routes. `cluster` is None if the process reports only its machine's figures."""

    def __init__(self, health: Health, metrics_folder: Path, cluster: ClusterFigures | None) -> None:
        self._health = health
        self._folder = metrics_folder
        self._cluster = cluster

    def routes(self) -> list[Route]:
        return [
            Route("/metrics", self.metrics, methods=["GET"]),
            Route("/health", self.health, methods=["GET"]),
            Route("/ready", self.ready, methods=["GET"]),
            Route("/live", self.live, methods=["GET"]),
        ]

    async def metrics(self, request: Request) -> Response:
        page = await metrics_page(self._folder, request.headers.get("accept", ""), self._cluster)
        return Response(page.text, headers={"Content-Type": page.content_type, "Cache-Control": "no-store"})

    async def health(self, _: Request) -> Response:
        return _response(await self._health.report())

    async def ready(self, _: Request) -> Response:
        return _response(await self._health.readiness())

    async def live(self, _: Request) -> Response:
        return answer({"status": Status.PASS})


def _response(report: Report) -> Response:
    return answer(report.to_json(), 503 if report.status is Status.FAIL else 200)
