"""The seam between the engine and a portal: both sides of it, with the portal there is and with that of the docs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from engine.calendar_source import CalendarSource
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.failure import Failure, Reason
from engine.removals import RemovalLimit
from engine.steps.coordinate import coordinate
from engine.steps.reconcile import reconcile_date
from engine.steps.scrape import ScrapeContext, scrape_dates
from engine.store.clinics import add_clinic, set_credentials
from engine.store.database import Database
from engine.store.syncs.admission import admit
from engine.store.syncs.claims import Claim
from engine.store.syncs.reading import get_sync
from engine.store.vault import Vault, new_ring
from engine.sync import Limits, SyncRequest, SyncStatus
from tests.portal.conftest import TODAY, Stage
from tests.portal.contract import keeps_the_promises, look

pytestmark = pytest.mark.anyio

PAGE = Path(__file__).parent.parent.parent / "docs/another-portal.md"
DATES = DateRange(TODAY, TODAY + timedelta(days=2))
CREDENTIALS = Credentials("user", "open sesame")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text(CREDENTIALS.password)
    for number, day in enumerate(DATES):
        line = f"{number},{day}T16:45:00,{day}T17:15:00,Rex,confirmed\n"
        (tmp_path / f"{day}.csv").write_text(line + "end\n")
    return tmp_path


@pytest.fixture
def portal(files: Path) -> CalendarSource:
    """The one of the page, made from the page."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, type] = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102
    made: CalendarSource = names["FilePortal"](files)
    return made


async def test_the_portal_there_is_keeps_the_promises(stranger: Stage) -> None:
    wrong = replace(stranger.credentials, password="not the password")
    await keeps_the_promises(stranger.portal, stranger.clinic, stranger.credentials, wrong, DATES)


async def test_the_portal_of_the_page_keeps_the_promises(portal: CalendarSource) -> None:
    clinic = Clinic(uuid4(), "elm-street", "Elm Street", "America/Chicago")
    await keeps_the_promises(portal, clinic, CREDENTIALS, replace(CREDENTIALS, password="guessed"), DATES)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1,2026-01-22T09:00:00,2026-01-22T09:30:00,Rex,confirmed\n", Reason.BAD_ANSWER),
        ("", Reason.BAD_ANSWER),
        ("1,soon,later,Rex,confirmed\nend\n", Reason.PORTAL_CHANGED),
        ("1,2026-01-22T09:00:00\nend\n", Reason.PORTAL_CHANGED),
        ("1,2026-01-29T09:00:00,2026-01-29T09:30:00,Rex,confirmed\nend\n", Reason.PORTAL_CHANGED),
        (None, Reason.PORTAL_UNAVAILABLE),
    ],
)
async def test_what_is_not_complete_is_a_failure(
    portal: CalendarSource, files: Path, text: str | None, reason: Reason
) -> None:
    path = files / f"{TODAY}.csv"
    path.unlink() if text is None else path.write_text(text)
    clinic = Clinic(uuid4(), "elm-street", "Elm Street", "America/Chicago")
    [seen] = (await look(portal, clinic, CREDENTIALS, DateRange(TODAY, TODAY))).values()
    assert isinstance(seen, Failure)
    assert seen.reason is reason


@asynccontextmanager
async def hold(claims: Sequence[Claim]) -> AsyncIterator[None]:
    yield


@pytest.mark.parametrize("span_days", [1, 3])
async def test_the_engine_syncs_a_clinic_with_it(
    portal: CalendarSource, files: Path, database_url: str, span_days: int
) -> None:
    database, vault = Database(database_url), Vault.from_ring(new_ring())
    try:
        async with database.transaction() as connection:
            clinic = await add_clinic(connection, "elm-street", "Elm Street", "America/Chicago")
            await set_credentials(connection, vault, clinic.id, CREDENTIALS)
        limits = Limits(span_days=span_days)
        harness = ScrapeContext(database, portal, vault, "worker", limits, hold, lambda: 0.5, lambda _: None)  # type: ignore[arg-type,return-value]
        assert await run(harness, clinic) == (SyncStatus.COMPLETED, 3)
        async with database.connection() as connection:
            assert await connection.fetchval("select count(*) from clinic_schedule_config") == 1
        gone = next(iter(DATES))
        (files / f"{gone}.csv").write_text("end\n")
        assert await run(harness, clinic) == (SyncStatus.COMPLETED, 2)
        (files / "password").write_text("another")
        assert await run(harness, clinic) == (SyncStatus.FAILED, 2)
    finally:
        await database.close()


async def run(harness: ScrapeContext, clinic: Clinic) -> tuple[SyncStatus, int]:
    """Runs a whole sync, passing on its messages; returns its outcome and what is stored then."""
    database, limits, removal_limit = (
        harness.database,
        replace(harness.limits, calls_in_flight=9),
        RemovalLimit(20, 100.0),
    )
    async with database.transaction() as connection:
        admission = await admit(connection, SyncRequest(clinic.id, DATES), list(DATES), limits)
    sync_id = admission.sync_id
    while True:
        step = await coordinate(database, sync_id, limits, removal_limit)
        for span in step.dispatch:
            done = await scrape_dates(harness, sync_id, span.first_date, span.days)
            for seen in done.reconcile:
                await reconcile_date(database, sync_id, seen)
        async with database.connection() as connection:
            sync = await get_sync(connection, sync_id)
            if sync.status.is_final:
                stored = "select count(*) from schedule_appointments where deleted_at is null"
                return sync.status, int(await connection.fetchval(stored))
        if not step.dispatch:
            await asyncio.sleep(step.look_again_after or 0.0)  # a second look waits until a move has settled
