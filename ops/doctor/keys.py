"""Checks the key ring: whether it can be read, and whether it opens what is stored.

No remedy makes a new key where secrets may be stored: it could not decrypt them.
"""

from __future__ import annotations

from typing import Any

from actors.runtime.vault import open_vault
from actors.settings import Settings
from engine.failure import Reason
from engine.store.attention import clinics_left
from engine.store.clinics import find_clinic, get_credentials
from engine.store.database import Connection
from engine.store.vault import Vault, VaultError
from ops.doctor.finding import Finding, Grade, fail, good, warn
from ops.doctor.home_key import KEY_FILE

NAME = "encryption key"
_VARIABLES = {Reason.WRONG_ENCRYPTION_KEY: "ENCRYPTION_KEY", Reason.WRONG_PORTAL: "IDEXX_BASE_URL"}
_FROM_COPY = "restore it from your copy: a new key cannot decrypt what is stored"


def key_ring(settings: Settings) -> Finding:
    """Whether the ring can be read: that of the settings, or else the file that `up` uses."""
    if settings.encryption_key is None and settings.database_url is None:
        file = settings.idexx_sync_home.expanduser() / KEY_FILE
        if not file.exists():
            return good(NAME, f"`idexx-sync up` makes one at its first start, in {file}")
        try:
            primary = Vault.from_ring(file.read_text(encoding="utf-8").strip()).primary
        except (VaultError, OSError, ValueError) as error:
            return fail(NAME, f"{file} cannot be used: {_reason(error)}", _FROM_COPY)
        return good(NAME, f"{file} has key {primary!r}, which `idexx-sync up` uses")
    if settings.encryption_key is None:
        remedy = (
            "set ENCRYPTION_KEY to the key ring of the other processes; only an installation that has none yet "
            "needs a new one: idexx-sync key new"
        )
        return fail(NAME, "ENCRYPTION_KEY is not set", remedy)
    try:
        vault = open_vault(settings)
    except VaultError as error:
        return fail(NAME, _reason(error), _FROM_COPY)
    return good(NAME, f"new secrets are encrypted with key {vault.primary!r}")


async def opens_stored(connection: Connection, clinics: list[dict[str, Any]], settings: Settings) -> Finding:
    """As `key_ring`, or a failure if credentials were encrypted with a key that the ring does not have."""
    found = key_ring(settings)
    if found.grade is not Grade.PASS or settings.encryption_key is None:
        return found
    vault, closed = open_vault(settings), []
    for slug in (clinic["slug"] for clinic in clinics if clinic["has_credentials"]):
        try:
            await get_credentials(connection, vault, await find_clinic(connection, slug))
        except VaultError:
            closed.append(slug)
    if not closed:
        return await _of_workers(connection) or found
    what = f"{vault.ids} cannot decrypt the credentials of {', '.join(closed)}"
    remedy = "set ENCRYPTION_KEY to the ring of the other processes, or append the key that encrypted them"
    return fail(NAME, what, remedy)


async def _of_workers(connection: Connection) -> Finding | None:
    """A warning if dates wait because a worker has another key ring, or another default portal."""
    left = await clinics_left(connection)
    for reason, variable in _VARIABLES.items():
        if clinics := left[reason]:
            what = f"a date_scraper has another {variable} and leaves the dates of {', '.join(sorted(clinics))}"
            remedy = f"give every date_scraper the {variable} of the other processes, and restart it"
            return warn(NAME if variable == "ENCRYPTION_KEY" else "clinics' portals", what, remedy)
    return None


def _reason(error: Exception) -> str:
    """What is wrong, without the advice to make a new key."""
    return str(error).partition(";")[0]
