"""The commands `clinic rules export` and `import`: all rules of a clinic as one TOML file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from engine.offer.rules_document import document_of
from engine.offer.rules_file import read_file, write_file
from ops.cli.rules.changing import DryRun, report
from ops.cli.rules.clinic_rules import change, read
from ops.cli.rules.showing import Slug
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import settings_here
from ops.terminal.output import Json, answer, say

#: The file name that stands for standard input or output.
STANDARD = "-"


def export(
    clinic: Slug,
    file: Annotated[
        str, Parameter(allow_leading_hyphen=True, help="The file to write; '-' is standard output.")
    ] = STANDARD,
    *,
    json: Json = False,
) -> None:
    """Write all rules of a clinic as TOML, to edit or to keep.

    Example: `idexx-sync clinic rules export cedar-creek cedar-creek.toml`
    """
    view = read(settings_here(), clinic)
    rules = view.stored.rules
    about = f"What {view.clinic.name} offers. To import it: idexx-sync clinic rules import {clinic} FILE"
    text = write_file(rules, about, view.names.columns or {})
    if file != STANDARD:
        Path(file).write_text(text, encoding="utf-8")
    if json:
        answer(
            {"ok": True, "clinic": clinic, "file": None if file == STANDARD else file, "rules": document_of(rules)}
        )
    elif file == STANDARD:
        sys.stdout.write(text)
    else:
        say(f"wrote {file}; after editing: idexx-sync clinic rules import {clinic} {file} --dry-run")


def import_(
    clinic: Slug,
    file: Annotated[str, Parameter(allow_leading_hyphen=True, help="The file to read; '-' is standard input.")],
    *,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Replace all rules of a clinic by those of a TOML file, and print what differs.

    A rule that is missing in the file has its default afterwards. If anything is wrong, nothing is changed.

    Example: `idexx-sync clinic rules import cedar-creek cedar-creek.toml --dry-run`
    """
    text = _read(file)
    changes, view = change(settings_here(), clinic, lambda _: read_file(text), dry_run=dry_run)
    report(changes, view, dry_run, json)


def _read(file: str) -> str:
    content = sys.stdin.buffer.read() if file == STANDARD else Path(file).read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandFailed(
            f"{file} is not text in UTF-8 (byte {error.start}); save it in UTF-8", status=Exit.USAGE
        ) from None
