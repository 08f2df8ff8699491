"""Stores the sandbox's clinics in the same way as real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from engine.credentials import Credentials
from engine.offer.rules import ClinicRules
from engine.portal_address import origin_of
from engine.store.clinics import add_clinic, set_credentials
from engine.store.database import Connection
from engine.store.offer.rules import change_rules
from engine.store.vault import Vault
from ops.sandbox.client import SandboxClinic


async def store_clinics(
    connection: Connection, vault: Vault, clinics: Sequence[SandboxClinic], portal: str | None = None
) -> list[str]:
    """Stores or updates the clinics of the sandbox, which is the default portal; returns their slugs."""
    origin = None if portal is None else origin_of(portal)
    async with connection.transaction():
        for one in clinics:
            clinic = await add_clinic(connection, one.slug, one.name, one.timezone, one.country)
            credentials = Credentials(one.username, one.password, one.company_id, origin=origin)
            await set_credentials(connection, vault, clinic.id, credentials)
            rooms = tuple(room["id"] for room in one.config["appointmentRooms"])
            await change_rules(connection, clinic.id, partial(_choose, rooms), "idexx-sync, for the sandbox")
    return [one.slug for one in clinics]


def _choose(rooms: tuple[str, ...], rules: ClinicRules) -> ClinicRules:
    """Every column of an invented clinic counts, unless a person has chosen others."""
    return replace(rules, columns=rooms) if rules.columns is None else rules
