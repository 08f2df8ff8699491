"""Fixtures: one sandbox and one real browser per run; a new portal and a reset sandbox for each test."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from engine.appointment import REFERENCES
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.failure import Failure
from engine.portal import Portal, PortalSettings, TimeLimits
from engine.portal.browser import Browser
from engine.portal.protocols import Session
from engine.snapshot import Snapshot
from ops.sandbox.client import LoggedRequest, Sandbox, SandboxClinic, SandboxProcess
from tests.conftest import until
from tests.portal.doubles import CountingBudget, MemoryEvidence, MemorySessions, SwitchBreaker

#: A Thursday, followed by working days and a weekend.
TODAY = date(2026, 1, 22)

KEY = "neo_appointment_id"

#: Short, but long enough that a busy machine does not exceed them unless something hangs.
LIMITS = TimeLimits(page=6.0, sign_in=15.0, call=4.0, date=40.0, empty_day_pause=0.05, move_settles=0.1)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    with SandboxProcess(seed=7, today=TODAY) as process:
        yield process


@pytest.fixture
async def sandbox(sandbox_process: SandboxProcess) -> Sandbox:
    await sandbox_process.reset()
    return sandbox_process


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    browser = Browser(PortalSettings(times=LIMITS))
    yield browser
    await browser.close()


@dataclass
class Stage:
    """A portal with its dependencies, connected to the sandbox, for one clinic."""

    sandbox: Sandbox
    account: SandboxClinic
    settings: PortalSettings
    browser: Browser
    store: MemorySessions = field(default_factory=MemorySessions)
    budget: CountingBudget = field(default_factory=CountingBudget)
    breaker: SwitchBreaker = field(default_factory=SwitchBreaker)
    evidence: MemoryEvidence = field(default_factory=MemoryEvidence)
    #: All portals made, to be closed at the end.
    portals: list[Portal] = field(default_factory=list)

    def __post_init__(self) -> None:
        account = self.account
        self.clinic = Clinic(uuid4(), account.slug, account.name, account.timezone, account.country)
        self.credentials = Credentials(account.username, account.password, account.company_id, "v1")

    @property
    def portal(self) -> Portal:
        self.portals.append(
            portal := Portal(
                self.settings,
                sessions=self.store,
                budget=self.budget,
                breaker=self.breaker,
                browser=self.browser,
            )
        )
        return portal

    def having(self, **settings: Any) -> Stage:
        """Returns the same stage with other settings."""
        return replace(self, settings=replace(self.settings, **settings))

    async def scrape(
        self, start: date = TODAY, end: date | None = None, **options: Any
    ) -> list[Snapshot | Failure]:
        dates = DateRange(start, end or start)
        found = await self.portal.scrape(
            self.clinic, self.credentials, dates, clock=now, evidence=self.evidence, **options
        )
        assert list(found) == list(dates)
        return list(found.values())

    async def scrape_one(self, day: date = TODAY, **options: Any) -> Snapshot | Failure:
        return (await self.scrape(day, **options))[0]

    async def calls(self, *kinds: str) -> list[LoggedRequest]:
        return [call for call in await self.sandbox.request_log() if not kinds or call.kind in kinds]

    async def true_counts(self, start: date, end: date) -> Counter[date]:
        """Returns the number of appointments and blocks of each day that has any."""
        truth = await self.sandbox.truth(self.account.company_id, start, end)
        return Counter(date.fromisoformat(record["date"]) for record in truth)

    async def assert_true(self, snapshot: Snapshot | Failure) -> None:
        """Asserts that the snapshot equals the sandbox's data, field by field."""
        assert isinstance(snapshot, Snapshot), snapshot
        truth = await self.sandbox.truth(self.account.company_id, snapshot.date, snapshot.date)
        seen = [appointment.to_json() for appointment in snapshot.appointments]
        for record in seen:
            del record["client_phone_raw"]
        references_by_id = by_id(
            [{name: record.pop(name) for name in REFERENCES} | {KEY: record[KEY]} for record in seen]
        )
        assert by_id(seen) == by_id(truth)
        await self._assert_references(references_by_id, snapshot.date)

    async def _assert_references(self, references_by_id: dict[str, dict[str, Any]], day: date) -> None:
        """Asserts the references that the field variant contains; the one of 2026 contains all."""
        true = by_id(await self.sandbox.references(self.account.company_id, day, day))
        for key, references in references_by_id.items():
            assert {name: value for name, value in references.items() if value is not None}.items() <= true[
                key
            ].items()


def by_id(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {record["neo_appointment_id"]: record for record in records}


def now() -> datetime:
    return datetime.now(UTC)


async def is_unused(browser: Browser) -> bool:
    return browser.chromium is None or browser.chromium.in_use == 0


@pytest.fixture
async def strangers(sandbox: Sandbox, browser: Browser) -> AsyncIterator[list[Stage]]:
    """Yields a stage for each clinic of the sandbox, none of them signed in."""
    settings = PortalSettings(base_url=sandbox.url, times=LIMITS)
    portals: list[Portal] = []
    yield [Stage(sandbox, account, settings, browser, portals=portals) for account in await sandbox.clinics()]
    for portal in portals:
        await portal._client.close()  # The browser stays open: all tests share it.
    # A context that is still closing could make calls that the next test finds in the sandbox's log.
    await until(lambda: is_unused(browser))


@pytest.fixture
async def stranger(strangers: list[Stage]) -> Stage:
    return strangers[0]


@pytest.fixture
async def stage(stranger: Stage) -> Stage:
    """Returns a stage with a stored session, so that a test of calls need not sign in first."""
    account = stranger.account
    # Without verification, because loading certificates takes longer than everything else.
    async with httpx.AsyncClient(base_url=stranger.sandbox.url, verify=False) as client:  # noqa: S501
        await client.get("/login")
        form = {"companyId": account.company_id, "username": account.username, "password": account.password}
        await client.post("/login", data=form | {"_csrf": client.cookies["csrf_token"]})
        cookie = {"name": "neo_session", "value": client.cookies["neo_session"], "url": stranger.sandbox.url}
    await stranger.store.put(account.slug, Session("first", [cookie]))
    await stranger.sandbox.clear_request_log()
    return stranger
