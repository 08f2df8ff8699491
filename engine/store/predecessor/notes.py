"""What a person has to do or to know after a predecessor's database was migrated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.clinic import set_zone
from engine.store.database import Connection
from engine.store.predecessor.objects import TABLES
from engine.store.queries import Queries

SQL = Queries(__file__)


async def notes(connection: Connection) -> list[str]:
    """Sentences: credentials to set, clinics that are shut out, syncs that were closed, tables that stay open."""
    found = [sentence for row in await connection.fetch(SQL["notes"]) for sentence in _sentence(row)]
    if tables := [row["table_name"] for row in await connection.fetch(SQL["open_tables"], TABLES)]:
        found.append(
            f"row-level security stays off on {', '.join(tables)}, as it was; "
            "`idexx-sync migrate --row-level-security` switches it on"
        )
    return found


def _sentence(row: Any) -> Iterator[str]:
    match row["note"]:
        case "credentials":
            yield (
                f"another program sealed the portal credentials of clinic {row['object']!r}, and they are left alone; "
                f"store ours with `idexx-sync credentials set {row['object']}`"
            )
        case "zone":
            command = set_zone(row["object"], row["name"])
            yield (f"clinic {row['object']!r} has no time zone to go by: {row['detail']}; set it with `{command}`")
        case "closed":
            yield f"{row['object']} syncs of the service before that hung in progress were closed as failed"
        case "slug":
            yield (
                f"the slug {row['object']!r} of clinic {row['name']!r} cannot stand in a subject: use 1 to 40 of a-z, "
                "0-9 and '-'"
            )
