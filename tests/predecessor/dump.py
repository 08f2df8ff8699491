"""What a database is made of, so that two can be compared."""

from __future__ import annotations

import re
import subprocess

import asyncpg

from engine.store.predecessor import TABLES
from ops.local.embedded.postgres import find_programs

#: Random words of pg_dump 18, and names that say nothing: only what a constraint or an index demands is compared.
_NOISE = re.compile(
    r"^(--.*|\\(un)?restrict .*|SET .*|SELECT pg_catalog.*|CREATE POLICY \"(Users|Service).*| +WHERE \(u\.id = .*|)$"
)
_NAMES = (
    (re.compile(r"\bCONSTRAINT (\"[^\"]+\"|\S+) "), ""),
    (re.compile(r"(CREATE (?:UNIQUE )?INDEX )(\"[^\"]+\"|\S+) "), r"\1"),
    (re.compile(r"(CREATE TRIGGER )\S+ (.*) EXECUTE FUNCTION (public\.set_updated_at|idexx_sync\.keep_updated_at)\(\)"),
     r"\1\2 EXECUTE keep updated_at"),
)  # fmt: skip

#: What belongs to other programs, or follows from who was there: not part of our schema.
_FOREIGN = re.compile(
    r"set_updated_at\(\) RETURNS|COMMENT ON|public\.users\b|call_logs|todays_calls|appointment_report"
)


def schema_of(url: str) -> tuple[list[str], dict[str, list[str]]]:
    """The schema `idexx_sync` as pg_dump writes it, and the statements of each table in `public`, in any order."""
    own = [line for line in _dump(url, "--schema=idexx_sync").splitlines() if not _NOISE.match(line)]
    shared = {}
    for table in TABLES:
        shared[table] = sorted(_parts(_dump(url, f"--table=public.{table}")))
    return own, shared


async def digests(connection: asyncpg.Connection) -> dict[str, dict[str, str]]:
    """A digest of each column of each of the predecessor's tables, in the order of the rows' ids."""
    found: dict[str, dict[str, str]] = {}
    for table in TABLES:
        rows = await connection.fetch(
            "select attname from pg_attribute where attrelid = $1::text::regclass and attnum > 0 and not attisdropped",
            f"public.{table}",
        )
        found[table] = {}
        for (column,) in rows:
            found[table][column] = await connection.fetchval(
                "select count(*) || md5(coalesce(string_agg("
                f"id || coalesce(\"{column}\"::text, '∅'), ',' order by id), '')) from public.{table}"
            )
    return found


def whole(url: str) -> list[str]:
    """Everything of a database, with owners and grants, as pg_dump writes it."""
    command = [find_programs() / "pg_dump", "--schema-only", "--dbname", url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted(line for line in text.splitlines() if not _NOISE.match(line) or line.startswith("CREATE"))


def _dump(url: str, which: str) -> str:
    command = [
        find_programs() / "pg_dump",
        "--schema-only",
        "--no-owner",
        "--no-privileges",
        which,
        "--dbname",
        url,
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _parts(text: str) -> list[str]:
    """Columns, constraints, indexes, triggers and settings of a table, without names and order."""
    lines = [line for line in text.splitlines() if not _NOISE.match(line) and not _FOREIGN.search(line)]
    joined = re.sub(r"\n {8}(?=ADD )", " ", "\n".join(lines))
    joined = re.sub(r"ALTER TABLE ONLY (\S+) ADD ", r"ALTER TABLE \1 ADD ", joined)
    parts = []
    for line in joined.splitlines():
        for pattern, replacement in _NAMES:
            line = pattern.sub(replacement, line)
        parts.append(re.sub(r"^ALTER TABLE \S+ ADD ", "", line).strip().rstrip(",;"))
    return parts
