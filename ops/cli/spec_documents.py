"""The machine-readable documents of the interface: `idexx-sync spec` prints them, docs/spec/ contains them."""

from __future__ import annotations

import json
from typing import Any

from actors.http.openapi import description
from actors.spec import asyncapi, schemas

#: In the order in which they are listed.
NAMES = ("asyncapi", "schemas", "openapi")


def document(name: str) -> dict[str, Any]:
    """The document with this name, one of `NAMES`."""
    match name:
        case "asyncapi":
            return asyncapi.document()
        case "schemas":
            return schemas.page()
        case "openapi":
            return description(with_keys=True)
    raise ValueError(f"{name!r} is none of {', '.join(NAMES)}")


def text(name: str, *, ascii_only: bool = False) -> str:
    """The same as indented JSON text."""
    return json.dumps(document(name), indent=2, ensure_ascii=ascii_only) + "\n"
