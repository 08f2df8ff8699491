"""Fixtures: real servers, started once per run; a new namespace and a new database for each test."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import urlopen

import asyncpg
import pytest
from hypothesis import settings

import tests.own_home  # noqa: F401
from engine.store.migrate import migrate
from engine.store.pool_mode import PoolMode
from ops.bench.pgbouncer import PgBouncerMissing, find_pgbouncer, pgbouncer
from ops.local.embedded.scratch_postgres import scratch_postgres
from tests.spec.hearing import Hearing, hearing
from tests.spec.stored import check_stored
from tests.stuck import pytest_addoption, pytest_configure, pytest_runtest_protocol

__all__ = ["pytest_addoption", "pytest_configure", "pytest_runtest_protocol"]

T = TypeVar("T")
# A shell starts background jobs with SIGINT ignored, and the processes that a test starts would inherit this.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test fails because of its duration alone: the machine may be busy.
settings.register_profile("here", deadline=None)
settings.load_profile("here")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the tests of whole systems first: at the end, the other workers would wait for them."""
    items.sort(key=lambda item: "system" not in item.path.parts)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def nats_url() -> Iterator[str]:
    """Yields the URL of a nats-server with JetStream on file storage."""
    store = tempfile.mkdtemp(prefix="idexx-test-nats-")
    port, monitor = free_port(), free_port()
    config = Path(store) / "nats.conf"
    config.write_text(
        f'listen: "127.0.0.1:{port}"\nhttp: "127.0.0.1:{monitor}"\n'
        f'jetstream {{ store_dir: "{store}/js" }}\nfeature_flags {{ js_ack_fc_v2: false }}\n'
    )
    binary = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or "nats-server"
    with (Path(store) / "log").open("wb") as log:
        process = subprocess.Popen([binary, "-c", str(config)], stdout=log, stderr=log)
    try:
        eventually(lambda: urlopen(f"http://127.0.0.1:{monitor}/healthz", timeout=5).status == 200)
        yield f"nats://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(store)


@pytest.fixture
def scratch() -> Iterator[str]:
    """Yields a temporary folder that is removed with all leftovers of killed processes. Its path is short, because
    the path of a socket has a limit."""
    with tempfile.TemporaryDirectory(prefix="idexx-test-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # the user that runs PostgreSQL needs access to its data in this folder
        yield folder


@pytest.fixture
def namespace() -> str:
    """Returns a unique name for the test's streams, buckets and subjects."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def heard(nats_url: str, namespace: str) -> Iterator[Hearing | None]:
    """Yields all messages under the test's own prefix. A message that violates its schema fails the test at its
    end."""
    with hearing(nats_url, namespace) as heard:
        yield heard
    heard.check()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Yields the URL of a PostgreSQL whose database `migrated` has the schema: a temporary one, or
    `TEST_POSTGRES_URL` (such as `postgresql://postgres@/postgres?host=/tmp`), to test another version by hand."""
    if given := os.environ.get("TEST_POSTGRES_URL"):
        asyncio.run(_prepare(given))
        yield given
        return
    with scratch_postgres(durable=False) as url:
        asyncio.run(_prepare(url))
        yield url


@pytest.fixture
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    """Yields the URL of a new database with the schema."""
    async with fresh_database(postgres_url) as url:
        yield url


@asynccontextmanager
async def fresh_database(postgres_url: str, *, checked: bool = True) -> AsyncIterator[str]:
    """Yields the URL of a new database. `checked`: its events must be as this version's models say."""
    # Copying files takes a tenth of the time that PostgreSQL's default, copying through its log, takes.
    name = f"t{uuid.uuid4().hex[:12]}"
    await _execute(postgres_url, f"create database {name} template migrated strategy file_copy")
    yield _database(postgres_url, name)
    if checked:
        await check_stored(_database(postgres_url, name))
    await _execute(postgres_url, f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def transaction_pooler(postgres_url: str) -> Iterator[str]:
    """Yields the URL of a PgBouncer in transaction mode."""
    with pgbouncer(postgres_url) as url:
        yield url


@pytest.fixture
def processes_database(request: pytest.FixtureRequest, database_url: str) -> str:
    """Returns the URL of the test's database for the system's processes. With TEST_POOLER=transaction it leads
    through a PgBouncer, and so do all of these tests."""
    if os.environ.get("TEST_POOLER") != PoolMode.TRANSACTION:
        return database_url
    return on_database(request.getfixturevalue("transaction_pooler"), database_url)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with open_pool(database_url, 10) as pool:
        yield pool


@asynccontextmanager
async def open_pool(url: str, size: int) -> AsyncIterator[asyncpg.Pool]:
    """Yields a pool. Closing it fails a test that still holds a connection; asyncpg alone would wait."""
    pool = await asyncpg.create_pool(url, min_size=1, max_size=size)
    try:
        yield pool
    finally:
        async with asyncio.timeout(30):
            await pool.close()


async def _prepare(url: str) -> None:
    await _execute(url, "drop database if exists migrated with (force)")
    await _execute(url, "create database migrated")
    connection = await asyncpg.connect(_database(url, "migrated"))
    try:
        await migrate(connection)
    finally:
        await connection.close()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _database(url: str, name: str) -> str:
    return url.replace("/postgres?", f"/{name}?")


def on_database(bouncer: str, database_url: str) -> str:
    """Returns the URL of a test's database through a PgBouncer."""
    return _database(bouncer, urlsplit(database_url).path.removeprefix("/"))


def _has_pgbouncer() -> bool:
    try:
        return bool(find_pgbouncer())
    except PgBouncerMissing:
        return False


needs_pgbouncer = pytest.mark.skipif(
    not _has_pgbouncer(), reason="pgbouncer is not installed, and ./ops/setup could not install it with apt"
)


def free_port() -> int:
    """Returns a free port below the ephemeral range. Another process could take an ephemeral port before its use,
    and a client that keeps connecting to an ephemeral port until a server listens may connect to itself."""
    while True:
        port = random.SystemRandom().randrange(10_100, 20_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def eventually(
    condition: Callable[[], T],
    timeout: float = 30.0,
    interval: float = 0.02,
    what: Callable[[], str] = lambda: "the condition stayed false",
) -> T:
    """Waits until `condition()` is true and returns its value; an OSError counts as false."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            if value := condition():
                return value
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what()}")
        time.sleep(interval)


def join(thread: threading.Thread, timeout: float = 30.0) -> None:
    """Joins a thread with a timeout. Make it a daemon, or the test process will wait for it at its end."""
    thread.join(timeout)
    assert not thread.is_alive(), f"{thread.name} has not ended within {timeout} s"


async def until(condition: Callable[[], Awaitable[T]], timeout: float = 30.0, interval: float = 0.02) -> T:
    """As `eventually`, for an async condition."""
    deadline = time.monotonic() + timeout
    async with asyncio.timeout(timeout):
        while time.monotonic() < deadline:  # nats-py swallows a cancellation that arrives together with a response
            if value := await condition():
                return value
            await asyncio.sleep(interval)
    raise TimeoutError
