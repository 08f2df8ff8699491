"""Clinics and their portal credentials."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from engine.clinic import Clinic, check_slug, check_zone
from engine.credentials import Credentials, origin_mismatch
from engine.errors import BadRequest, LoginRejected, NoCredentials, UnknownClinic, WrongPortal, WrongState
from engine.failure import Reason
from engine.portal_address import MAX_ADDRESSES, origin_of
from engine.store.database import Connection
from engine.store.queries import Queries
from engine.store.syncs.admission import lock_clinic_row
from engine.store.vault import Sealed, Vault, WrongKey

SQL = Queries(__file__)

#: The purpose for which credentials are sealed: part of the associated data.
PURPOSE = "credentials"


async def add_clinic(
    connection: Connection, slug: str, name: str, timezone: str, country: str | None = None
) -> Clinic:
    """Stores a clinic, or changes the one with this slug.

    Without `country` an existing clinic keeps its own, and a new one gets US.
    """
    check_zone(timezone)
    code = None if country is None else country.upper()
    try:
        row = await connection.fetchrow(SQL["add_clinic"], check_slug(slug), name, timezone, code)
    except asyncpg.UniqueViolationError:
        raise BadRequest(f"name: {name!r} is the name of another clinic; give this one another") from None
    return _clinic(row)


async def find_clinic(connection: Connection, slug_or_id: str) -> Clinic:
    """The clinic with this slug or id. Raises `UnknownClinic`."""
    row = await connection.fetchrow(SQL["find_clinic"], slug_or_id)
    if row is None:
        raise UnknownClinic(
            f"clinic {slug_or_id!r} does not exist; give the slug of a stored clinic",
            hint="idexx-sync clinic list",
        )
    return _clinic(row)


async def list_clinics(connection: Connection) -> list[dict[str, Any]]:
    """Every clinic with its freshness: when it was last synced, and what prevents a newer sync."""
    return [dict(row) for row in await connection.fetch(SQL["list_clinics"])]


async def remove_clinic(connection: Connection, clinic_id: UUID) -> None:
    """Removes the clinic with all of its data, once its syncs are between two steps."""
    async with connection.transaction():
        await lock_clinic_row(connection, clinic_id)  # before any sync's row, as in every transaction
        await connection.execute(SQL["lock_syncs"], clinic_id)
        await connection.execute(SQL["remove_clinic"], clinic_id)


async def set_goal(connection: Connection, clinic: Clinic, max_age_seconds: int | None) -> None:
    """Sets how old the clinic's last completed sync may be; None: no goal."""
    await connection.execute(SQL["set_goal"], clinic.id, max_age_seconds)


async def set_credentials(connection: Connection, vault: Vault, clinic_id: UUID, credentials: Credentials) -> None:
    """Seals and stores credentials, with the portal that they are for.

    A clinic whose old ones were rejected may sync again. With another origin, its session ends. Raises `WrongState` for
    another address while a sync of the clinic runs, and `BadRequest` for one portal too many.
    """
    # The address is not in the text but in its associated data, and the names are those of the first version: workers
    # of earlier versions read the credentials of the default portal, and open no others.
    secret = {"username": credentials.username, "password": credentials.password, "version": ""}
    text = json.dumps(secret | {"company_id": credentials.company_id}).encode()
    sealed = vault.seal(clinic_id, purpose_for(credentials.address), text)
    origin = credentials.origin if credentials.address is None else origin_of(credentials.address)
    async with connection.transaction():
        await lock_clinic_row(connection, clinic_id)
        if await connection.fetchval(SQL["runs_elsewhere"], clinic_id, credentials.address):
            raise WrongState(
                "address: a sync of the clinic is reading its portal, and would mix two calendars; wait for its "
                "end, or cancel it, then set the address again",
                hint="idexx-sync cancel CLINIC",
            )
        await connection.execute(
            SQL["set_credentials"], clinic_id, sealed.key_id, sealed.data, credentials.address, origin
        )
        if len(await portal_addresses(connection)) > MAX_ADDRESSES:
            raise BadRequest(
                f"address: clinics have {MAX_ADDRESSES} portals of their own, which is the limit; use one of them"
            )


async def portal_addresses(connection: Connection) -> list[str]:
    """The addresses of clinics with portals of their own, each once."""
    return [row["address"] for row in await connection.fetch(SQL["portal_addresses"], MAX_ADDRESSES + 1)]


async def credentials_for(connection: Connection) -> dict[str, tuple[str | None, str | None]]:
    """For each clinic with credentials the address of its own portal, and the origin they were stored for."""
    return {row["slug"]: (row["address"], row["origin"]) for row in await connection.fetch(SQL["credentials_for"])}


def purpose_for(address: str | None) -> str:
    """The purpose for which the secrets of a portal are sealed; None: the default portal."""
    return PURPOSE if address is None else f"{PURPOSE} for {address}"


#: Remedies for refusals that other credentials do not solve.
_REMEDIES = {
    Reason.SECOND_FACTOR: "use a portal user without a second factor, or sign in by hand if it wants a captcha",
    Reason.ACCOUNT_LOCKED: "have the account unlocked at the portal",
}


async def get_credentials(
    connection: Connection, vault: Vault, clinic: Clinic, default_portal: str | None = None
) -> Credentials:
    """The clinic's credentials for its portal. Raises `VaultError` if the key ring does not open them.

    Raises `NoCredentials` if there are none for it: `default_portal` is that of clinics without their own; None: do
    not compare it.
    """
    row = await connection.fetchrow(SQL["get_credentials"], clinic.id)
    if row is None:
        raise _no_credentials(clinic.slug)
    _check_origin(clinic.slug, row, default_portal)
    address, sealed = row["address"], Sealed(row["key_id"], row["sealed"])
    try:
        record = json.loads(vault.open(clinic.id, purpose_for(address), sealed))
    except WrongKey:
        if address is not None and _opens(vault, clinic.id, sealed):
            # By a version that does not know of addresses, or by a program that has only the database.
            raise _not_for(clinic.slug, address) from None
        raise
    origin = row["origin"] if address is None else origin_of(address)
    return Credentials(
        record["username"],
        record["password"],
        record["company_id"],
        row["updated_at"].isoformat(),
        address,
        origin,
    )


async def check_can_sign_in(connection: Connection, clinic: Clinic, default_portal: str | None = None) -> None:
    """Raises `NoCredentials` or `LoginRejected`: a sync that cannot sign in is refused at admission.

    `default_portal` as in `get_credentials`.
    """
    row = await connection.fetchrow(SQL["check_can_sign_in"], clinic.id)
    if row is None or not row["has_credentials"]:
        raise _no_credentials(clinic.slug)
    _check_origin(clinic.slug, row, default_portal)
    if row["login_failure"] == Reason.NO_COMPANY_ID:
        raise LoginRejected(
            f"the portal asks clinic {clinic.slug!r} for a company id, but none is stored with its credentials; an "
            "operator has to store them again with the company id",
            hint=f"idexx-sync credentials set {clinic.slug} --company-id ID",
        )
    if row["login_failure"] is not None:
        remedy = _REMEDIES.get(row["login_failure"], "an operator has to set its credentials")
        verb = "test" if row["login_failure"] in _REMEDIES else "set"
        raise LoginRejected(
            f"the portal rejects the sign-in of clinic {clinic.slug!r} ({row['login_failure']}); {remedy}, then test "
            "the credentials",
            hint=f"idexx-sync credentials {verb} {clinic.slug}",
        )


async def mark_login_failure(
    connection: Connection, clinic_id: UUID, credentials: Credentials, reason: str | None
) -> None:
    """Marks that the portal refuses these credentials; None clears the mark. Does nothing if others were set."""
    set_at = datetime.fromisoformat(credentials.version)
    await connection.execute(SQL["mark_login_failure"], clinic_id, reason, set_at)


def _check_origin(slug: str, row: Any, default_portal: str | None) -> None:
    """Raises `NoCredentials` if the credentials of this row were stored for another portal, and `WrongPortal` if that
    portal is the default."""
    portal = row["address"] or default_portal
    if portal is not None and (problem := origin_mismatch(slug, row["origin"], portal)) is not None:
        hint = f"idexx-sync credentials set {slug}"
        raise WrongPortal(problem, hint=hint) if row["address"] is None else NoCredentials(problem, hint=hint)


def _opens(vault: Vault, clinic_id: UUID, sealed: Sealed) -> bool:
    """Whether these are credentials for the default portal."""
    try:
        vault.open(clinic_id, PURPOSE, sealed)
    except WrongKey:
        return False
    return True


def _not_for(slug: str, address: str) -> NoCredentials:
    return NoCredentials(
        f"the credentials of clinic {slug!r} were not stored for its portal {address} and are not sent to it; an "
        "operator has to set them again, with this address or the default one",
        hint=f"idexx-sync credentials set {slug} --address {address}, or --address default",
    )


def _no_credentials(slug: str) -> NoCredentials:
    return NoCredentials(
        f"clinic {slug!r} has no credentials; an operator has to set them",
        hint=f"idexx-sync credentials set {slug}",
    )


def _clinic(row: Any) -> Clinic:
    resources = row["resources"]
    return Clinic(
        id=row["id"],
        slug=row["slug"],
        name=row["name"],
        timezone=row["timezone"] or "",
        timezone_problem=row["timezone_problem"],
        horizon_days=row["horizon_days"],
        portal=row["portal"],
        country=row["country"],
        resources=None if resources is None else tuple(resources),
    )
