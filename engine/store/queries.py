"""Reads SQL from the `.sql` files beside the functions that run it."""

from __future__ import annotations

from pathlib import Path


class Queries(dict[str, str]):
    """The `.sql` files beside one module: `Queries(__file__)["claim_dates"]` is the text of `claim_dates.sql`."""

    def __init__(self, module_file: str) -> None:
        super().__init__()
        self._folder = Path(module_file).parent

    def __missing__(self, name: str) -> str:
        """Reads each file once."""
        self[name] = (self._folder / f"{name}.sql").read_text(encoding="utf-8")
        return self[name]
