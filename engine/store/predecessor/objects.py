"""Recognises a predecessor's database, and notes what it has before anything of it is replaced."""

from __future__ import annotations

from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)

#: The predecessor's tables, which we share with the programs around it.
TABLES = (
    "clinics",
    "idexx_credentials",
    "schedule_slots",
    "schedule_appointments",
    "vapi_bookings",
    "clinic_schedule_config",
    "clinic_blocked_periods",
    "schedule_syncs",
)

#: The predecessor's functions, which programs around it call.
FUNCTIONS = (
    "get_available_slots",
    "book_slot_with_hold",
    "auto_reschedule_conflicts",
    "update_slot_booked_count",
    "update_slot_counts_bulk",
    "get_active_sync_count",
    "generate_confirmation_number",
)


async def is_predecessor(connection: Connection) -> bool:
    """Whether the database has a table of the predecessor; only asked where no migration of ours was applied."""
    found: bool = await connection.fetchval(SQL["has_tables"], TABLES)
    return found


async def secure(connection: Connection) -> list[str]:
    """Switches row-level security on wherever it is off; returns the tables."""
    rows = await connection.fetch(SQL["open_tables"], TABLES)
    for row in rows:
        await connection.execute(row["enabling"])
    return [row["table_name"] for row in rows]


async def save_objects(connection: Connection) -> None:
    """Notes the predecessor's columns, functions and status constraints, for `migrate --undo`."""
    await connection.execute("set local search_path to pg_catalog, pg_temp")
    await connection.execute(SQL["objects_table"])
    await connection.execute(SQL["save_objects"], TABLES, FUNCTIONS)
