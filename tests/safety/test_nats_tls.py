"""TLS on NATS: certificates on both sides, and no password in clear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats.errors
import pytest
from dramatiq.errors import ConnectionFailed

from actors.runtime.nats_options import connect_options
from actors.settings import Settings, SettingsError
from broker import NatsBroker
from engine.errors import Unavailable
from ops.client.connections import open_nats
from ops.deploy.nats.server_config import Tls
from tests.broker.servers import Server
from tests.certificates import certificate
from tests.safety.secured import Secured, secured, visiting

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, with certificates for the server and for a client."""
    folder = tmp_path_factory.mktemp("tls")
    key, authority = certificate("authority", None, folder)
    certificate("server", (key, authority), folder)
    certificate("client", (key, authority), folder)
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Secured]:
    tls = Tls(folder / "server.pem", folder / "server.key", folder / "authority.pem")
    with secured(folder, "p", ["elm"], tls) as server:
        yield server


async def test_both_sides_show_a_certificate(server: Secured, folder: Path) -> None:
    settings = Settings(
        nats_ca_file=folder / "authority.pem",
        nats_cert_file=folder / "client.pem",
        nats_key_file=folder / "client.key",
        nats_user="worker",
        nats_password=server.passwords["worker"],
        nats_inbox_prefix="_INBOX.worker",
    )
    async with visiting(f"tls://{server.address}", **connect_options(settings)) as worker:
        assert worker.client.new_inbox().startswith("_INBOX.worker.")
        assert b"account_info" in await worker.ask("$JS.API.INFO")


async def test_who_shows_none_is_sent_away(server: Secured, folder: Path) -> None:
    trusting = connect_options(Settings(nats_ca_file=folder / "authority.pem"))
    with pytest.raises((nats.errors.Error, OSError, asyncio.TimeoutError)):
        async with asyncio.timeout(10), visiting(server.url("worker", "tls"), **trusting):
            pass


async def test_a_server_without_a_valid_certificate_gets_no_password(server: Secured) -> None:
    with pytest.raises((nats.errors.Error, OSError)):
        async with visiting(server.url("worker", "tls"), **connect_options(Settings())):
            pass


@pytest.fixture(scope="module")
def tls_first(folder: Path) -> Iterator[Server]:
    """A server that says nothing before the TLS handshake."""
    tls = f'tls {{ cert_file: "{folder}/server.pem", key_file: "{folder}/server.key", handshake_first: true }}'
    server = Server(folder / "tls-first", tls)
    server.start()
    yield server
    server.close()


async def test_a_server_that_expects_tls_first(tls_first: Server, folder: Path) -> None:
    settings = Settings(nats_ca_file=folder / "authority.pem", nats_tls_handshake_first=True)
    async with visiting(tls_first.url, **connect_options(settings)) as visitor:
        assert b"account_info" in await visitor.ask("$JS.API.INFO")


async def test_the_error_names_the_setting_for_a_server_that_expects_tls_first(tls_first: Server) -> None:
    async def visit() -> None:
        async with open_nats(tls_first.url):
            pass

    with pytest.raises(Unavailable, match="NATS_TLS_HANDSHAKE_FIRST=true"):
        await visit()
    broker = NatsBroker(tls_first.url)
    with pytest.raises(ConnectionFailed, match="tls_handshake_first"):
        await asyncio.to_thread(broker.mailbox, "default")
    broker.close()


async def test_an_address_with_tls_gets_no_password_in_clear() -> None:
    """An attacker in the middle may claim that the server has no TLS."""
    heard = bytearray()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.12.0","max_payload":1000,"auth_required":true}\r\n')
        heard.extend(await reader.read())
        writer.close()

    async with listening(answer) as address:
        with pytest.raises(nats.errors.Error, match="TLS"):
            async with visiting(f"tls://worker:secret@{address}"):
                pass
    assert b"secret" not in heard
    assert not heard


def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(SettingsError, match="NATS_CA_FILE"):
        connect_options(Settings(nats_ca_file=Path("/nowhere.pem")))


@asynccontextmanager
async def listening(answer: object) -> AsyncIterator[str]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)  # type: ignore[arg-type]
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"
