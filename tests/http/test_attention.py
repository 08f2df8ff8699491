"""What needs a person, as a program reads it from a real gateway, and how a gateway decides about the installation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from actors.installation import Facts, FirstSeen, PostgresqlFacts, installation_items
from actors.installation.watch import free_space
from actors.runtime.portal_limits import PortalState
from actors.spec.attention import AttentionItem
from engine.attention import AttentionKind, attention_view
from engine.failure import Reason
from tests.conftest import until
from tests.http.test_live import change_of, reading

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PORTAL: dict[str, Any] = {"rate": 10.0, "limit": 10.0, "burst": 10.0, "paused_for": 0.0, "breaker": "closed"}


def _left(reason: Reason) -> Facts:
    return Facts(postgresql=PostgresqlFacts(left={reason: ["elm"]}))


def kinds(facts: Facts) -> set[AttentionKind]:
    found = list(installation_items(facts, NOW))
    for item in found:
        AttentionItem.model_validate(attention_view(item))
        assert item.clinic is None
    return {item.kind for item in found}


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (Facts([PortalState("a.example", **PORTAL | {"breaker": "half_open"})]), AttentionKind.PORTAL_AWAY),
        (Facts([PortalState("a.example", **PORTAL | {"rate": 4.9})]), AttentionKind.BUDGET_USED_UP),
        (Facts([PortalState("a.example", **PORTAL | {"paused_for": 3.0})]), AttentionKind.BUDGET_USED_UP),
        (Facts(stores=False), AttentionKind.DISK_FULL),
        (Facts(free={Path("/tmp"): 10**7}), AttentionKind.DISK_FULL),
        (Facts(postgresql=PostgresqlFacts(is_disk_full=True)), AttentionKind.DISK_FULL),
        (Facts(postgresql=PostgresqlFacts(accepts_writes=False)), AttentionKind.DATABASE_READ_ONLY),
        (Facts(postgresql=PostgresqlFacts(differs=90.0)), AttentionKind.CLOCK_OFF),
        (_left(Reason.WRONG_ENCRYPTION_KEY), AttentionKind.WRONG_KEY),
        (_left(Reason.WRONG_PORTAL), AttentionKind.WRONG_PORTAL),
    ],
)
def test_each_trouble_of_the_installation_has_its_item(facts: Facts, kind: AttentionKind) -> None:
    assert kinds(facts) == {kind}


def test_nothing_is_reported_where_nothing_is_wrong(tmp_path: Path) -> None:
    one_refusal = PortalState("a.example", **PORTAL | {"rate": 8.0})
    assert kinds(Facts([one_refusal], free={tmp_path: 10**9})) == set()
    assert list(free_space([tmp_path, tmp_path, tmp_path / "missing"])) == [tmp_path]


def test_an_item_keeps_the_time_at_which_it_was_first_seen_until_it_has_ended() -> None:
    seen, later = FirstSeen(), NOW + timedelta(minutes=5)

    def since(facts: Facts, now: datetime) -> list[datetime]:
        return [item.since for item in seen.of(installation_items(facts, now), now)]

    assert since(Facts(stores=False), NOW) == [NOW]
    assert since(Facts(stores=False), later) == [NOW]
    assert since(Facts(), later) == []
    assert since(Facts(stores=False), later) == [later]


@pytest.mark.anyio
async def test_the_reply_names_a_database_that_does_not_respond(
    gateway: httpx.AsyncClient, pool: asyncpg.Pool[Any]
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("lock table public.clinics in access exclusive mode")
        refused = await gateway.get("/api/idexx/overview")
        assert refused.status_code == 503
        assert "PostgreSQL does not respond" in refused.json()["error"]["message"]
        async with reading(gateway) as messages:
            name, why = await anext(messages)
            assert (name, "PostgreSQL does not respond" in why["message"]) == ("away", True)
    assert (await gateway.get("/api/idexx/overview")).status_code == 200


@pytest.mark.anyio
async def test_a_gateway_names_what_needs_a_person_the_installation_first(
    gateway: httpx.AsyncClient, pool: asyncpg.Pool[Any]
) -> None:
    async def overview() -> Any:
        return (await gateway.get("/api/idexx/overview")).json()

    assert (await overview())["attention"] == []
    async with reading(gateway) as messages:
        assert (await anext(messages))[1]["attention"] == []
        await pool.execute("insert into clinics (slug, name, timezone) values ('new', 'New', 'UTC')")
        [item] = await change_of(messages, "attention")
        assert (item["key"].partition(":")[0], item["clinic"]) == ("credentials", "new")
        assert item["command"] == "idexx-sync credentials set new"
        await pool.execute("delete from clinics where slug = 'new'")
        assert await change_of(messages, "attention") == []
    name = await pool.fetchval("select current_database()")
    await pool.execute(f"alter database {name} set default_transaction_read_only = on")
    try:
        await pool.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = $1 and application_name = 'idexx-sync'",
            name,
        )

        async def first() -> Any:
            response = await gateway.get("/api/idexx/overview")
            found = response.json().get("attention") if response.status_code == 200 else None
            return found[0] if found else None

        item = await until(first)
        assert (item["kind"], item["clinic"]) == ("database_read_only", None)
        metrics = (await gateway.get("/metrics")).text
        assert 'installation_needs_attention{kind="database_read_only"} 1.0' in metrics
    finally:
        await pool.execute(f"alter database {name} reset default_transaction_read_only")
