"""The command `spec`: prints the specification of the NATS and HTTP interfaces."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ops.terminal.encoding import is_unicode
from ops.terminal.output import Json, answer, say


def spec(
    document: Annotated[
        Literal["asyncapi", "schemas", "openapi"] | None,
        Parameter(help="asyncapi: subjects and messages; schemas: the messages as JSON Schemas; openapi: HTTP."),
    ] = None,
    *,
    write: Annotated[
        Path | None, Parameter(help="Folder to write to: the named document, or all of them.")
    ] = None,
    json: Json = False,
) -> None:
    """Print the interface as AsyncAPI 3, JSON Schema (2020-12) or OpenAPI 3.1; default: AsyncAPI.

    The documents are generated from the models that validate the messages.

    Example: `idexx-sync spec schemas`, or `idexx-sync spec --write docs/spec`
    """
    from ops.cli import spec_documents

    if write is None:
        wanted = document or "asyncapi"
        if json:
            answer(spec_documents.document(wanted))
        else:
            print(spec_documents.text(wanted, ascii_only=not is_unicode(sys.stdout)), end="")
        return
    write.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for name in [document] if document else spec_documents.NAMES:
        paths.append(write / f"{name}.json")
        paths[-1].write_text(spec_documents.text(name), encoding="utf-8")
    if json:
        answer({"ok": True, "written": paths})
    else:
        say("written: " + ", ".join(map(str, paths)))
