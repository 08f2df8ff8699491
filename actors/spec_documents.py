"""The documents that other programs read: as `idexx-sync spec` prints them, and as docs/spec/ has them."""

from __future__ import annotations

import json
from typing import Any

from actors.http.openapi import description
from actors.spec import asyncapi, schemas

#: In the order in which they are listed.
NAMES = ("asyncapi", "schemas", "openapi")


def document(name: str) -> dict[str, Any]:
    """One of `NAMES`."""
    match name:
        case "asyncapi":
            return asyncapi.document()
        case "schemas":
            return schemas.page()
        case "openapi":
            return description(with_keys=True)
    raise ValueError(f"{name!r} is none of {', '.join(NAMES)}")


def text(name: str, *, ascii_only: bool = False) -> str:
    """The same, to be read by people, too."""
    return json.dumps(document(name), indent=2, ensure_ascii=ascii_only) + "\n"
