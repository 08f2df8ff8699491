"""Clinics with portals of their own: two sandboxes on two ports, and one database, NATS and browser for both."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
import nats
import pytest
from nats.aio.client import Client as Nats

from actors.date_scraper.portal import make_portal, shared_sessions
from actors.date_scraper.sessions import SharedSessions
from actors.metrics import Metrics
from actors.runtime.portal_limits import PortalLimits, portal_breaker, portal_bucket, portal_key
from actors.settings import Settings, load
from engine.calendar_source import CalendarSource
from engine.calendar_sources import CalendarSources
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.errors import BadRequest, NoCredentials, WrongState
from engine.extra_calls import ExtraCalls
from engine.failure import Failure, Reason
from engine.portal import Portal
from engine.portal.browser import Browser
from engine.portal.protocols import Session
from engine.portal_address import MAX_ADDRESSES, check_address, host_of, origin_of
from engine.snapshot import Snapshot
from engine.store.clinics import add_clinic, check_can_sign_in, find_clinic, get_credentials, set_credentials
from engine.store.clinics.learnt_spans import learnt_span, remember_span
from engine.store.clinics.rotating import rotate_credentials
from engine.store.database import Database
from engine.store.vault import Sealed, Vault, WrongKey, new_ring
from ops.cli.credentials import set_ as store_credentials
from ops.doctor.portals import portals as examine_portals
from ops.sandbox.client import Sandbox, SandboxClinic, SandboxProcess
from tests.portal.conftest import TODAY, now

pytestmark = pytest.mark.anyio

DOWN = Reason.PORTAL_UNAVAILABLE


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://EU.Portal.Test/", "https://eu.portal.test"),
        ("https://eu.portal.test:443/neo/", "https://eu.portal.test/neo"),
        ("https://eu.portal.test:8443", "https://eu.portal.test:8443"),
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700"),
        ("http://[::1]:8700/", "http://[::1]:8700"),
        ("http://eu.portal.test", None),
        ("http://127.0.0.1.portal.test", None),
        ("https://ada:secret@portal.test", None),
        ("https://portal.test/a/../b", None),
        ("https://portal.test/?x=1", None),
        ("https://portal.test\\@evil.test", None),
        ("https://port%61l.test", None),
        ("portal.test", None),
        ("https://[::1", None),
        ("https://portal.test:99999", None),
        ("ftp://portal.test", None),
        (f"https://portal.test/{'a' * 200}", None),
    ],
)
def test_an_address_has_one_spelling_and_is_https_except_on_loopback(address: str, kept: str | None) -> None:
    if kept is not None:
        assert (check_address(address), check_address(kept)) == (kept, kept)
        return
    with pytest.raises(BadRequest, match="address: ") as refused:
        check_address(address)
    assert "secret" not in refused.value.message


@pytest.fixture(scope="module")
def eu_process() -> Iterator[SandboxProcess]:
    with SandboxProcess(seed=8, today=TODAY) as process:
        yield process


@dataclass
class Portals:
    """The portals of both regions: `us` is the default; `oak` has `eu` for its own."""

    settings: Settings
    client: Nats
    database: Database
    vault: Vault
    browser: Browser
    us: Sandbox
    eu: Sandbox
    elm: Clinic
    oak: Clinic
    elm_account: SandboxClinic
    oak_account: SandboxClinic
    #: All portals made, to be closed at the end.
    portals: list[Portal] = field(default_factory=list)

    def sources(self, default: str | None = None) -> CalendarSources:
        """The portals of a worker, perhaps with another default."""
        settings = self.settings.model_copy(update={"idexx_base_url": default or self.settings.idexx_base_url})

        def make(address: str | None) -> CalendarSource:
            sessions = self.sessions()
            portal = make_portal(settings, self.client, sessions, Metrics(), address=address, browser=self.browser)
            assert isinstance(portal, Portal)
            self.portals.append(portal)
            return portal

        return CalendarSources(make)

    def sessions(self) -> SharedSessions:
        return shared_sessions(self.settings, self.client, self.database, self.vault, "worker")

    async def credentials(self, clinic: Clinic, default: str | None = None) -> Credentials:
        async with self.database.connection() as connection:
            return await get_credentials(connection, self.vault, clinic, default)

    async def execute(self, statement: str, *values: Any) -> None:
        async with self.database.connection() as connection:
            await connection.execute(statement, *values)

    async def scrape(
        self, sources: CalendarSources, clinic: Clinic, credentials: Credentials
    ) -> Snapshot | Failure:
        found = await sources.scrape(
            clinic,
            credentials,
            DateRange(TODAY, TODAY),
            clock=now,
            stored={},
            is_open=lambda _: True,
            repeating=(),
            is_first=False,
            extra_calls=ExtraCalls(10),
            evidence=None,
        )
        return found[TODAY]

    async def called(self) -> tuple[set[str], set[str]]:
        """The kinds of calls that each portal got."""
        us, eu = await self.us.request_log(), await self.eu.request_log()
        return {call.kind for call in us}, {call.kind for call in eu}


@pytest.fixture
async def both(
    nats_url: str,
    database_url: str,
    pool: asyncpg.Pool,
    namespace: str,
    sandbox: Sandbox,
    eu_process: SandboxProcess,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Portals]:
    await eu_process.reset()
    ring = new_ring()
    environment = {
        "NATS_URL": nats_url,
        "DATABASE_URL": database_url,
        "SUBJECT_PREFIX": namespace,
        "ENCRYPTION_KEY": ring,
        "IDEXX_BASE_URL": sandbox.url,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    load.cache_clear()
    client, database = await nats.connect(nats_url), Database(database_url)
    elm_account, oak_account = (await sandbox.clinics())[0], (await eu_process.clinics())[1]
    async with pool.acquire() as connection:
        elm, oak = [
            await add_clinic(connection, slug, slug, account.timezone, account.country)
            for slug, account in (("elm", elm_account), ("oak", oak_account))
        ]
    vault = Vault.from_ring(ring)
    both = Portals(
        load(), client, database, vault, browser, sandbox, eu_process, elm, oak, elm_account, oak_account
    )
    yield both
    for portal in both.portals:
        await portal._client.close()  # The browser stays open: all tests share it.
    await database.close()
    await client.close()
    load.cache_clear()


async def test_each_clinic_is_read_from_its_portal_with_limits_and_sessions_of_its_own(
    both: Portals, monkeypatch: pytest.MonkeyPatch
) -> None:
    for clinic, account, address in (("elm", both.elm_account, None), ("oak", both.oak_account, both.eu.url)):
        monkeypatch.setenv("IDEXX_PASSWORD", account.password)
        await asyncio.to_thread(
            store_credentials,
            clinic,
            username=account.username,
            company_id=account.company_id,
            address=address,
            json=True,
        )
    elm, oak = [await both.credentials(clinic, both.us.url) for clinic in (both.elm, both.oak)]
    assert (elm.address, elm.origin) == (None, both.us.url)
    assert (oak.address, oak.origin) == (both.eu.url, both.eu.url)

    sources = both.sources()
    assert isinstance(await both.scrape(sources, both.oak, oak), Snapshot)
    us_calls, eu_calls = await both.called()
    assert (us_calls, eu_calls >= {"login", "calendar"}) == (set(), True)
    await both.eu.clear_request_log()
    assert isinstance(await both.scrape(sources, both.elm, elm), Snapshot)
    assert (await both.called())[1] == set()

    # One portal fails, and throttles: the other one's calls go on.
    for slug in ("ash", "yew", "fir"):
        failing = portal_breaker(both.settings, both.client, both.eu.url)
        await failing.record(slug, dict.fromkeys(map(str, range(14)), DOWN))
    await portal_bucket(both.settings, both.client, both.eu.url).throttled(60)
    refused = await both.scrape(sources, both.oak, oak)
    assert isinstance(refused, Failure)
    assert f"all calls to {host_of(both.eu.url)} are paused" in refused.message
    assert (refused.was_asked, (await both.called())[1]) == (False, set())
    assert isinstance(await both.scrape(sources, both.elm, elm), Snapshot)
    default, own = await PortalLimits(both.settings, both.client).read([both.eu.url, both.us.url])
    assert (default.portal, default.breaker, default.paused_for) == (host_of(both.us.url), "closed", 0.0)
    assert (own.portal, own.breaker, own.paused_for > 0) == (host_of(both.eu.url), "open", True)

    # Processes of the version before find the default portal's limits, credentials and sessions as they were.
    assert portal_key(both.settings) == host_of(both.us.url).replace(":", "_")
    assert portal_key(both.settings, both.us.url) == portal_key(both.settings)
    rows = {row["clinic_id"]: row for row in await secrets_of(both)}
    text = both.vault.open(both.elm.id, "credentials", sealed(rows[both.elm.id]))
    assert json.loads(text).keys() == {"username", "password", "company_id", "version"}
    with pytest.raises(WrongKey):
        both.vault.open(both.oak.id, "credentials", sealed(rows[both.oak.id]))

    async with both.database.connection() as connection:
        found = await examine_portals(connection, both.settings)
    assert [one.grade for one in found] == ["pass", "pass"], found


async def test_a_password_and_a_session_are_sent_only_where_they_were_stored_for(both: Portals) -> None:
    us, eu = both.us.url, both.eu.url
    account = both.elm_account
    plain = Credentials(account.username, account.password, account.company_id, origin=origin_of(us))
    async with both.database.connection() as connection:
        await set_credentials(connection, both.vault, both.elm.id, plain)
        await set_credentials(connection, both.vault, both.oak.id, Credentials("desk", "oak's", "1", address=eu))
        assert (await find_clinic(connection, "oak")).portal == eu
        ring, both.vault = both.vault, Vault.from_ring(f"{new_ring()},{os.environ['ENCRYPTION_KEY']}")
        assert not (await rotate_credentials(connection, both.vault)).closed
        with pytest.raises(WrongKey, match="which ENCRYPTION_KEY lacks"):
            await get_credentials(connection, ring, both.oak)

    # The default portal changes: no password and no session goes there, although the host and its cookies are the same.
    here = sessions_of_default(both, us)
    await here.put("elm", Session("first", [{"name": "neo_session", "value": "x", "url": us}]))
    assert await here.get("elm") is not None
    assert await sessions_of_default(both, eu).get("elm") is None
    elm = await both.credentials(both.elm)
    failure = await both.scrape(both.sources(eu), both.elm, elm)
    assert isinstance(failure, Failure)
    assert failure.reason is Reason.NO_CREDENTIALS
    for words in (f"stored for {us}", f"now {eu}", "an operator has to set them again"):
        assert words in failure.message
    failed_test = await both.sources(eu).check_credentials(both.elm, elm)
    assert failed_test is not None
    assert failed_test.reason is Reason.NO_CREDENTIALS
    async with both.database.connection() as connection:
        for refuse in (
            get_credentials(connection, both.vault, both.elm, eu),
            check_can_sign_in(connection, both.elm, eu),
        ):
            with pytest.raises(NoCredentials, match=f"stored for {us}, but its portal is now {eu}"):
                await refuse
        await check_can_sign_in(connection, both.elm)
        moved = both.settings.model_copy(update={"idexx_base_url": eu})
        assert (await examine_portals(connection, moved))[0].grade == "fail"

    # A writer to the database names another address: the password opens for none but its own.
    for stolen, refusal in (
        ({"address": us}, NoCredentials),
        ({"address": us, "origin": us}, WrongKey),
        ({"address": None, "origin": None}, WrongKey),
    ):
        columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(stolen, 2))
        await both.execute(
            f"update idexx_sync.sealed_credentials set {columns} where clinic_id = $1",
            both.oak.id,
            *stolen.values(),
        )
        with pytest.raises(refusal):
            await both.credentials(both.oak)
    await both.execute(
        "update idexx_sync.sealed_credentials set address = $2, origin = $2 where clinic_id = $1", both.elm.id, eu
    )
    with pytest.raises(NoCredentials, match="were not stored for its portal"):
        await both.credentials(both.elm)
    us_calls, eu_calls = await both.called()
    assert not (us_calls | eu_calls) & {"login", "calendar", "config"}, (
        "only the doctor has called, without secrets"
    )


async def test_another_address_ends_the_session_and_what_was_learnt_and_there_are_not_too_many(
    both: Portals,
) -> None:
    async with both.database.connection() as connection:
        for address, ends in (("https://eu.portal.test", True), ("https://eu.portal.test", False), (None, True)):
            await sessions_of_default(both, both.us.url).put("elm", Session("first", []))
            await remember_span(connection, both.elm.id, 3)
            given = Credentials("desk", "secret", address=address)
            await set_credentials(connection, both.vault, both.elm.id, given)
            left = await connection.fetchval("select count(*) from idexx_sync.idexx_sessions")
            is_first = address is not None and ends
            assert (left == 0, await learnt_span(connection, both.elm.id) is None) == (
                (False, False) if is_first else (ends, ends)
            )
        await connection.execute(
            "insert into public.schedule_syncs (clinic_id, sync_start_date, sync_end_date, status, deadline_at)"
            " values ($1, $2, $2, 'in_progress', now())",
            both.elm.id,
            TODAY,
        )
        await set_credentials(connection, both.vault, both.elm.id, Credentials("desk", "the new one"))
        with pytest.raises(WrongState, match="would mix two calendars"):
            await set_credentials(connection, both.vault, both.elm.id, Credentials("u", "p", address=both.eu.url))
        for number in range(MAX_ADDRESSES):
            clinic = await add_clinic(connection, f"c{number}", f"C{number}", "America/Denver")
            given = Credentials("desk", "secret", address=f"https://{number}.portal.test")
            await set_credentials(connection, both.vault, clinic.id, given)
        with pytest.raises(BadRequest, match=f"{MAX_ADDRESSES} portals of their own, which is the limit"):
            await set_credentials(connection, both.vault, both.oak.id, Credentials("u", "p", address=both.eu.url))
        with pytest.raises(NoCredentials):
            await get_credentials(connection, both.vault, both.oak)


def sessions_of_default(both: Portals, address: str) -> SharedSessions:
    """The sessions of the default portal, if it is at this address."""
    return replace(both.sessions(), origin=origin_of(address))


async def secrets_of(both: Portals) -> list[Any]:
    async with both.database.connection() as connection:
        return list(await connection.fetch("select clinic_id, key_id, sealed from idexx_sync.sealed_credentials"))


def sealed(row: Any) -> Sealed:
    return Sealed(row["key_id"], row["sealed"])
