"""What a scrape needs before it asks the portal: claims the dates of a span, and loads what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from engine.calendar_source import CalendarSource
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.dates import DateRange
from engine.errors import NoCredentials, WrongPortal
from engine.evidence import EvidenceSink
from engine.extra_calls import ExtraCalls
from engine.failure import Failure, Reason
from engine.schedule import ScheduleConfig
from engine.store.clinics import find_clinic, get_credentials
from engine.store.database import Connection, Database
from engine.store.reconciling import load_schedule_config, repeating_ids
from engine.store.reconciling.lookups import extra_calls_of, reserve_extra_calls
from engine.store.syncs.claims import Claim, claim, has_completed, leave, statuses, stored_counts
from engine.store.syncs.configuration import config_outcome, recent_config_outcome
from engine.store.syncs.lifecycle import lock_sync
from engine.store.vault import Vault, WrongKey
from engine.sync import DateStatus, Limits, Sync, SyncStatus

#: Delay before a span that a worker has left, because it lacks the key, is taken again, in seconds.
LEFT_FOR = 1.0


@dataclass(frozen=True, slots=True)
class ScrapeResult:
    """Result of a scrape: the messages to send next.

    `reconcile`: dates for the Reconciler; `coordinate`: notify the Coordinator; `retry_later`: send the same
    message a little later, because a live worker has some of the dates. `clinic_id` None: nothing was written.
    `left`: this worker has another key ring or default portal than the others, so it has left the dates to them.
    """

    clinic_id: UUID | None = None
    reconcile: Sequence[date] = ()
    coordinate: bool = False
    retry_later: bool = False
    left: Failure | None = None


@dataclass(frozen=True, slots=True)
class ScrapeContext:
    """The dependencies of a scrape.

    `hold` keeps claims alive while its body runs, and ends the body without an exception when one of them is lost.
    `watch` ends its body in the same way when the sync ends; by default it does not.
    `jitter` is uniform in [0, 1). `evidence` stores what was seen of a sync's failures. `default_portal` is the
    address of clinics without their own; None: it is not compared with what credentials were stored for.
    """

    database: Database
    portal: CalendarSource
    vault: Vault
    worker: str
    limits: Limits
    hold: Callable[[Sequence[Claim]], AbstractAsyncContextManager[None, bool | None]]
    jitter: Callable[[], float]
    evidence: Callable[[UUID], EvidenceSink]
    default_portal: str | None = None
    watch: Callable[[UUID], AbstractAsyncContextManager[None, bool | None]] = lambda _: nullcontext()


@dataclass(slots=True)
class KnownHours:
    """The opening hours as known at the moment: stored, then read by this sync."""

    config: ScheduleConfig

    def is_open(self, day: date) -> bool:
        """True if that is unknown."""
        return self.config.is_open_on(day) is not False


@dataclass(frozen=True, slots=True)
class ScrapeTask:
    """Everything that is known before the portal is asked. `claims` are of neighboring dates.

    `asks_config`: the clinic's configuration is requested as well.
    """

    claims: Sequence[Claim]
    clinic: Clinic
    credentials: Credentials | Failure
    stored: Mapping[date, int]
    hours: KnownHours
    repeating: Collection[str]
    is_first: bool
    asks_config: bool
    extra_calls: ExtraCalls

    @property
    def sync_id(self) -> UUID:
        return self.claims[0].sync_id

    @property
    def dates(self) -> DateRange:
        return DateRange(self.claims[0].date, self.claims[-1].date)


async def claim_task(
    context: ScrapeContext, sync_id: UUID, first_date: date, days: int
) -> ScrapeTask | ScrapeResult:
    dates = [first_date + timedelta(days=n) for n in range(days)]
    async with context.database.transaction() as connection:
        sync = await running_sync(connection, sync_id)
        if sync is None:
            return ScrapeResult()
        clinic = await find_clinic(connection, str(sync.clinic_id))
        try:
            credentials = await _credentials(connection, context, clinic)
        except (WrongKey, WrongPortal) as error:
            return await _leave(connection, sync, first_date, dates, _not_for_this_worker(clinic.slug, error))
        claims = await claim(
            connection, sync_id, first_date, dates, context.worker, context.limits.date_silent_after
        )
        if not claims:
            return _already(sync.clinic_id, await statuses(connection, sync_id, first_date, dates))
        stored = await stored_counts(connection, clinic.id, dates)
        hours = KnownHours(await load_schedule_config(connection, clinic.id))
        asks_config = await _asks_config(
            connection, sync, claims, hours.config.has_slots(clinic.resources), context.limits.config_max_age
        )
        repeating = await repeating_ids(connection, clinic.id)
        is_first = not await has_completed(connection, clinic.id)
        extra_calls = ExtraCalls(
            context.limits.extra_calls,
            await extra_calls_of(connection, sync_id),
            reserve=partial(_reserve, context, sync_id),
        )
        return ScrapeTask(
            claims, clinic, credentials, stored, hours, repeating, is_first, asks_config, extra_calls
        )


async def _reserve(context: ScrapeContext, sync_id: UUID, calls: int) -> tuple[bool, int]:
    """Takes extra calls from what all spans of the sync may make together."""
    async with context.database.connection() as connection:
        return await reserve_extra_calls(connection, sync_id, context.limits.extra_calls, calls)


async def _asks_config(
    connection: Connection, sync: Sync, claims: Sequence[Claim], is_known: bool, max_age: float
) -> bool:
    """Whether to request the configuration: with the sync's first date, once, if it is not known well enough.

    Not with its second look, nor with its next try if the portal has responded. A reading that left nothing open
    is good for `max_age` seconds.
    """
    if all(each.position > 1 for each in claims):
        return False
    if (outcome := await config_outcome(connection, sync.id)) is not None:
        return not outcome.is_final
    recent = await recent_config_outcome(connection, sync.clinic_id, max_age)
    return not (is_known and recent is not None and recent.is_complete)


async def _leave(
    connection: Connection, sync: Sync, first_date: date, dates: Sequence[date], failure: Failure
) -> ScrapeResult:
    """Leaves the dates to a worker with the right settings; the reason is stored in case there is none."""
    if await leave(connection, sync.id, first_date, dates, failure, LEFT_FOR):
        return ScrapeResult(sync.clinic_id, retry_later=True, left=failure)
    return _already(sync.clinic_id, await statuses(connection, sync.id, first_date, dates))


def _already(clinic_id: UUID, found: Mapping[date, DateStatus]) -> ScrapeResult:
    """The result if nothing can be claimed: sends again whatever the last step may have failed to send."""
    return ScrapeResult(
        clinic_id,
        reconcile=[day for day, status in found.items() if status is DateStatus.SCRAPED],
        coordinate=any(status.is_closed for status in found.values()),
        retry_later=DateStatus.SCRAPING in found.values(),
    )


def _not_for_this_worker(slug: str, error: WrongKey | WrongPortal) -> Failure:
    if isinstance(error, WrongKey):
        return Failure(Reason.WRONG_ENCRYPTION_KEY, str(error))
    # Admission compared them with the default portal of a gateway.
    message = (
        f"this worker's IDEXX_BASE_URL is another portal than the one that the credentials of clinic {slug!r} are for; "
        "give it the IDEXX_BASE_URL of the gateways, and restart it"
    )
    return Failure(Reason.WRONG_PORTAL, message)


async def _credentials(connection: Connection, context: ScrapeContext, clinic: Clinic) -> Credentials | Failure:
    """The clinic's credentials for its portal. Raises `WrongKey` if the vault does not open them, and `WrongPortal`."""
    try:
        return await get_credentials(connection, context.vault, clinic, context.default_portal)
    except WrongPortal:
        raise
    except NoCredentials as error:
        return Failure(Reason.NO_CREDENTIALS, str(error))


async def running_sync(connection: Connection, sync_id: UUID) -> Sync | None:
    """The sync, locked, if it is in progress: nothing is written for one that has ended."""
    sync = await lock_sync(connection, sync_id)
    return sync if sync is not None and sync.status is SyncStatus.IN_PROGRESS else None
