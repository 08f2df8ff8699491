"""A clinic that cannot sign in: what is marked, what is said, and that marking stands in nobody's way."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import pytest

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.errors import LoginRejected, NoCredentials
from engine.failure import Reason
from engine.scrape import Desk, Done, scrape_dates
from engine.store.clinics import check_can_sign_in, get_credentials, mark_login_failure, set_credentials
from engine.store.database import Database
from engine.store.syncs.admission import lock_clinic_row
from engine.store.syncs.dates import dates_of
from engine.store.syncs.lifecycle import lock_sync
from engine.store.vault import Vault, new_ring
from tests.store.test_sync_machine import ModelPortal, hold
from tests.store.test_syncs import LIMITS, TODAY, ask, step
from tests.store.waits import until_somebody_waits

pytestmark = pytest.mark.anyio


@pytest.fixture
async def vault(database: Database, clinic: Clinic) -> Vault:
    """It has sealed the clinic's credentials."""
    vault = Vault.from_ring(new_ring())
    async with database.connection() as connection:
        await set_credentials(connection, vault, clinic.id, Credentials("desk", "secret"))
    return vault


async def scrape(database: Database, clinic: Clinic, vault: Vault, look: str) -> Done:
    sync_id = (await ask(database, clinic)).sync_id
    await step(database, sync_id)
    return await scrape_dates(desk(database, vault, look), sync_id, TODAY)


def desk(database: Database, vault: Vault, look: str) -> Desk:
    portal = ModelPortal()
    portal.look = look
    evidence = lambda _: None  # noqa: E731
    return Desk(database, portal, vault, "w", LIMITS, hold, random.Random(1).random, evidence)  # type: ignore[arg-type]


async def check(database: Database, clinic: Clinic) -> None:
    async with database.connection() as connection:
        await check_can_sign_in(connection, clinic)


async def test_a_refusal_by_the_portal_keeps_the_next_sync_out(
    database: Database, clinic: Clinic, vault: Vault
) -> None:
    await scrape(database, clinic, vault, "rejected")
    with pytest.raises(LoginRejected, match="login_rejected"):
        await check(database, clinic)


async def test_a_worker_that_lacks_the_key_shuts_the_clinic_out_of_nothing(
    database: Database, clinic: Clinic, vault: Vault
) -> None:
    sync_id = (await ask(database, clinic)).sync_id
    await step(database, sync_id)
    await scrape_dates(desk(database, Vault.from_ring("other" + new_ring()), "seen"), sync_id, TODAY)
    async with database.connection() as connection:
        failed = (await dates_of(connection, sync_id))[0]
    assert failed.reason == Reason.NO_CREDENTIALS
    assert "which ENCRYPTION_KEY lacks" in str(failed.message)
    await check(database, clinic)


async def test_credentials_that_were_set_while_the_old_ones_were_refused_may_be_tried(
    database: Database, clinic: Clinic, vault: Vault
) -> None:
    class Meanwhile(ModelPortal):
        async def scrape(self, *arguments: Any, **options: Any) -> Any:
            async with database.connection() as connection:
                await set_credentials(connection, vault, clinic.id, Credentials("desk", "the right one"))
            return await super().scrape(*arguments, **options)

    portal = Meanwhile()
    portal.look = "rejected"
    sync_id = (await ask(database, clinic)).sync_id
    await step(database, sync_id)
    await scrape_dates(replace(desk(database, vault, "rejected"), portal=portal), sync_id, TODAY)
    await check(database, clinic)


async def test_it_is_said_which_of_the_two_is_missing(database: Database, clinic: Clinic) -> None:
    with pytest.raises(NoCredentials, match=r"has no credentials; .*credentials set elm-street`"):
        await check(database, clinic)
    async with database.connection() as connection:
        vault = Vault.from_ring(new_ring())
        await set_credentials(connection, vault, clinic.id, Credentials("desk", "secret"))
        stored = await get_credentials(connection, vault, clinic)
        await mark_login_failure(connection, clinic.id, stored, Reason.NO_COMPANY_ID)
    with pytest.raises(LoginRejected, match=r"company id, .*credentials set elm-street --company-id ID`"):
        await check(database, clinic)


async def test_a_refusal_is_marked_while_somebody_else_has_the_clinic_and_wants_the_sync(
    database: Database, clinic: Clinic, vault: Vault
) -> None:
    """The one with the clinic may be a Coordinator, or a person who cancels."""
    sync_id = (await ask(database, clinic)).sync_id
    await step(database, sync_id)
    async with database.transaction() as connection:
        await lock_clinic_row(connection, clinic.id)
        scraping = asyncio.create_task(scrape_dates(desk(database, vault, "rejected"), sync_id, TODAY))
        await until_somebody_waits(connection)
        await lock_sync(connection, sync_id)
    assert (await scraping).coordinate
    with pytest.raises(LoginRejected):
        await check(database, clinic)
