"""A delivery's life with real processes: a gateway, a notifier, and receivers that behave and misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import httpx
import pytest

from actors.settings import load
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.removals import RemovalLimit
from engine.steps.cancel import cancel
from engine.store.clinics import add_clinic, set_credentials
from engine.store.database import Database
from engine.store.vault import Vault
from engine.store.webhooks import get_webhook, set_webhook
from engine.sync import Limits
from engine.webhook import Secrets
from ops.cli import main
from tests.conftest import eventually, free_port, until
from tests.safety.test_error_reports import send
from tests.system.conftest import Asker, System
from tests.webhooks.receiver import HANG, Receiver

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings() -> dict[str, str]:
    return {
        "WEBHOOK_PRIVATE_NETWORKS": "127.0.0.0/8",
        "WEBHOOK_TIMEOUT_MS": "2000",
        "WEBHOOK_RETRY_SECONDS": "0.2,0.3,0.4",
        "HTTP_PORT": str(free_port()),
        "LOG_LEVEL": "debug",
    }


class Listeners:
    """Clinics with webhooks; their syncs end right after the request, because they are cancelled."""

    def __init__(self, pool: asyncpg.Pool, asker: Asker, vault: Vault) -> None:
        self._pool = pool
        self._asker = asker
        self._vault = vault
        self.secrets: dict[str, str] = {}

    async def add(self, slug: str, url: str) -> Clinic:
        secrets = Secrets.fresh()
        async with self._pool.acquire() as connection:
            clinic = await add_clinic(connection, slug, slug.title(), "America/Denver")
            await set_credentials(connection, self._vault, clinic.id, Credentials("desk", "pass", "1"))
            await set_webhook(connection, self._vault, clinic, url, secrets)
        self.secrets[slug] = secrets.current
        return clinic

    async def begin(self, slug: str) -> str:
        accepted = await self._asker.ask("sync", slug, {"days_ahead": 1})
        assert accepted["ok"], accepted
        sync_id: str = accepted["sync_id"]
        return sync_id

    async def run(self, slug: str) -> dict[str, Any]:
        """The last event of a sync."""
        sync_id = await self.begin(slug)
        assert (await self._asker.ask("cancel", slug, {"sync_id": sync_id}))["ok"]
        return (await self._asker.events(slug, sync_id))[-1]

    async def settled(self, slug: str) -> Any:
        """Its only delivery, once it was delivered or given up."""
        query = "select d.* from idexx_sync.webhook_deliveries d join clinics c on c.id = d.clinic_id where c.slug = $1"
        return await until(
            lambda: self._pool.fetchrow(f"{query} and state <> 'pending' order by created_at desc", slug)
        )


@pytest.fixture
def listeners(pool: asyncpg.Pool, asker: Asker, key_ring: str) -> Listeners:
    return Listeners(pool, asker, Vault.from_ring(key_ring))


Command = Callable[..., Awaitable[tuple[int, Any, str]]]


@pytest.fixture
def command(
    system: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """What `idexx-sync clinic webhook …` answers: its status, its JSON by line, and what it says."""
    for name, value in system.environment.items():
        monkeypatch.setenv(name, value)
    load.cache_clear()

    async def run(*arguments: str) -> tuple[int, Any, str]:
        status = await asyncio.to_thread(main, ["clinic", "webhook", *arguments, "--json"])
        out, said = capsys.readouterr()
        return status, [json.loads(line) for line in out.splitlines()], said

    yield run
    load.cache_clear()


async def test_receivers_that_behave_and_that_do_not(
    system: System, listeners: Listeners, receiver: Receiver, command: Command, pool: asyncpg.Pool, key_ring: str
) -> None:
    receiver.statuses["/flaky"].extend((503, 500, 200))
    receiver.statuses["/flaky"].popleft()
    receiver.statuses["/slow"].appendleft(HANG)
    receiver.statuses["/moved"][0] = 301
    receiver.statuses["/gone"][0] = 410
    receiver.headers["location"] = receiver.url("/elsewhere")
    for slug in ("well", "flaky", "slow", "moved", "gone"):
        await listeners.add(slug, receiver.url(f"/{slug}"))
    await listeners.add("inside", "https://10.1.2.3/hook")
    system.gateway()
    system.worker("notifier")
    slugs = list(listeners.secrets)
    last = dict(zip(slugs, await asyncio.gather(*map(listeners.run, slugs)), strict=True))
    settled = {slug: await listeners.settled(slug) for slug in slugs}

    # Every try carries the same id, the same body, and a signature that its receiver can check.
    tries = {"well": 1, "flaky": 3, "slow": 2, "moved": 4, "gone": 1, "inside": 0}
    for slug, number in tries.items():
        posted = receiver.at(f"/{slug}")
        assert len(posted) == number, slug
        assert {one.id for one in posted} <= {str(settled[slug]["id"])}
        for one in posted:
            expected = {"type": "sync.cancelled", "timestamp": last[slug]["at"], "data": last[slug]}
            assert one.verified(listeners.secrets[slug]) == expected
    assert not receiver.at("/elsewhere"), "redirects are not followed"

    found = {slug: (one["state"], one["status"], one["reason"], one["attempts"]) for slug, one in settled.items()}
    assert found == {
        "well": ("delivered", 200, None, 1),
        "flaky": ("delivered", 200, None, 3),
        "slow": ("delivered", 200, None, 2),
        "moved": ("failed", 301, "redirect", 4),
        "gone": ("failed", 410, "gone", 1),
        "inside": ("failed", None, "address_not_allowed", 1),
    }

    # The command line: the log, a test, once more, and the webhook that its receiver has given up.
    status, log, _ = await command("log", "flaky")
    assert (status, [(one["event"], one["state"], one["attempts"]) for one in log]) == (
        0, [("sync.cancelled", "delivered", 3)],
    )  # fmt: skip
    status, [tried], _ = await command("test", "well")
    assert (status, tried["ok"], tried["event"], tried["status"]) == (0, True, "sync.test", 200)
    assert receiver.posted[-1].verified(listeners.secrets["well"])["type"] == "sync.test"
    status, [again], _ = await command("redeliver", str(settled["well"]["id"]))
    assert (status, again["ok"]) == (0, True)
    assert receiver.posted[-1].id == receiver.at("/well")[0].id
    status, _, said = await command("test", "gone")
    assert (status, "paused (gone)" in said) == (2, True)
    assert await pool.fetchval("select count(*) from idexx_sync.clinic_webhooks where paused_at is not null") == 1

    async with httpx.AsyncClient() as client:
        page = (await client.get(f"http://127.0.0.1:{system.environment['HTTP_PORT']}/metrics")).text
    # flaky 2, slow 1, moved 3; moved, gone, inside; well twice, flaky, slow.
    for outcome, number in {"retrying": 6, "failed": 3, "delivered": 4}.items():
        assert f'webhook_deliveries_total{{outcome="{outcome}"}} {number}.0' in page
    expected = system.logs()
    for secret in (*listeners.secrets.values(), key_ring.partition(":")[2]):
        assert secret.removeprefix("whsec_") not in expected


async def test_a_killed_notifier_and_a_message_that_was_never_sent(
    system: System,
    listeners: Listeners,
    receiver: Receiver,
    pool: asyncpg.Pool,
    database_url: str,
    nats_url: str,
    namespace: str,
) -> None:
    receiver.statuses["/north"].appendleft(HANG)
    north = await listeners.add("north", receiver.url("/north"))
    system.gateway()
    system.worker("notifier")
    await listeners.run("north")
    await asyncio.to_thread(eventually, lambda: receiver.posted)
    await asyncio.to_thread(system.kill, "notifier")
    await asyncio.to_thread(system.worker, "notifier")
    assert (await listeners.settled("north"))["state"] == "delivered"
    assert len({one.id for one in receiver.posted}) == 1, "repeated deliveries have the same id"
    for one in receiver.posted:
        one.verified(listeners.secrets["north"])

    # A process that ends a sync, publishes its events, and dies before it sends the notifier's message.
    await pool.execute("delete from idexx_sync.webhook_deliveries")
    sync_id = await listeners.begin("north")
    database = Database(database_url)
    await cancel(database, north, sync_id, Limits(), RemovalLimit(20, 30.0))  # type: ignore[arg-type]
    await pool.execute("update idexx_sync.schedule_sync_events set published_at = now()")
    await database.close()
    assert (await listeners.settled("north"))["state"] == "delivered"
    assert receiver.posted[-1].verified(listeners.secrets["north"])["data"]["sync_id"] == sync_id

    # A message that comes before its time, since the clock of NATS is ahead.
    delivery_id = await pool.fetchval(
        "update idexx_sync.webhook_deliveries set state = 'pending', attempts = 0, mailed_at = now(), "
        "next_attempt_at = now() + interval '1 s' returning id"
    )
    await asyncio.to_thread(send, nats_url, namespace, "notifier", "notify", str(delivery_id))
    assert (await listeners.settled("north"))["attempts"] == 1


async def test_a_webhook_is_set_paused_resumed_rotated_and_removed_by_command(
    system: System, listeners: Listeners, receiver: Receiver, command: Command, pool: asyncpg.Pool
) -> None:
    clinic = await listeners.add("north", "https://example.com/")
    status, _, said = await command("set", "north", "http://1.1.1.1/")
    assert (status, "WEBHOOK_PRIVATE_NETWORKS" in said) == (2, True)
    status, [made], _ = await command("set", "north", receiver.url("/north"))
    assert (status, made["secret"].startswith("whsec_")) == (0, True)
    status, [same], _ = await command("set", "north", receiver.url("/north"))
    assert (status, same["secret"]) == (0, None)
    assert (await command("pause", "north"))[0] == 0
    system.gateway()
    await listeners.run("north")
    assert await pool.fetchval("select state from idexx_sync.webhook_deliveries") == "pending"
    status, [rotated], _ = await command("rotate", "north")
    assert status == 0
    status, [resumed], _ = await command("resume", "north")
    assert (status, resumed["waited"]) == (0, 1)
    system.worker("notifier")
    assert (await listeners.settled("north"))["state"] == "delivered"
    for secret in (made["secret"], rotated["secret"]):
        receiver.posted[-1].verified(secret)
    status, _, said = await command("remove", "north")
    assert (status, "add --yes" in said) == (2, True)
    assert (await command("remove", "north", "--yes"))[0] == 0
    status, _, said = await command("show", "north")
    assert (status, "has no webhook" in said) == (2, True)
    async with pool.acquire() as connection:
        with pytest.raises(Exception, match="has no webhook"):
            await get_webhook(connection, clinic)
