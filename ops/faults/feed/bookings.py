"""Bookings of another program during a fault run: made, moved and cancelled at random."""

from __future__ import annotations

import random

from engine.store.database import Connection
from engine.store.queries import Queries

SQL = Queries(__file__)


async def change_bookings(connection: Connection, clinics: list[str], rng: random.Random, count: int) -> None:
    """Makes `count` changes, each in a transaction of its own."""
    for _ in range(count):
        name = rng.choice(("make_booking", "make_booking", "move_booking", "cancel_booking"))
        await connection.execute(SQL[name], rng.choice(clinics), rng.random())
