"""The columns of the tables in `public`: as they are, and as the migrations leave them (`public_tables.json`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.store.database import Connection
from engine.store.predecessor.objects import TABLES
from engine.store.queries import Queries

SQL = Queries(__file__)

#: Written by `python -m ops.dev.public_tables` after the last migration.
FILE = Path(__file__).parents[1] / "migrations" / "public_tables.json"


@dataclass(frozen=True, slots=True)
class Column:
    type: str
    not_null: bool
    default: str | None
    is_generated: bool

    @property
    def may_be_left_out(self) -> bool:
        """Whether an insert that does not know the column succeeds."""
        return not self.not_null or self.default is not None


#: Columns by table and name.
Shape = Mapping[str, Mapping[str, Column]]


async def read_shape(connection: Connection) -> Shape:
    shape: dict[str, dict[str, Column]] = {}
    for row in await connection.fetch(SQL["columns"], TABLES):
        column = Column(row["type"], row["not_null"], row["default_value"], row["is_generated"])
        shape.setdefault(row["table_name"], {})[row["name"]] = column
    return shape


def final_shape() -> Shape:
    """The shape after the last migration."""
    tables = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        table: {name: Column(**column) for name, column in columns.items()} for table, columns in tables.items()
    }


def to_json(shape: Shape) -> str:
    """The text of the file. In the order of names: that of the columns depends on where a database started."""
    tables = {
        table: {name: asdict(column) for name, column in sorted(columns.items())}
        for table, columns in sorted(shape.items())
    }
    return json.dumps(tables, indent=1) + "\n"
