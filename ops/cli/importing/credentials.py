"""The command `credentials import`: stores the credentials of many clinics, read from standard input."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from cyclopts import Parameter

from actors.runtime.vault import open_vault
from actors.settings import Settings
from engine.clinic import Clinic
from engine.credentials import Credentials
from engine.errors import BadRequest, UnknownClinic
from engine.portal_address import check_address, origin_of
from engine.store import clinics as store
from engine.store.vault import Vault
from ops.cli.importing.faults import Faults
from ops.cli.importing.rows import Columns, Row, read_csv
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, say

COLUMNS = Columns(("clinic", "username", "password"), ("company_id", "address"), secret=True)

#: What stands for standard input, in the command and in its messages.
STANDARD, INPUT = "-", "standard input"

#: The word for the portal of IDEXX_BASE_URL.
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Entry:
    """The credentials of one line. `address` None: the clinic keeps its portal."""

    line: int
    clinic: str = field(repr=False)
    given: Credentials = field(repr=False)
    address: str | None = None


def import_(
    source: Annotated[
        str, Parameter(name="SOURCE", allow_leading_hyphen=True, help="'-', which is standard input.")
    ],
    *,
    json: Json = False,
) -> None:
    """Store the credentials of many clinics, read as CSV from standard input: all of them, or none and every fault.

    The first line names the columns clinic, username and password, and, as wanted, company_id and address. A fault
    names its line and its column, and repeats no value. Nothing is read from a file's name or from an option, which
    other users of the machine could see.

    Example: `age -d credentials.csv.age | idexx-sync credentials import -`
    """
    if source != STANDARD:
        raise CommandFailed(
            "credentials are read from standard input only",
            status=Exit.USAGE,
            hint="idexx-sync credentials import -",
        )
    if sys.stdin.isatty():
        raise CommandFailed(
            "standard input is a terminal; pipe CSV into it", status=Exit.USAGE, hint="credentials import --help"
        )
    settings = settings_here()
    vault = open_vault(settings)
    faults = Faults(INPUT)
    rows, entries = read_entries(_text(), faults)
    asyncio.run(_store(settings, vault, rows, entries, faults))
    if json:
        answer({"ok": True, "clinics": [entry.clinic for entry in entries]})
    else:
        say(f"stored the credentials of {len(entries)} clinics; next: idexx-sync credentials test CLINIC")


def read_entries(text: str, faults: Faults) -> tuple[list[Row], list[Entry]]:
    """Returns the rows that name a clinic, and the credentials of those without a fault. No fault repeats a value.

    Raises `CommandFailed` if no row names a clinic.
    """
    read = read_csv(text, COLUMNS, faults)
    entries = [entry for row in read if (entry := _entry(row, faults)) is not None]
    rows = [row for row in read if "clinic" in row.values]
    first: dict[str, int] = {}
    for row in rows:
        before = first.setdefault(_clinic(row), row.line)
        if before != row.line:
            faults.add(row.line, f"clinic: is the same as on line {before}")
    if not rows:
        faults.check()
        faults.add(1, "has no credentials")
        faults.check()
    return rows, entries


def _clinic(row: Row) -> str:
    return row.values["clinic"].strip()


def _entry(row: Row, faults: Faults) -> Entry | None:
    if missing := [name for name in COLUMNS.required if name not in row.values]:
        faults.add(row.line, f"{', '.join(missing)}: must not be empty")
        return None
    values = {name: row.values[name].strip() for name in row.values if name != "password"}
    given = Credentials(values["username"], row.values["password"], values.get("company_id"))
    address = values.get("address")
    if address not in (None, DEFAULT):
        try:
            address = check_address(address)
        except BadRequest:
            faults.add(
                row.line, f"address: must be that of a portal, such as https://eu.idexxneo.com, or {DEFAULT}"
            )
    return Entry(row.line, values["clinic"], given, address)


async def _store(
    settings: Settings, vault: Vault, rows: Sequence[Row], entries: Sequence[Entry], faults: Faults
) -> None:
    clinics: dict[str, Clinic] = {}
    async with open_database(database_url(settings)) as connection, connection.transaction():
        for row in rows:
            try:
                clinics[_clinic(row)] = await store.find_clinic(connection, _clinic(row))
            except UnknownClinic:
                faults.add(row.line, "clinic: no clinic has this slug; idexx-sync clinic list")
        for entry in sorted(entries, key=lambda entry: entry.clinic):  # one order of locks for all imports
            if (clinic := clinics.get(entry.clinic)) is None:
                continue
            own = clinic.portal if entry.address is None else None if entry.address == DEFAULT else entry.address
            origin = origin_of(own or settings.idexx_base_url)
            bound = Credentials(
                entry.given.username, entry.given.password, entry.given.company_id, address=own, origin=origin
            )
            with faults.noting(entry.line):
                await store.set_credentials(connection, vault, clinic.id, bound)
        faults.check()


def _text() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommandFailed(f"{INPUT} is not text in UTF-8", status=Exit.USAGE) from None
