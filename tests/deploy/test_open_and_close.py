"""A process that opens half, or closes with an error, leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from actors import date_scraper
from actors.date_scraper import portal
from actors.gateway.main import Gateway
from actors.http.listener import Listener
from actors.metrics import Metrics
from actors.runtime.broker import build_broker
from actors.runtime.process import Runtime
from actors.settings import Settings, SettingsError
from actors.worker import CANNOT_START, WorkerRuntime
from engine.store.vault import new_ring

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(nats_url: str, database_url: str, namespace: str) -> Settings:
    return Settings(
        nats_url=nats_url,
        database_url=database_url,
        subject_prefix=namespace,
        encryption_key=new_ring(),
        worker_http_port=0,
        http_port=0,
    )


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was closed, in order; a worker's browser is a double."""
    order: list[str] = []
    close_process = Runtime.close

    async def close(process: Runtime) -> None:
        order.append("process")
        await close_process(process)

    class Portal:
        async def close(self) -> None:
            order.append("browser")

    async def open_portal(*_: object) -> Portal:
        return Portal()

    monkeypatch.setattr(Runtime, "close", close)
    monkeypatch.setattr(portal, "open_portal", open_portal)
    return order


SCRAPER = cast("Any", SimpleNamespace(consumer_whitelist={"date_scraper"}))
RECONCILER = cast("Any", SimpleNamespace(consumer_whitelist={"reconciler"}))


async def test_a_worker_that_cannot_be_opened_closes_its_browser(
    settings: Settings, closed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no space left for metrics")

    monkeypatch.setattr(Metrics, "set_browser_dates", fail)
    broker = build_broker(settings)
    worker = WorkerRuntime(settings, broker)
    date_scraper.declare(worker)
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(worker.before_worker_boot, broker, SCRAPER)
    assert (ended.value.code, closed) == (CANNOT_START, ["browser", "process"])
    broker.close()


async def test_a_worker_of_another_queue_opens_no_browser(settings: Settings, closed: list[str]) -> None:
    broker = build_broker(settings)
    worker = WorkerRuntime(settings, broker)
    date_scraper.declare(worker)
    scraper = worker.resource("date_scraper", partial(date_scraper.open_scraper, dispatcher=worker.dispatcher))
    await asyncio.to_thread(worker.before_worker_boot, broker, RECONCILER)
    with pytest.raises(RuntimeError, match="not started for the queue 'date_scraper'"):
        scraper.get()
    await asyncio.to_thread(worker.after_worker_shutdown, broker, RECONCILER)
    assert closed == ["process"]
    broker.close()


async def test_a_web_server_that_does_not_close_leaves_no_browser(
    settings: Settings, closed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Listener.close

    async def fail(listener: Listener) -> None:
        await stop(listener)
        raise OSError("the web server fails")

    monkeypatch.setattr(Listener, "close", fail)
    broker = build_broker(settings)
    worker = WorkerRuntime(settings, broker)
    date_scraper.declare(worker)
    await asyncio.to_thread(worker.before_worker_boot, broker, SCRAPER)
    with pytest.raises(OSError, match="the web server fails"):
        await asyncio.to_thread(worker.after_worker_shutdown, broker, SCRAPER)
    assert closed == ["browser", "process"]
    broker.close()


async def test_a_gateway_whose_port_is_taken_leaves_nothing_open(settings: Settings, closed: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gateway = Gateway(settings.model_copy(update={"http_port": taken.getsockname()[1]}))
        with pytest.raises(SettingsError, match="HTTP_PORT"):
            await asyncio.to_thread(gateway.broker.run, gateway.open())
    assert closed == ["process"]
    gateway.broker.close()
