"""Fixtures: one whole system and one browser for all tests of the pages; separate tabs for each test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import nats
import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from engine.portal.chromium_path import find_chromium
from engine.store.vault import Vault, new_ring
from ops.local.sandbox_clinics import store_clinics
from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.calendar_days import TODAY
from tests.conftest import free_port, fresh_database, open_pool
from tests.http.conftest import url_of
from tests.many_clinics import store_many
from tests.spec.hearing import hearing
from tests.system.conftest import Asker, System, environment_of

Open = Callable[..., Awaitable[Page]]

#: The console message of Chromium when the gateway is down or refuses; the page cannot prevent it.
OF_THE_NETWORK = "Failed to load resource"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="package")
def namespace() -> str:
    return f"page{os.getpid()}"


@pytest.fixture(scope="package")
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    async with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="package")
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(database_url, 2) as pool:
        yield pool


@pytest.fixture(scope="package")
async def sandbox() -> AsyncIterator[SandboxProcess]:
    async with SandboxProcess(seed=7, clinics=3, today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture(scope="package")
def key_ring() -> str:
    return new_ring()


@pytest.fixture(scope="package")
async def clinics(pool: asyncpg.Pool, sandbox: SandboxProcess, key_ring: str) -> list[SandboxClinic]:
    known = await sandbox.clinics()
    async with pool.acquire() as connection:
        await store_clinics(connection, Vault.from_ring(key_ring), known)
    return known


@pytest.fixture(scope="package")
async def system(
    nats_url: str,
    database_url: str,
    namespace: str,
    key_ring: str,
    sandbox: SandboxProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[System]:
    """Yields all processes that a sync needs; their messages are checked against the schemas at the end."""
    folder = tmp_path_factory.mktemp("page")
    # A fixed port, because a browser expects a restarted gateway at the same address.
    fixed = {"HOME": str(folder), "HTTP_PORT": str(free_port())}
    system = System(environment_of(nats_url, database_url, namespace, key_ring, sandbox, **fixed), folder)
    with hearing(nats_url, namespace) as heard:
        try:
            await asyncio.to_thread(system.everything)
            yield system
        finally:
            await asyncio.to_thread(system.close)
    assert not (found := heard.violations()), "\n".join(found)


@pytest.fixture(scope="package")
async def asker(nats_url: str, namespace: str) -> AsyncIterator[Asker]:
    client = await nats.connect(nats_url)
    yield Asker(client, namespace)
    await client.close()


@pytest.fixture
async def branches(pool: asyncpg.Pool) -> AsyncIterator[None]:
    """200 clinics, of which 20 have no credentials."""
    await store_many(pool, 200, 180)
    yield
    await pool.execute("delete from clinics where slug like 'branch-%'")


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=20_000)
    async with async_playwright() as playwright:
        # Chromium refuses to start with its sandbox as root; other users keep the sandbox.
        sandboxed = os.geteuid() != 0
        browser = await playwright.chromium.launch(executable_path=find_chromium(None), chromium_sandbox=sandboxed)
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(browser: Browser, system: System, clinics: list[SandboxClinic]) -> AsyncIterator[Open]:
    """Yields a function that opens the page with a given screen. Browser errors fail the test at its end."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(OF_THE_NETWORK):
            complaints.append(message.text)

    async def open_page(name: str = "gateway", **screen: Any) -> Page:
        contexts.append(context := await browser.new_context(base_url=url_of(system, name), **screen))
        context.set_default_timeout(20_000)
        page = await context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.clock.install()
        await page.goto("/")
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert not complaints
