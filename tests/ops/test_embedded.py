"""The embedded servers: what they keep, what they survive, and what they say."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import nats
import psutil
import pytest

from ops.local.embedded import Home, HomeInUse, embedded_servers
from ops.local.embedded.leftovers import find_postmaster
from ops.local.embedded.nats_server import find_binary
from ops.local.watchdog.process_markers import find_marked, is_alive, kill_marked
from tests.conftest import eventually

pytestmark = pytest.mark.anyio

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def home(scratch: str) -> Home:
    return Home(Path(scratch) / "home")


async def test_data_ports_and_passwords_survive_a_restart(home: Home) -> None:
    async with embedded_servers(home) as first:
        await write_both(first.nats_url, first.database_url)
    assert find_marked(home.label) == []
    async with embedded_servers(home) as second:
        assert second == first
        assert await read_both(second.nats_url, second.database_url) == (b"kept", 7)


async def test_they_start_in_a_home_of_any_name(scratch: str) -> None:
    home = Home(Path(scratch) / ('zoë "猫" $x {} \\ \b\x07' + os.fsdecode(b"\xff")))
    async with embedded_servers(home) as servers:
        await write_both(servers.nats_url, servers.database_url)
        assert (home.folder / "nats" / "jetstream").is_dir()


async def test_they_listen_on_loopback_ask_for_a_password_and_write_through(home: Home) -> None:
    async with embedded_servers(home) as servers:
        assert {address for pid in servers_of(home) for address in listening(pid)} == {"127.0.0.1"}
        secrets = ["nats.password", "postgres.password", "running.json", "nats/nats-server.conf"]
        assert {stat.S_IMODE((home.folder / name).stat().st_mode) for name in secrets} == {0o600}
        nats_port, database = urlsplit(servers.nats_url).port, urlsplit(servers.database_url)
        assert b"Authorization Violation" in await greet_without_password(nats_port)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://postgres:wrong@127.0.0.1:{database.port}/idexx")
        async with httpx.AsyncClient() as http:
            jetstream = (await http.get(f"{servers.monitor_url}/jsz?config=1")).json()
        assert jetstream["config"]["sync_always"] is True


async def test_a_second_start_in_the_same_home_says_who_is_there(home: Home) -> None:
    with home.hold(NOW) as announce:
        announce({"NATS_URL": "nats://here"})
        assert (running := home.running()) is not None
        assert (running.pid, running.environment) == (os.getpid(), {"NATS_URL": "nats://here"})
        with pytest.raises(HomeInUse, match=rf"process {os.getpid()}, since 2030-01-02T03:04:05.*IDEXX_SYNC_HOME"):
            async with embedded_servers(Home(home.folder)):
                pass
    assert home.running() is None


async def test_a_server_that_is_killed_comes_back_with_its_data(home: Home) -> None:
    said: list[str] = []
    async with embedded_servers(home, say=said.append) as servers:
        await write_both(servers.nats_url, servers.database_url)
        for pid in servers_of(home):
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: not is_listening(servers.nats_url))
        await comes_back(servers.nats_url, servers.database_url)
    assert {line.split()[0] for line in said if "unexpectedly" in line} == {"nats-server", "postgres"}


KEEP = """
import asyncio, sys
from pathlib import Path
from ops.local.embedded import Home, embedded_servers

async def main():
    async with embedded_servers(Home(Path(sys.argv[1]))):
        print("up", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_after_a_sigkill_of_everything_of_ours_the_leftovers_are_found(home: Home) -> None:
    """The supervisor and its watchdog die together; the servers continue, and no process would end them."""
    argv = [sys.executable, "-c", KEEP, str(home.folder)]
    keeper = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220
    try:
        assert keeper.stdout
        assert keeper.stdout.readline() == "up\n"
        children = psutil.Process(keeper.pid).children()
        [watchdog] = [child for child in children if "ops.local.watchdog" in child.cmdline()]
        watchdog.suspend()  # else it could act between the two kills
        keeper.kill()
        watchdog.kill()
        keeper.wait()
        left = servers_of(home)
        assert len(left) == 2
        said: list[str] = []
        async with embedded_servers(home, say=said.append) as servers:
            assert await read_both(servers.nats_url, servers.database_url, empty=True) == (None, None)
            assert not any(is_alive(psutil.Process(pid)) for pid in left if psutil.pid_exists(pid))
        assert any("left behind" in line for line in said)
    finally:
        keeper.kill()
        kill_marked(home.label)
        keeper.communicate()


async def test_a_port_that_another_program_took_is_replaced(home: Home) -> None:
    port = home.port("nats", 14222)
    assert home.port("nats", 14222) == port
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        assert home.port("nats", 14222) > port
    assert home.port("second", 14222) != home.port("nats", 14222)


def test_a_home_that_cannot_be_made_names_itself_and_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"file/home cannot be used \(Not a directory\): set IDEXX_SYNC_HOME"):
        Home(tmp_path / "file" / "home")


def test_the_package_brings_its_nats_server() -> None:
    assert Path(find_binary()).parent == Path(sys.executable).parent


async def write_both(nats_url: str, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("create table kept as select 7 as value")
    await connection.close()
    client = await nats.connect(nats_url)
    stream = client.jetstream()
    await stream.add_stream(name="KEPT", subjects=["kept"])
    await stream.publish("kept", b"kept")
    await client.close()


async def read_both(nats_url: str, database_url: str, *, empty: bool = False) -> tuple[bytes | None, int | None]:
    connection = await asyncpg.connect(database_url)
    client = await nats.connect(nats_url, error_cb=quiet)
    try:
        if empty:
            return None, await connection.fetchval("select null::integer")
        message = await client.jetstream().get_last_msg("KEPT", "kept")
        return message.data, await connection.fetchval("select value from kept")
    finally:
        await client.close()
        await connection.close()


async def comes_back(nats_url: str, database_url: str) -> None:
    for _ in range(400):
        try:
            assert await read_both(nats_url, database_url) == (b"kept", 7)
        except (OSError, nats.errors.Error, asyncpg.PostgresError):
            await asyncio.sleep(0.05)
        else:
            return
    pytest.fail("the servers did not come back")


async def greet_without_password(port: int | None) -> bytes:
    """What the server says to it; by hand, since nats-py leaves its connection open when it is refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"CONNECT {}\r\nPING\r\n")
    try:
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def quiet(_: Exception) -> None:
    """nats-py reports a refused connection on its own, too."""


def servers_of(home: Home) -> list[int]:
    postmaster = find_postmaster(home.folder / "postgres" / "data")
    assert postmaster
    marked = [p.pid for p in find_marked(home.label) if p.name() == "nats-server"]
    return [postmaster.pid, *marked]


def listening(pid: int) -> set[str]:
    connections = psutil.Process(pid).net_connections(kind="inet")
    return {connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN}


def is_listening(url: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0
