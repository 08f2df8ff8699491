"""The sync argument of commands, and the lookup of a sync with its clinic in the database."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from engine.clinic import Clinic
from engine.errors import UnknownClinic, UnknownSync
from engine.store.clinics import find_clinic
from engine.store.database import Connection
from engine.store.syncs.reading import find_by_start, list_syncs
from engine.sync import Sync
from engine.sync_reference import FEWEST, LIST_SYNCS, id_range, no_such_sync

SyncId = Annotated[
    str,
    Parameter(
        help=f"A sync's id, as `runs` shows it, or the first {FEWEST} or more characters of it; or a clinic's slug "
        "for its latest sync."
    ),
]


async def find_sync(connection: Connection, text: str) -> tuple[Clinic, Sync]:
    """Returns the sync and its clinic. Raises `UnknownSync`, or `BadRequest` if several ids begin with the text.

    The slug of a clinic comes before the start of an id.
    """
    ids = id_range(text)
    if ids is None or ids[0] != ids[1]:
        try:
            clinic = await find_clinic(connection, text)
        except UnknownClinic:
            pass
        else:
            if not (latest := await list_syncs(connection, clinic.id, 1)):
                raise UnknownSync(f"clinic {clinic.slug!r} has no sync yet", hint=f"idexx-sync sync {clinic.slug}")
            return clinic, latest[0]
    if ids is None:
        raise UnknownSync(no_such_sync(text), hint=LIST_SYNCS)
    sync = await find_by_start(connection, text)
    return await find_clinic(connection, str(sync.clinic_id)), sync
