"""What needs a person reaches the webhooks that want it: once when it begins, and once when it has ended."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from actors.outbox.attention import AttentionNotices
from actors.settings import load
from actors.spec.webhooks import NeedsAttention
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.store import webhooks as store
from engine.store.clinics import get_credentials, mark_login_failure, set_credentials
from engine.store.database import Database
from engine.store.webhooks.notices import send_attention
from engine.webhook import Secrets
from ops.cli import main
from ops.client.exit_status import Exit
from tests.webhooks.test_deliveries import VAULT, give_webhook

pytestmark = pytest.mark.anyio


@pytest.fixture
async def known(database: Database, clinic: Clinic) -> Clinic:
    """A clinic with credentials and a webhook, which is sent the ends of syncs only."""
    async with database.transaction() as connection:
        await set_credentials(connection, VAULT, clinic.id, Credentials("desk", "x", None))
    await give_webhook(database, clinic)
    return clinic


async def want(database: Database, clinic: Clinic, wanted: bool = True) -> None:
    async with database.transaction() as connection:
        await send_attention(connection, clinic.id, wanted)


async def refuse(database: Database, clinic: Clinic, reason: str | None) -> None:
    async with database.transaction() as connection:
        await mark_login_failure(connection, clinic.id, await get_credentials(connection, VAULT, clinic), reason)


async def sent(database: Database, pool: asyncpg.Pool[Any]) -> list[dict[str, Any]]:
    """What two gateways have recorded, in order."""
    await asyncio.gather(AttentionNotices(database).once(), AttentionNotices(database).once())
    rows = await pool.fetch("select body from idexx_sync.webhook_deliveries order by created_at")
    return [json.loads(row["body"]) for row in rows]


async def test_a_webhook_gets_what_needs_a_person_once_and_its_end_once(
    database: Database, pool: asyncpg.Pool[Any], known: Clinic
) -> None:
    await want(database, known)
    await refuse(database, known, "login_rejected")
    [begun] = await sent(database, pool)
    assert await sent(database, pool) == [begun]
    assert begun["type"] == "clinic.needs_attention"
    assert begun["data"]["message"] == "elm-street: the portal rejects the user name or password"
    assert begun["data"]["command"] == "idexx-sync credentials set elm-street"
    await refuse(database, known, None)
    [_, ended] = await sent(database, pool)
    assert await sent(database, pool) == [begun, ended]
    assert (ended["type"], ended["data"]["key"]) == ("clinic.attention_resolved", begun["data"]["key"])
    for body in (begun, ended):
        NeedsAttention.model_validate(body)
    await refuse(database, known, "login_rejected")
    assert len(await sent(database, pool)) == 3, "it happens again"


async def test_only_webhooks_that_want_it_get_it(
    database: Database, pool: asyncpg.Pool[Any], known: Clinic
) -> None:
    await refuse(database, known, "login_rejected")
    assert await sent(database, pool) == []
    await want(database, known)
    assert len(await sent(database, pool)) == 1, "what needs a person already is sent as well"
    await want(database, known, False)
    await refuse(database, known, None)
    assert len(await sent(database, pool)) == 1
    await want(database, known)
    async with database.transaction() as connection:
        await store.set_webhook(connection, VAULT, known, "https://example.com/other", Secrets.fresh())
    await refuse(database, known, "login_rejected")
    assert len(await sent(database, pool)) == 1, "another receiver has not asked for it"


async def test_a_goal_that_a_sync_meets_soon_is_not_sent_nor_is_a_new_clinic(
    database: Database, pool: asyncpg.Pool[Any], known: Clinic
) -> None:
    await want(database, known)
    await pool.execute("update clinics set max_age_seconds = 3600 where id = $1", known.id)
    assert await sent(database, pool) == [], "its goal is missed since now"
    await pool.execute("update clinics set created_at = now() - interval '6 minutes' where id = $1", known.id)
    [missed] = await sent(database, pool)
    assert missed["data"]["kind"] == "goal_missed"
    await pool.execute("delete from idexx_sync.sealed_credentials")
    [_, ended] = await sent(database, pool)
    assert ended["data"]["kind"] == "goal_missed", "and missing credentials are not sent"


async def test_a_command_says_which_webhooks_get_it(
    database_url: str,
    database: Database,
    pool: asyncpg.Pool[Any],
    known: Clinic,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    load.cache_clear()

    async def run(*arguments: str) -> str:
        assert await asyncio.to_thread(main, ["clinic", "webhook", *arguments]) == Exit.OK
        return capsys.readouterr().out

    await refuse(database, known, "login_rejected")
    await run("attention", known.slug)
    assert "sends attention   True" in await run("show", known.slug)
    assert len(await sent(database, pool)) == 1
    await run("attention", known.slug, "--off")
    assert "sends attention   False" in await run("show", known.slug)
    load.cache_clear()
