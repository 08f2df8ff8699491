"""An example or more of each message, as the sandbox's clinics gave them: `examples.json`, by the model's name."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel


def examples_of(model: type[BaseModel]) -> list[Any]:
    """Payloads, in the order in which they explain themselves. Raises `KeyError` for one that has none."""
    found: list[Any] = _all()[model.__name__]
    return found


@cache
def _all() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads((files(__package__) / "examples.json").read_text(encoding="utf-8"))
    return found
