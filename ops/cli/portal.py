"""The command `portal record`: records a session with a clinic's portal, masked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, validators

from engine.failure import FATAL_FOR_SYNC
from ops.cli.contact.contact import make_contact
from ops.cli.contact.next_step import next_step
from ops.cli.contact.page import show_step
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.local.discovery import settings_here
from ops.terminal.output import Json, answer, say

#: The longest range that is recorded: one call's.
MAX_DAYS = 28

portal = App(name="portal", help="Record a session with a clinic's portal, for the maintainers of the parser.")


@portal.command
def record(
    clinic: Annotated[str, Parameter(help="The clinic's slug.")],
    folder: Annotated[Path, Parameter(name="DIR", help="A new or empty folder.")],
    *,
    days: Annotated[
        int, Parameter(help="So many days from today on.", validator=validators.Number(gte=1, lte=MAX_DAYS))
    ] = 7,
    json: Json = False,
) -> int:
    """Record a sign-in, the configuration and some days of the calendar, with every name and number replaced.

    Every text that is not known to be harmless gets an invented one, the same text always the same. Read the folder
    before you send it, as its README.txt says. `idexx-sync sandbox --replay DIR` returns its responses.

    Example: `idexx-sync portal record cedar-creek recording --days 7`
    """
    from engine.portal.recording import UnsafeRecording, write_folder

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandFailed(f"{folder} is not an empty folder", status=Exit.USAGE, hint="give a new one")
    contact = make_contact(settings_here(), clinic, show_step, days=days, longer=())
    try:
        recording = contact.recorded()
    except UnsafeRecording as error:
        raise CommandFailed(str(error)) from error
    files, failure = write_folder(recording, folder), contact.failure
    if json:
        answer({"ok": failure is None, "clinic": clinic, "folder": str(folder), "files": len(files)})
    say(f"wrote {len(files)} files into {folder}; read README.txt and kept.txt before you send them")
    if differing := recording.about["differs"]:
        say(f"masked, these answers are understood otherwise than the originals: {differing}")
    if failure is None:
        return Exit.OK
    raise CommandFailed(
        f"the session ended early: {failure.message} ({failure.reason}); what came before is recorded",
        status=Exit.LOGIN_REJECTED if failure.reason in FATAL_FOR_SYNC else Exit.FAILED,
        hint=next_step(contact, failure),
    )
