"""The DateScraper's step for look-ups: asks the portal for a sync's missing appointments by their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.errors import NoCredentials, WrongPortal
from engine.lookups import Lookups
from engine.steps.scrape_task import ScrapeContext, running_sync
from engine.store.clinics import find_clinic, get_credentials
from engine.store.database import Connection
from engine.store.reconciling.lookups import (
    add_extra_calls,
    known_id,
    lookups_of,
    note_lacks_lookup,
    record_lookups,
)
from engine.store.syncs.lifecycle import add_warning
from engine.store.vault import WrongKey
from engine.warnings import SyncWarning, WarningCode

#: Said once, in the sync that notices it.
NO_SUCH_CALL = SyncWarning(
    WarningCode.REMOVALS_NOT_CHECKED,
    "the portal does not show single appointments (getAppointment): removals rely on two looks at the calendar",
    0,
)


@dataclass(frozen=True, slots=True)
class _Task:
    clinic: Clinic
    credentials: Credentials
    ids: Sequence[str]
    known: str | None


@dataclass(frozen=True, slots=True)
class LookedUp:
    """`retry_later`: this worker has another key ring or default portal; another worker may have the right ones."""

    retry_later: bool = False


async def look_up_appointments(context: ScrapeContext, sync_id: UUID) -> LookedUp:
    """Asks for the sync's open look-ups and stores the answers; the Coordinator is to be notified.

    The end of the sync interrupts the calls. Raises `Unavailable` if the database is unreachable.
    """
    try:
        async with context.database.transaction() as connection:
            task = await _task(connection, context, sync_id)
    except (WrongKey, WrongPortal):
        return LookedUp(retry_later=True)
    if task is None:
        return LookedUp()
    found = None
    async with context.watch(sync_id):
        found = await context.portal.look_up(task.clinic, task.credentials, task.ids, known=task.known)
    return LookedUp() if found is None else await _keep(context, sync_id, task, found)


async def _keep(context: ScrapeContext, sync_id: UUID, task: _Task, found: Lookups) -> LookedUp:
    async with context.database.transaction() as connection:
        if await running_sync(connection, sync_id) is not None:
            await _record(connection, sync_id, task.clinic.id, found)
    return LookedUp()


async def _task(connection: Connection, context: ScrapeContext, sync_id: UUID) -> _Task | None:
    """None if nothing is to be looked up. Without credentials nothing is known of the appointments."""
    sync = await running_sync(connection, sync_id)
    if sync is None:
        return None
    ids = [each.portal_id for each in await lookups_of(connection, sync_id) if each.lookup is None]
    if not ids:
        return None
    clinic = await find_clinic(connection, str(sync.clinic_id))
    try:
        credentials = await get_credentials(connection, context.vault, clinic, context.default_portal)
    except WrongPortal:
        raise
    except NoCredentials:
        await record_lookups(connection, sync_id, {})
        return None
    return _Task(clinic, credentials, list(dict.fromkeys(ids)), await known_id(connection, sync_id))


async def _record(connection: Connection, sync_id: UUID, clinic_id: UUID, found: Lookups) -> None:
    await record_lookups(connection, sync_id, found.found)
    await add_extra_calls(connection, sync_id, found.calls)
    if found.lacks_call:
        await note_lacks_lookup(connection, clinic_id)
        await add_warning(connection, sync_id, NO_SUCH_CALL)
