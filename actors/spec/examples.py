"""Examples of each message, recorded from the sandbox's clinics, in `examples.json` by model name."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel


def examples_of(model: type[BaseModel]) -> list[Any]:
    """Returns the examples of a message, in reading order. Raises `KeyError` for a message without an example."""
    found: list[Any] = _all()[model.__name__]
    return found


@cache
def _all() -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads((files(__package__) / "examples.json").read_text(encoding="utf-8"))
    return found
