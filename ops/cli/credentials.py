"""The commands `credentials set|test|rotate`: manage a clinic's portal credentials."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from actors.runtime.vault import open_vault
from actors.settings import Settings
from engine.credentials import Credentials
from engine.failure import FATAL_FOR_SYNC
from engine.portal_address import check_address, origin_of
from engine.store import clinics as store
from engine.store.vault import Vault
from ops.cli.contact.contact import Contact, make_contact
from ops.cli.contact.next_step import next_step
from ops.cli.contact.page import columns_hint, show_step, to_json, understood_lines
from ops.cli.importing.credentials import DEFAULT, import_
from ops.cli.key import rotate
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, say, warn

credentials = App(name="credentials", help="Set, test and re-encrypt clinics' portal credentials.")
credentials.command(
    rotate, help="The same as `idexx-sync key rotate`.\n\nExample: `idexx-sync credentials rotate`"
)

credentials.command(import_, name="import")

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
    address: Annotated[
        str | None,
        Parameter(
            help="The clinic's own portal, such as https://eu.idexxneo.com; `default`: that of IDEXX_BASE_URL. "
            "Without it, the clinic keeps its portal."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Store a clinic's portal credentials and its portal's address, encrypted with `ENCRYPTION_KEY`.

    The password is read from a prompt, from `IDEXX_PASSWORD`, or from standard input. It is sent only to the portal
    for which it is stored: another address, or another IDEXX_BASE_URL, requires setting it again.

    Example: `idexx-sync credentials set cedar-creek --company-id 1234 --username desk < password-file`
    """
    settings = settings_here()
    vault = open_vault(settings)
    wanted = address if address in (None, DEFAULT) else check_address(address)
    given = Credentials(username or _ask("Username: "), _password(), company_id)
    portal = asyncio.run(_store(settings, vault, clinic, given, wanted))
    if json:
        answer({"ok": True, "clinic": clinic, "portal": portal})
    else:
        say(f"stored for {portal}; next: idexx-sync credentials test {clinic}")


@credentials.command(name="test")
def try_(
    clinic: Slug,
    *,
    save: Annotated[Path, Parameter(help="Folder for the masked file that is written if a step fails.")] = Path(),
    json: Json = False,
) -> int:
    """Test the clinic's portal step by step, and report what was understood.

    The steps: address, browser, form, sign-in, configuration, calendar, one appointment. Only the session and the
    outcome of the sign-in are stored. If a step fails, what the portal showed is written to a file, masked.

    Example: `idexx-sync credentials test cedar-creek`
    """
    contact = make_contact(settings_here(), clinic, show_step, days=7)
    failure = contact.failure
    file = None if failure is None else _write(contact, save)
    if json:
        answer(to_json(contact, file))
    else:
        print("\n".join(understood_lines(contact)) if contact.report.longest else "", flush=True)
    if failure is None:
        if (hint := columns_hint(contact)) is not None:
            warn(hint)
        say(f"the portal accepts the credentials of {clinic}; next: idexx-sync sync {clinic} --days 3 --dry-run")
        return Exit.OK
    status = Exit.LOGIN_REJECTED if failure.reason in FATAL_FOR_SYNC else Exit.FAILED
    if json:
        return status
    if file is not None:
        say(f"wrote what the portal showed, masked: {file}")
    raise CommandFailed(
        f"portal test of {clinic} failed at step {contact.report.steps[-1].name!r}: "
        f"{failure.message} ({failure.reason})",
        status=status,
        hint=next_step(contact, failure),
    )


def _write(contact: Contact, folder: Path) -> Path | None:
    """Writes the masked file; a folder that cannot be written to does not hide why the contact failed."""
    from engine.portal.recording import UnsafeRecording, write_file

    path = folder / f"first-contact-{contact.clinic.slug}-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    try:
        write_file(contact.recorded(), path)
    except (OSError, UnsafeRecording) as error:
        warn(f"no file was written: {error}")
        return None
    return path


async def _store(settings: Settings, vault: Vault, slug: str, given: Credentials, wanted: str | None) -> str:
    """Stores the credentials for the wanted address; None: for the clinic's portal. Returns the portal's address."""
    async with open_database(database_url(settings)) as connection:
        clinic = await store.find_clinic(connection, slug)
        own = clinic.portal if wanted is None else None if wanted == DEFAULT else wanted
        portal = own or settings.idexx_base_url
        bound = replace(given, address=own, origin=origin_of(portal))
        await store.set_credentials(connection, vault, clinic.id, bound)
        return portal


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
