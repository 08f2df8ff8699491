"""A feed over HTTP: cheap to poll, refused when revoked, limited, and its address is in no log."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from actors.http.calendar_feeds import FOLDER, FRESH_FOR, MAX_REQUESTS
from actors.http.key_cache import CACHED_FOR
from actors.http.keys import FEED_PREFIX, fingerprint
from actors.settings import load
from engine.store.calendar_feeds import revoke_feed
from ops.cli import main
from tests.calendar_feed.conftest import Feeds, events_of
from tests.store.harness import Harness, appointment

pytestmark = pytest.mark.anyio

#: Runs `calendar-feed` on the test's database: its exit status, stdout and stderr.
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
        status = await asyncio.to_thread(main, ["calendar-feed", *arguments])
        return status, *capfd.readouterr()

    yield run
    load.cache_clear()


async def test_a_program_that_polls_gets_the_document_once(harness: Harness, feeds: Feeds) -> None:
    await harness.sync(0, {0: [appointment(n, 0, room_id=None) for n in range(20)]})
    await feeds.new("desk")
    address = feeds.address("desk")
    first = await feeds.client.get(address, headers={"Accept-Encoding": "identity"})
    assert (first.status_code, first.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert first.headers["cache-control"] == f"private, max-age={FRESH_FOR:g}"
    for known in (
        first.headers["etag"],
        first.headers["etag"].removeprefix("W/"),
        f'"x", {first.headers["etag"]}',
        "*",
    ):
        again = await feeds.client.get(address, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    async with feeds.client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        raw = b"".join([part async for part in packed.aiter_raw()])
    assert gzip.decompress(raw) == first.content
    assert len(raw) < len(first.content) / 4
    assert (await feeds.client.head(address)).headers["etag"] == first.headers["etag"]

    # Within a minute the database is not asked, and a document is written only if something has changed.
    await harness.sync(
        10,
        {0: [appointment(1, 0, "10:00", room_id=None)] + [appointment(n, 0, room_id=None) for n in range(2, 20)]},
    )
    assert (await feeds.client.get(address)).headers["etag"] == first.headers["etag"]
    feeds.clocks.pass_by()
    changed = await feeds.client.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert len(events_of(changed.text)) == 20
    feeds.clocks.pass_by()
    assert (await feeds.client.get(address)).headers["etag"] == changed.headers["etag"]


async def test_a_feed_is_refused_when_it_is_revoked_expired_or_read_too_often(
    feeds: Feeds, pool: asyncpg.Pool
) -> None:
    for wrong in ("wrong", "%00", "a" * 3000):
        refused = await feeds.client.get(f"{feeds.url}{FOLDER}/{wrong}.ics")
        assert (refused.status_code, refused.json()["error"]["reason"]) == (404, "unknown_calendar_feed")
        assert wrong not in refused.text
    for name in ("revoked", "expired", "busy"):
        await feeds.new(name)
        assert (await feeds.client.get(feeds.address(name))).status_code == 200
    async with pool.acquire() as connection:
        await revoke_feed(connection, "revoked", feeds.clocks.now)
    await pool.execute("update idexx_sync.calendar_feeds set expires_at = now() where name = 'expired'")
    feeds.clocks.pass_by(CACHED_FOR)
    for name in ("revoked", "expired"):
        assert (await feeds.client.get(feeds.address(name))).status_code == 404
    statuses = [(await feeds.client.get(feeds.address("busy"))).status_code for _ in range(MAX_REQUESTS + 1)]
    assert statuses == [200] * (MAX_REQUESTS - 1) + [429, 429]
    refused = await feeds.client.get(feeds.address("busy"))
    assert int(refused.headers["retry-after"]) >= 1
    feeds.clocks.pass_by()
    assert (await feeds.client.get(feeds.address("busy"))).status_code == 200


async def test_a_feed_is_made_shown_once_listed_and_revoked(command: Command, pool: asyncpg.Pool) -> None:
    await pool.execute("insert into clinics (slug, name, timezone) values ('elm', 'Elm', 'UTC')")
    status, address, said = await command("new", "desk", "--clinic", "elm", "--names", "--expires", "90d")
    token = re.fullmatch(rf"http://127.0.0.1:3001{FOLDER}/({FEED_PREFIX}[\w-]+)\.ics\n", address)
    assert status == 0
    assert token, address
    assert "desk: clinic elm, with names; valid until 20" in said
    [stored] = await pool.fetch("select * from idexx_sync.calendar_feeds")
    assert stored["token_hash"] == fingerprint(token[1])
    assert token[1] not in str(dict(stored))
    made = json.loads((await command("new", "bare", "--clinic", "elm", "--days-ahead", "7", "--json"))[1])
    assert (made["names"], made["days_ahead"], made["url"].endswith(f"{made['token']}.ics")) == (False, 7, True)
    listed = (await command("list", "--json"))[1].splitlines()
    assert [json.loads(line)["name"] for line in listed] == ["desk", "bare"]
    assert token[1] not in "".join(listed)
    for arguments, message in (
        (("new", "two words", "--clinic", "elm"), "must be 1 to 40 letters"),
        (("new", "desk", "--clinic", "oak"), "clinic 'oak' does not exist"),
        (("new", "desk", "--clinic", "elm", "--days-back", "400"), "days back: 400 is not from 0 to 365"),
        (("revoke", "unknown"), "no feed has the name or id 'unknown'"),
    ):
        status, _, said = await command(*arguments)
        assert (status, message in said) == (2, True), said
    assert (await command("revoke", "desk"))[0] == 0
    assert "was revoked on" in (await command("revoke", "desk"))[2]
