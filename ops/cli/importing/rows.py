"""Reads rows of named values from CSV and TOML, each with its line."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ops.cli.importing.faults import Faults

#: The name of a table in TOML: `[[clinic]]`.
TABLE = "clinic"

_HEADER = re.compile(rf"^\s*\[\[\s*{TABLE}\s*\]\]")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class Row:
    """`values` has the values that are given; `lines` the line of each, where it is not that of the row."""

    line: int
    values: Mapping[str, str] = field(repr=False)
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, name: str) -> int:
        return self.lines.get(name, self.line)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file. `secret`: no value may be repeated, not even that of the first line. `elsewhere`: the
    command that reads a column which a person may expect here."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    secret: bool = False
    elsewhere: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> tuple[str, ...]:
        return self.required + self.optional

    def check(self, names: Collection[str], line: int, faults: Faults) -> None:
        """Adds a fault for each name that is not known, and one for those that are missing."""
        listed = ", ".join([*self.required, *(f"[{name}]" for name in self.optional)])
        for name in sorted(set(names) - set(self.known)):
            shown = "a column" if self.secret else f"{name!r}"
            if name in self.elsewhere:
                faults.add(line, f"{shown} does not belong in this file: {self.elsewhere[name]}")
            else:
                faults.add(line, f"{shown} is not known; the columns are {listed}")
        if missing := [name for name in self.required if name not in names]:
            faults.add(line, f"{', '.join(missing)}: missing; the columns are {listed}")


def read_csv(text: str, columns: Columns, faults: Faults) -> list[Row]:
    """Returns the rows below the first line, which names the columns; separated by commas or semicolons."""
    first = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text), delimiter=";" if ";" in first and "," not in first else ",", strict=True
    )
    names: list[str] = []
    rows: list[Row] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            faults.add(line, f"is not CSV: {error}")
            break
        if cells is None:
            break
        if not any(cell.strip() for cell in cells):
            continue
        if not names:
            names = [cell.strip().lower() for cell in cells]
            columns.check(names, line, faults)
            faults.check()  # without the columns, no value can be checked
        elif len(cells) != len(names):
            faults.add(line, f"has {len(cells)} values for {len(names)} columns")
        else:
            # A password is taken as it is written.
            given = {
                name: cell if columns.secret else cell.strip() for name, cell in zip(names, cells, strict=True)
            }
            rows.append(Row(line, {name: cell for name, cell in given.items() if cell.strip()}))
    if not names:
        columns.check((), 1, faults)
    return rows


def read_toml(text: str, columns: Columns, faults: Faults) -> list[Row]:
    """Returns the rows of `[[clinic]]` tables."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        faults.add(
            int(at[1]) if at else text.count("\n") + 1, f"is not TOML: {_AT_LINE.sub('', str(error)).strip()}"
        )
        return []
    tables = document.pop(TABLE, [])
    if document or not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        faults.add(1, f"must have only tables [[{TABLE}]], with {', '.join(columns.known)}")
        return []
    found = _table_lines(text)
    lines: list[dict[str, int]] = found if len(found) == len(tables) else [{} for _ in tables]
    return [
        row for table, places in zip(tables, lines, strict=True) if (row := _row(table, places, columns, faults))
    ]


def _row(table: Mapping[str, object], places: Mapping[str, int], columns: Columns, faults: Faults) -> Row | None:
    line = places.get(TABLE, 1)
    for name, value in table.items():
        if name not in columns.known:
            columns.check([*columns.required, name], places.get(name, line), faults)
        elif not isinstance(value, str):
            faults.add(places.get(name, line), f"{name}: must be a text in quotes")
    values = {name: value.strip() for name, value in table.items() if isinstance(value, str) and value.strip()}
    return Row(line, values, places)


def _table_lines(text: str) -> list[dict[str, int]]:
    """For each table the lines of its keys; that of its header is under the name of the table."""
    tables: list[dict[str, int]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if _HEADER.match(line):
            tables.append({TABLE: number})
        elif tables and (key := re.match(r"\s*\"?([A-Za-z0-9_-]+)\"?\s*=", line)):
            tables[-1].setdefault(key[1], number)
    return tables
