"""Builds a predecessor's database, in the variants that were found."""

from __future__ import annotations

import re
from pathlib import Path

import asyncpg

FOLDER = Path(__file__).parent

#: Everything that a database may have and may lack.
FEATURES = frozenset({"slug", "timezone", "unique_name", "extras", "progress", "current_date", "status_check"})

#: Databases of the predecessor, by what they have.
VARIANTS = {
    "december": FEATURES - {"slug", "timezone", "extras", "status_check"},
    "later": FEATURES - {"status_check"},
    "bare": frozenset[str](),
    "everything": FEATURES,
}

#: Its clinics, in order.
ELM, OAK, ASH = (f"c0000000-0000-0000-0000-00000000000{n}" for n in (1, 2, 3))

_MARK = re.compile(r"^(.*?) *--([?!]) (\w+)$")


def text_of(name: str, features: frozenset[str]) -> str:
    """The text of a file, without the lines that the features do not have."""
    kept = []
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        marked = _MARK.match(line)
        if marked is None or (marked[3] in features) is (marked[2] == "?"):
            kept.append(line if marked is None else marked[1])
    return "\n".join(kept)


async def build(connection: asyncpg.Connection, features: frozenset[str] = VARIANTS["later"]) -> None:
    """Makes the predecessor's database, with its rows, as its owner would have it at Supabase."""
    for name in ("supabase.sql", "tables.sql", "functions.sql", "rows.sql"):
        await connection.execute(text_of(name, features))
