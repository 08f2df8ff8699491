"""A clinic that cannot sign in: the mark, the message, and that marking blocks no other transaction."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.errors import LoginRejected, NoCredentials
from engine.failure import Reason
from engine.steps.scrape import ScrapeContext, ScrapeResult, scrape_dates
from engine.store.attention import clinics_left
from engine.store.clinics import check_can_sign_in, get_credentials, mark_login_failure, set_credentials
from engine.store.database import Database
from engine.store.syncs.admission import lock_clinic_row
from engine.store.syncs.dates import dates_of
from engine.store.syncs.lifecycle import lock_sync
from engine.store.vault import Vault, WrongKey, new_ring
from engine.sync import DateStatus
from tests.store.test_sync_machine import ModelPortal, hold
from tests.store.test_syncs import LIMITS, TODAY, ask, event_names, step, stored
from tests.store.waits import until_one_waits

pytestmark = pytest.mark.anyio


@pytest.fixture
async def vault(database: Database, clinic: Clinic) -> Vault:
    """It has sealed the clinic's credentials."""
    vault = Vault.from_ring(new_ring())
    async with database.connection() as connection:
        await set_credentials(connection, vault, clinic.id, Credentials("desk", "secret"))
    return vault


async def scrape(database: Database, clinic: Clinic, vault: Vault, look: str) -> ScrapeResult:
    sync_id = (await ask(database, clinic)).sync_id
    await step(database, sync_id)
    return await scrape_dates(harness(database, vault, look), sync_id, TODAY)


def harness(database: Database, vault: Vault, look: str) -> ScrapeContext:
    portal = ModelPortal()
    portal.look = look
    evidence = lambda _: None  # noqa: E731
    return ScrapeContext(database, portal, vault, "w", LIMITS, hold, random.Random(1).random, evidence)  # type: ignore[arg-type]


async def check(database: Database, clinic: Clinic) -> None:
    async with database.connection() as connection:
        await check_can_sign_in(connection, clinic)


async def test_a_refusal_by_the_portal_keeps_the_next_sync_out(
    database: Database, clinic: Clinic, vault: Vault
) -> None:
    await scrape(database, clinic, vault, "rejected")
    with pytest.raises(LoginRejected, match="login_rejected"):
        await check(database, clinic)


async def test_a_worker_that_lacks_the_key_takes_no_date_and_says_which_keys_there_are(
    database: Database, clinic: Clinic, vault: Vault
) -> None:
    sync_id = (await ask(database, clinic)).sync_id
    await step(database, sync_id)
    other = Vault.from_ring(new_ring())
    for _ in range(2):
        done = await scrape_dates(harness(database, other, "seen"), sync_id, TODAY)
        assert done.retry_later, "a worker with the right key may take it"
    async with database.connection() as connection:
        left = (await dates_of(connection, sync_id))[0]
    assert (left.status, left.attempts, left.reason) == (DateStatus.PENDING, 0, Reason.WRONG_ENCRYPTION_KEY)
    assert vault.primary in str(left.message)
    assert other.primary in str(left.message)
    assert "credentials set" not in str(left.message), "that would shut out the workers with the right key"
    assert (await event_names(database, sync_id)).count("date_retrying") == 1
    await check(database, clinic)
    assert list((await scrape_dates(harness(database, vault, "seen"), sync_id, TODAY)).reconcile) == [TODAY]
    assert not (await scrape_dates(harness(database, other, "seen"), sync_id, TODAY)).retry_later, "it is done"


async def test_a_worker_with_another_default_portal_leaves_the_dates_and_names_the_setting(
    database: Database, clinic: Clinic
) -> None:
    vault = Vault.from_ring(new_ring())
    async with database.connection() as connection:
        of_portal = Credentials("desk", "secret", origin="https://eu.idexxneo.com")
        await set_credentials(connection, vault, clinic.id, of_portal)
    sync_id = (await ask(database, clinic)).sync_id
    await step(database, sync_id)
    elsewhere = replace(harness(database, vault, "seen"), default_portal="https://us.idexxneo.com")
    done = await scrape_dates(elsewhere, sync_id, TODAY)
    assert done.retry_later, "a worker with the right portal may take it"
    async with database.connection() as connection:
        left = (await dates_of(connection, sync_id))[0]
        waiting = await clinics_left(connection)
    assert (left.status, left.attempts, left.reason) == (DateStatus.PENDING, 0, Reason.WRONG_PORTAL)
    assert "IDEXX_BASE_URL of the gateways" in str(left.message)
    assert "credentials set" not in str(left.message), "that would send the password to the wrong portal"
    assert waiting[Reason.WRONG_PORTAL] == {clinic.slug}
    here = replace(elsewhere, default_portal="https://eu.idexxneo.com")
    assert list((await scrape_dates(here, sync_id, TODAY)).reconcile) == [TODAY]


async def test_a_sync_that_no_worker_could_read_names_the_wrong_key(
    database: Database, clinic: Clinic, vault: Vault, pool: Any
) -> None:
    sync_id = (await ask(database, clinic, days=1)).sync_id
    await step(database, sync_id)
    await scrape_dates(harness(database, Vault.from_ring(new_ring()), "seen"), sync_id, TODAY)
    await pool.execute("update schedule_syncs set deadline_at = now()")
    await step(database, sync_id)
    assert [error["reason"] for error in (await stored(database, sync_id)).error_details] == [
        "wrong_encryption_key"
    ]


def test_key_rings_distinguish_keys_with_the_same_id() -> None:
    assert Vault.from_ring(new_ring()).primary != Vault.from_ring(new_ring()).primary
    here, there = (Vault.from_ring("k1:" + new_ring().partition(":")[2]) for _ in range(2))
    with pytest.raises(WrongKey, match="another key 'k1'") as raised:
        there.open(UUID(int=1), "x", here.seal(UUID(int=1), "x", b""))
    assert there.ids in str(raised.value)
    assert there.ids != here.ids


@pytest.mark.parametrize(
    ("reason", "words"),
    [(Reason.SECOND_FACTOR, "without a second factor"), (Reason.ACCOUNT_LOCKED, "unlocked")],
)
async def test_a_refusal_that_other_credentials_do_not_mend_has_its_own_remedy(
    database: Database, clinic: Clinic, vault: Vault, reason: Reason, words: str
) -> None:
    async with database.connection() as connection:
        stored = await get_credentials(connection, vault, clinic)
        await mark_login_failure(connection, clinic.id, stored, reason)
    with pytest.raises(LoginRejected, match=words) as raised:
        await check(database, clinic)
    assert "credentials set" not in str(raised.value)


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
    await scrape_dates(replace(harness(database, vault, "rejected"), portal=portal), sync_id, TODAY)
    await check(database, clinic)


async def test_it_is_said_which_of_the_two_is_missing(database: Database, clinic: Clinic) -> None:
    with pytest.raises(NoCredentials, match="has no credentials; an operator has to set them") as missing:
        await check(database, clinic)
    assert missing.value.hint == "idexx-sync credentials set elm-street"
    async with database.connection() as connection:
        vault = Vault.from_ring(new_ring())
        await set_credentials(connection, vault, clinic.id, Credentials("desk", "secret"))
        stored = await get_credentials(connection, vault, clinic)
        await mark_login_failure(connection, clinic.id, stored, Reason.NO_COMPANY_ID)
    with pytest.raises(LoginRejected, match="store them again with the company id") as incomplete:
        await check(database, clinic)
    assert incomplete.value.hint == "idexx-sync credentials set elm-street --company-id ID"


async def test_a_refusal_is_marked_while_another_transaction_locks_the_clinic(
    database: Database, clinic: Clinic, vault: Vault
) -> None:
    """The one with the clinic may be a Coordinator, or a person who cancels."""
    sync_id = (await ask(database, clinic)).sync_id
    await step(database, sync_id)
    async with database.transaction() as connection:
        await lock_clinic_row(connection, clinic.id)
        scraping = asyncio.create_task(scrape_dates(harness(database, vault, "rejected"), sync_id, TODAY))
        await until_one_waits(connection)
        await lock_sync(connection, sync_id)
    assert (await scraping).coordinate
    with pytest.raises(LoginRejected):
        await check(database, clinic)
