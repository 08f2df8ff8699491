"""SQL lives in `.sql` files beside the functions that run it; this reads them."""

from __future__ import annotations

from functools import cache
from pathlib import Path


class Queries:
    """The `.sql` files beside one module: `Queries(__file__)["claim_date"]` is the text of `claim_date.sql`."""

    def __init__(self, module_file: str) -> None:
        self._folder = Path(module_file).parent

    def __getitem__(self, name: str) -> str:
        return _read(self._folder / f"{name}.sql")


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
