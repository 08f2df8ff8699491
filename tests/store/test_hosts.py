"""Several hosts in DATABASE_URL, `target_session_attrs`, and TLS modes, with a real primary and its standby."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.errors import Unavailable
from engine.store.database import Database
from ops.bench.pgbouncer import pgbouncer
from ops.client.connections import open_database, where
from ops.local.embedded.postgres_user import as_owner, unprivileged_user
from tests.certificates import certificate
from tests.conftest import free_port, needs_pgbouncer
from tests.postgres_pair import Pair, postgres_pair

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def pair() -> AsyncIterator[Pair]:
    async with postgres_pair() as pair:
        yield pair


@asynccontextmanager
async def opened(url: str, timeout: float = 15.0) -> AsyncIterator[Database]:
    database = Database(url, timeout=timeout)
    try:
        yield database
    finally:
        await database.close()


async def port_of(database: Database) -> int:
    """The port of the server that takes writes."""
    async with database.transaction() as connection:
        await connection.execute("create table if not exists written (n int)")
        port: int = await connection.fetchval("select inet_server_port()")
        return port


async def test_of_several_hosts_the_one_that_takes_writes_is_used(pair: Pair) -> None:
    async with opened(pair.url("postgres")) as database:
        assert await port_of(database) == pair.primary.port
    async with opened(pair.url("postgres", "target_session_attrs=primary")) as database:
        assert await port_of(database) == pair.primary.port
    async with opened(pair.url("postgres", "target_session_attrs=any")) as database:
        with pytest.raises(Unavailable, match="accepts no writes"):
            await port_of(database)
    only = f"{pair.standby.url()}?target_session_attrs=read-write"
    with pytest.raises(Unavailable, match="read-write"):
        async with open_database(only):
            pass


async def test_a_host_that_never_responds_does_not_use_up_the_time_of_the_others(pair: Pair) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]}"
        url = pair.primary.url(host=f"{host},{pair.standby.host},{pair.primary.host}")
        async with opened(url, timeout=6) as database:
            assert await port_of(database) == pair.primary.port
        assert where(url) == f"{host}, {pair.standby.host}, {pair.primary.host}"


async def test_hosts_that_cannot_be_used_are_each_named(pair: Pair) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        gone = f"127.0.0.1:{closed.getsockname()[1]}"
    async with opened(pair.primary.url(host=f"{gone},{pair.standby.host}")) as database:
        with pytest.raises(Unavailable) as caught:
            await port_of(database)
    assert gone in caught.value.message
    assert f"{pair.standby.host}: None of the hosts match" in caught.value.message


@pytest.fixture(scope="module")
def authority() -> Iterator[Path]:
    """Yields the folder of an authority and of a server's certificate for 127.0.0.1, whose key only the server's
    user can read."""
    with tempfile.TemporaryDirectory(prefix="idexx-test-tls-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        certificate("server", certificate("authority", None, folder), folder)
        (folder / "server.key").chmod(0o600)
        if user := unprivileged_user(lambda _: None):
            as_owner(folder / "server.key", user)
        yield folder


@pytest.fixture(scope="module")
def encrypting(postgres_url: str, authority: Path) -> Iterator[str]:
    """Yields host and port of a server that requires TLS: the embedded PostgreSQL is built without it."""
    tls = {"client_tls_cert_file": authority / "server.pem", "client_tls_key_file": authority / "server.key"}
    port = free_port()
    listen = {"listen_addr": "127.0.0.1", "listen_port": port, "client_tls_sslmode": "require"}
    with pgbouncer(postgres_url, settings={**tls, **listen}):
        yield f"127.0.0.1:{port}"


@needs_pgbouncer
async def test_each_tls_mode_does_what_libpq_documents(pair: Pair, encrypting: str, authority: Path) -> None:
    trusting = f"sslrootcert={authority}/authority.pem"
    server = f"postgresql://postgres@{encrypting}/postgres"
    localhost = server.replace("127.0.0.1", "localhost")
    accepted = [
        f"{server}?sslmode=prefer",
        f"{server}?sslmode=require",
        f"{localhost}?sslmode=verify-ca&{trusting}",
        f"{server}?sslmode=verify-full&{trusting}",
        f"{pair.primary.url()}?sslmode=prefer",
    ]
    for url in accepted:
        async with opened(url) as database, database.connection() as connection:
            assert await connection.fetchval("select 1") == 1
    refused = {
        f"{server}?sslmode=disable": "SSL required",
        f"{localhost}?sslmode=verify-full&{trusting}": "localhost",
        f"{server}?sslmode=verify-full": "certificate",
        f"{server}?sslmode=verify-full&sslrootcert=/nowhere.pem": "/nowhere.pem",
        f"{pair.primary.url()}?sslmode=require": "SSL",
        f"{server}?sslmode=always": "sslmode",
    }
    for url, named in refused.items():
        async with opened(url) as database:
            with pytest.raises(Unavailable, match=named):
                await port_of(database)
        with pytest.raises(Unavailable, match=named):
            async with open_database(url):
                pass
