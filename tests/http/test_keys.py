"""Keys of the API: those of `API_KEYS`, and stored ones with their rights, clinic, expiry and revocation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from actors.health import Health
from actors.http.api import Api
from actors.http.app import gateway_app
from actors.http.calendar_day import CalendarDays
from actors.http.calendar_feeds import CalendarFeeds, FeedTokens
from actors.http.key_cache import CACHED_FOR, UNKNOWN_FOR
from actors.http.keys import PREFIX, fingerprint
from actors.http.probes import ProbeRoutes
from actors.http.stored_keys import StoredKeys
from actors.runtime.action_log import ActionLog
from actors.settings import Settings, load
from engine.store.database import Database
from ops.cli import main
from ops.client.exit_status import Exit
from ops.sandbox.client import SandboxClinic
from tests.conftest import until
from tests.http.conftest import SYNC
from tests.system.conftest import System

pytestmark = pytest.mark.anyio

#: Runs a command of the command line on the test's database: its exit status, stdout and stderr.
Command = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def command(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> AsyncIterator[Command]:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("IDEXX_SYNC_HOME", str(tmp_path / "home"))
    load.cache_clear()

    async def run(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        status = await asyncio.to_thread(main, ["api-key", *arguments])
        return status, *capfd.readouterr()

    yield run
    load.cache_clear()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


class TestAGateway:
    KEY = "a-key-of-the-test"

    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"API_KEYS": f"booking:{fingerprint('another')},partner:{fingerprint(self.KEY)}"}

    async def test_a_caller_may_do_what_its_key_says(
        self, system: System, gateway: httpx.AsyncClient, clinics: list[SandboxClinic], command: Command, pool: Any
    ) -> None:
        own, other = clinics[0].slug, clinics[1].slug
        path = f"{SYNC}/status?clinicId="
        for headers in ({}, bearer("wrong"), {"Authorization": f"Basic {self.KEY}"}):
            response = await gateway.get(path + own, headers=headers)
            assert (response.status_code, response.json()["error"]["reason"]) == (401, "no_key")
            assert response.headers["www-authenticate"] == "Bearer"
            assert ("expired or revoked" in response.text) is ("Bearer" in headers.get("Authorization", ""))
        for closed in ("/api/idexx/overview", "/api/idexx/live"):
            assert (await gateway.get(closed)).status_code == 401
        for open_to_all in ("/", "/live", "/metrics"):
            assert (await gateway.get(open_to_all)).status_code == 200
        body = {"clinicId": own, "daysAhead": 1}
        at_once = {"Prefer": "respond-async"}
        assert (await gateway.get(path + own, headers=bearer(self.KEY))).status_code == 200
        accepted = await gateway.post(SYNC, json=body, headers=bearer(self.KEY) | at_once)
        assert accepted.status_code == 202  # an entry of API_KEYS may do what it always could

        async def made(*arguments: str) -> dict[str, str]:
            header = bearer(json.loads((await command("new", *arguments, "--json"))[1])["key"])
            await until(partial(counts, header))
            return header

        async def counts(header: dict[str, str]) -> bool:
            return (await gateway.get("/api/idexx/overview", headers=header)).status_code == 200

        reader = await made("desk", "--clinic", own)
        overview = (await gateway.get("/api/idexx/overview", headers=reader)).json()
        assert [clinic["slug"] for clinic in overview["clinics"]] == [own]
        clinic_id = await pool.fetchval("select id from clinics where slug = $1", own)
        for mine in (own, str(clinic_id).upper()):
            assert (await gateway.get(path + mine, headers=reader)).status_code == 200
        for asked in (path + other, f"{SYNC}/{accepted.json()['sync_id']}/events?clinicId={other}"):
            refused = await gateway.get(asked, headers=reader)
            assert (refused.status_code, refused.json()["error"]["reason"]) == (403, "not_allowed")
            assert f"the key 'desk' is for clinic '{own}' only" in refused.json()["error"]["message"]
        refused = await gateway.post(SYNC, json=body, headers=reader)
        assert refused.status_code == 403
        assert "lacks the right `act`" in refused.json()["error"]["message"]
        async with gateway.stream("GET", "/api/idexx/live", headers=reader) as stream:
            lines = stream.aiter_lines()
            state = await anext(json.loads(line[6:]) async for line in lines if line.startswith("data: "))
        assert [clinic["slug"] for clinic in state["clinics"]] == [own]
        assert {sync["clinic"] for sync in state["syncs"]} == {own}
        assert state.keys() == {"at", "clinics", "syncs", "attention"}

        actor = await made("bot", "--may", "act")
        done = await gateway.post(SYNC, json=body | {"clinicId": other}, headers=actor | at_once)
        assert done.status_code == 202
        assert self.KEY not in system.log("gateway")
        assert PREFIX not in system.log("gateway")


async def test_a_key_is_shown_once_and_listed_without_it(command: Command, pool: asyncpg.Pool) -> None:
    await pool.execute("insert into clinics (slug, name, timezone) values ('elm', 'Elm', 'UTC')")
    status, key, said = await command("new", "desk", "--clinic", "elm", "--may", "names", "--expires", "90d")
    assert (status, key.startswith(PREFIX)) == (Exit.OK, True)
    assert "desk: may names, read, clinic elm; valid until 20" in said
    [stored] = await pool.fetch("select * from idexx_sync.api_keys")
    assert stored["key_hash"] == fingerprint(key.strip())
    assert key.strip() not in str(dict(stored))
    assert stored["created_by"]
    status, listed, _ = await command("list")
    assert (status, listed.strip().splitlines()[-1].split()[:5]) == (
        0,
        ["desk", str(stored["id"])[:8], "names", "read", "elm"],
    )
    _, _, said = await command("new", "desk")
    assert (
        f"desk now has 2 keys; to revoke the older one: idexx-sync api-key revoke {str(stored['id'])[:8]}" in said
    )
    wrong = [
        (("new", "two words"), "must be 1 to 40 letters"),
        (("new", "desk", "--may", "read,write"), "'write' is not a right; a key may read, names, act"),
        (("new", "desk", "--expires", "soon"), "--expires 'soon': must be from a minute to ten years"),
        (("new", "desk", "--clinic", "oak"), "clinic 'oak' does not exist"),
        (("revoke", "unknown"), "no key has the name or id 'unknown'"),
        (("revoke", "desk"), f"2 keys are called 'desk': name one by its id ({str(stored['id'])[:8]}"),
    ]
    for arguments, message in wrong:
        status, printed, said = await command(*arguments)
        assert (status, printed, said.count("\n") <= 2, message in said) == (Exit.USAGE, "", True, True), said
    assert "→ idexx-sync api-key list" in (await command("revoke", "desk"))[2]
    assert (await command("revoke", str(stored["id"])[:8]))[0] == Exit.OK
    assert (await command("revoke", "desk"))[0] == Exit.OK
    assert "was revoked on" in (await command("revoke", "desk"))[2]
    status, listed, _ = await command("list", "--all", "--json")
    assert [json.loads(line)["state"] for line in listed.splitlines()] == ["revoked", "revoked"]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_key_counts_soon_after_it_is_made_and_until_soon_after_it_is_revoked(
    command: Command, database_url: str, pool: asyncpg.Pool
) -> None:
    clock, database = Clock(), Database(database_url)
    keys = StoredKeys(database, clock=clock)
    try:
        assert await keys.find(fingerprint("unknown")) is None
        hashed = fingerprint((await command("new", "desk"))[1].strip())
        assert await keys.find(hashed) is None  # the keys are read at most once a second, whatever callers send
        clock.now += UNKNOWN_FOR
        found = await keys.find(hashed)
        assert found is not None
        await keys.record_uses()
        assert await pool.fetchval("select last_used_at from idexx_sync.api_keys") is not None
        await command("revoke", "desk")
        clock.now += CACHED_FOR - 0.1
        assert await keys.find(hashed) is not None
        clock.now += 0.1
        assert await keys.find(hashed) is None
        short = fingerprint((await command("new", "short", "--expires", "1m"))[1].strip())
        clock.now += UNKNOWN_FOR
        assert await keys.is_valid(short)
        await pool.execute("update idexx_sync.api_keys set expires_at = now() - interval '1 s'")
        clock.now += CACHED_FOR
        assert not await keys.is_valid(short)
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, 200),
        ({"http_host": "0.0.0.0"}, 401),  # noqa: S104
        ({"http_host": "0.0.0.0", "skip_qstash_verify": True, "qstash_current_signing_key": "sig"}, 401),  # noqa: S104
        ({"qstash_current_signing_key": "sig"}, 401),
        ({"api_keys": f"desk:{fingerprint('key')}"}, 401),
    ],
)
async def test_only_on_loopback_without_keys_and_signatures_a_caller_needs_none(
    settings: dict[str, Any], status: int, database_url: str, tmp_path: Path
) -> None:
    class Nats:
        async def ask(self, *_: object) -> dict[str, Any]:
            return {"ok": True}

    database, given = Database(database_url), Settings.model_validate(settings)
    keys = StoredKeys(database)
    api = Api(Nats(), 1.0, keys, ActionLog(database, lambda _: None))  # type: ignore[arg-type]
    feeds = CalendarFeeds(database, FeedTokens(database))
    probes = ProbeRoutes(Health(()), tmp_path, None)
    app = gateway_app(given, probes, api, [CalendarDays(database)], feeds, keys)
    try:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            asked = await client.get("/api/idexx/overview")
            assert asked.status_code == status
            assert (await client.get("/api/idexx/overview", headers=bearer("wrong"))).status_code == 401
    finally:
        await database.close()
