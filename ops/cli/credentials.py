"""The commands `credentials set|test|rotate`: manage a clinic's portal credentials."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Annotated

from cyclopts import App, Parameter

from actors.settings import Settings
from engine.credentials import Credentials
from engine.failure import Failure
from engine.store import clinics as store
from engine.store.clinics.rotating import Rotation, rotate_credentials
from engine.store.vault import Vault
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import LOGIN_REASONS, Exit, sign_in_remedy
from ops.local.discovery import database_url, nats_url, settings_here
from ops.terminal.output import Json, answer, say

credentials = App(name="credentials", help="Set, test and re-encrypt clinics' portal credentials.")

Slug = Annotated[str, Parameter(help="The clinic's slug.")]


@credentials.command(name="set")
def set_(
    clinic: Slug,
    *,
    username: Annotated[
        str | None, Parameter(env_var="IDEXX_USERNAME", help="Default: IDEXX_USERNAME, or a prompt.")
    ] = None,
    company_id: Annotated[
        str | None,
        Parameter(
            env_var="IDEXX_COMPANY_ID",
            help="Default: IDEXX_COMPANY_ID. Required only if the portal's sign-in form asks for it.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Store a clinic's portal credentials, encrypted with `ENCRYPTION_KEY`.

    The password is read from a prompt, from `IDEXX_PASSWORD`, or from standard input.

    Example: `idexx-sync credentials set cedar-creek --company-id 1234 --username desk < password-file`
    """
    settings = settings_here()
    vault = _vault(settings)
    given = Credentials(username or _ask("Username: "), _password(), company_id)
    asyncio.run(_store(settings, vault, clinic, given))
    if json:
        answer({"ok": True, "clinic": clinic})
    else:
        say(f"stored; next: idexx-sync credentials test {clinic}")


@credentials.command(name="test")
def try_(clinic: Slug, *, json: Json = False) -> int:
    """Sign in to the portal with a real browser, and report whether it accepts the clinic's credentials.

    Example: `idexx-sync credentials test cedar-creek`
    """
    failure = _sign_in(settings_here(), clinic)
    if json:
        answer({"ok": failure is None, "clinic": clinic, "reason": failure and failure.reason})
    elif failure is None:
        say(f"the portal accepts the credentials of {clinic}")
    if failure is None:
        return Exit.OK
    rejected = failure.reason in LOGIN_REASONS
    if not json:
        raise CommandFailed(
            f"the portal rejects the sign-in of {clinic}: {failure.message} ({failure.reason})",
            status=Exit.LOGIN_REJECTED if rejected else Exit.FAILED,
            hint=sign_in_remedy(clinic, {failure.reason}) if rejected else "idexx-sync doctor",
        )
    return Exit.LOGIN_REJECTED if rejected else Exit.FAILED


@credentials.command
def rotate(*, json: Json = False) -> Exit:
    """Re-encrypt all credentials with the first key of `ENCRYPTION_KEY`; afterwards, the other keys can be removed.

    Example: `ENCRYPTION_KEY=k2:…,k1:… idexx-sync credentials rotate`
    """
    settings = settings_here()
    done = asyncio.run(_rotate(settings, _vault(settings)))
    if json:
        answer({"ok": not done.closed, "rotated": done.sealed, "closed": list(done.closed)})
    elif not done.closed:
        say(f"re-encrypted {done.sealed} secrets; the other keys are no longer needed")
    if done.closed and not json:
        raise CommandFailed(
            f"re-encrypted {done.sealed} secrets; ENCRYPTION_KEY cannot decrypt the secrets of "
            f"{', '.join(done.closed)}",
            hint="append the key that encrypted them to ENCRYPTION_KEY, and run this command again",
        )
    return Exit.FAILED if done.closed else Exit.OK


async def _rotate(settings: Settings, vault: Vault) -> Rotation:
    async with open_database(database_url(settings)) as connection:
        return await rotate_credentials(connection, vault)


async def _store(settings: Settings, vault: Vault, slug: str, given: Credentials) -> None:
    async with open_database(database_url(settings)) as connection:
        clinic = await store.find_clinic(connection, slug)
        await store.set_credentials(connection, vault, clinic.id, given)


def _sign_in(settings: Settings, slug: str) -> Failure | None:
    from actors.date_scraper.portal import open_portal
    from actors.runtime.broker import build_broker
    from actors.runtime.process import Runtime

    for need in (nats_url, database_url):
        need(settings)
    broker = build_broker(settings)

    async def run() -> Failure | None:
        process = Runtime(settings, broker)
        portal = await open_portal(process)
        try:
            async with process.database.connection() as connection:
                clinic = await store.find_clinic(connection, slug)
                stored = await store.get_credentials(connection, process.vault(), clinic)
            failure = await portal.check_credentials(clinic, stored)
            reason = failure.reason if failure and failure.is_fatal else None
            if failure is None or reason:
                async with process.database.connection() as connection:
                    await store.mark_login_failure(connection, clinic.id, stored, reason)
            return failure
        finally:
            await portal.close()
            await process.database.close()

    try:
        return broker.run(run())
    finally:
        broker.close()


def _vault(settings: Settings) -> Vault:
    key = settings.encryption_key
    return Vault.from_ring("" if key is None else key.get_secret_value())


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        raise CommandFailed(
            "no username is given", status=Exit.USAGE, hint="add --username, or set IDEXX_USERNAME"
        )
    print(question, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _password() -> str:
    from getpass import getpass

    password = os.environ.get("IDEXX_PASSWORD")
    if not password:
        password = getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not password:
        raise CommandFailed("the password is empty", status=Exit.USAGE, hint="pipe it in, or set IDEXX_PASSWORD")
    return password
