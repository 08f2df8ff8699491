"""docs/interface.md is true: its tables are generated, or compared with what they describe."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import asyncpg
import pytest

from actors.http.openapi import description
from actors.spec.page import filled
from actors.spec.refusals import REFUSALS
from engine.errors import EngineError
from ops.client.exit_status import Exit

PAGE = Path(__file__).parent.parent.parent / "docs/interface.md"

#: What no request on NATS ends with: these are of the command line and HTTP alone.
OF_THE_COMMAND_LINE = {
    "UnknownWebhook",
    "UnknownDelivery",
    "UnknownBooking",
    "UnknownApiKey",
    "UnknownCalendarFeed",
    "UnknownEvidence",
    "NoSchedule",
}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_its_parts_are_as_they_are_made() -> None:
    text = PAGE.read_text()
    assert text.count("<!-- made: ") >= 5
    assert filled(text) == text, "run `python -m actors.spec docs/interface.md`"


def test_every_refusal_on_nats_is_documented() -> None:
    for module in ("engine.errors", "actors.messages", "actors.dispatcher", "actors.gateway.service"):
        errors = [one for one in vars(importlib.import_module(module)).values() if isinstance(one, type)]
        for error in errors:
            if (
                issubclass(error, EngineError)
                and error is not EngineError
                and error.__name__ not in OF_THE_COMMAND_LINE
                and "reason" in vars(error)  # one without has the words of the error that it specializes
            ):
                assert error in REFUSALS, error


@pytest.mark.anyio
async def test_the_database_has_what_it_promises(pool: asyncpg.Pool) -> None:
    documented = rows("The database")
    assert len(documented) >= 7
    for tables, _, columns in documented:
        for table in re.findall(r"`(?:idexx_sync\.)?(\w+)`", tables):
            found = await pool.fetch(
                "select column_name from information_schema.columns where table_name = $1", table
            )
            missing = set(re.findall(r"`(\w+)`", columns)) - {row["column_name"] for row in found}
            assert not missing, f"{table} has no {missing}"
    statements = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert statements
    await pool.execute("".join(statements))


def test_every_path_of_the_api_is_documented_and_no_other() -> None:
    documented = {path for cells in rows("HTTP") for path in re.findall(r"`(?:GET|POST) (/[^`]*)`", cells[0])}
    assert documented == {*description(with_keys=False)["paths"], "/metrics"}


def test_every_exit_status_is_documented() -> None:
    assert [int(status) for status, _ in rows("Exit statuses")] == sorted(Exit)
