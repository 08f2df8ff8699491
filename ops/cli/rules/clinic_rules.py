"""Reads and changes the rules of one clinic, for the commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from actors.settings import Settings
from engine.clinic import Clinic
from engine.offer.defaults import RuleDefaults
from engine.offer.portal_names import PortalNames
from engine.offer.rules import ClinicRules, RuleChange
from engine.store.clinics import find_clinic
from engine.store.database import Connection
from engine.store.offer import rules as store
from engine.store.schedules import ClinicSchedule, find_schedule
from engine.store.syncs.reading import database_time
from ops.client.connections import open_database
from ops.client.user_name import user_name
from ops.local.discovery import database_url


@dataclass(frozen=True, slots=True)
class RulesView:
    """A clinic's rules with what is needed to show them, as of `now`.

    `without_starts`: the weekdays whose bookable times have no start while the clinic is open.
    """

    clinic: Clinic
    stored: store.StoredRules
    names: PortalNames
    defaults: RuleDefaults
    schedule: ClinicSchedule | None
    now: datetime
    without_starts: frozenset[int] = frozenset()


def read(settings: Settings, slug: str) -> RulesView:
    async def run() -> RulesView:
        async with open_database(database_url(settings)) as connection:
            return await _view(connection, await find_clinic(connection, slug))

    return asyncio.run(run())


def change(
    settings: Settings,
    slug: str,
    edit: Callable[[ClinicRules], ClinicRules],
    *,
    dry_run: bool = False,
) -> tuple[list[RuleChange], RulesView]:
    """Stores what `edit` makes of the rules; columns and types may be given by name. Returns the changes, and the
    rules after them. Raises `InvalidRules`. With `dry_run`, all of it is rolled back at the end."""

    async def run() -> tuple[list[RuleChange], RulesView]:
        async with open_database(database_url(settings)) as connection:
            clinic = await find_clinic(connection, slug)
            names = await store.portal_names(connection, clinic.id)
            transaction = connection.transaction()
            await transaction.start()
            changes = await store.change_rules(connection, clinic.id, partial(names.edited, edit), user_name())
            view = await _view(connection, clinic)
            await (transaction.rollback() if dry_run else transaction.commit())
            return changes, view

    return asyncio.run(run())


async def _view(connection: Connection, clinic: Clinic) -> RulesView:
    return RulesView(
        clinic,
        await store.load_rules(connection, clinic.id),
        await store.portal_names(connection, clinic.id),
        await store.rule_defaults(connection, clinic.id),
        await find_schedule(connection, clinic),
        await database_time(connection),
        await store.weekdays_without_starts(connection, clinic.id),
    )
