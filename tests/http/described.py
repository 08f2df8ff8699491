"""Holds what the API answers against its own description."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from actors.http.openapi import description
from actors.spec.schemas import closed

#: Starlette's own, for every path: no such method.
_EVERYWHERE = {405}


async def as_described(response: httpx.Response) -> None:
    """A hook for a client: fails the request whose answer the description does not have."""
    path = _path(response.request.url.path)
    kind = response.headers.get("content-type", "").partition(";")[0]
    if path is None or response.status_code in _EVERYWHERE or kind != "application/json":
        return
    await response.aread()
    asked = f"{response.request.method} {path}: {response.status_code}"
    validator = _validator(path, response.request.method.lower(), str(response.status_code))
    assert validator is not None, f"{asked} is not described"
    faults = [error.message for error in validator.iter_errors(response.json())]
    assert not faults, f"{asked}: {faults}\n{response.text[:500]}"


@cache
def _page() -> dict[str, Any]:
    return description(with_keys=True)


def _path(path: str) -> str | None:
    """The path of the description that this one is; None: nothing of the API."""
    for known in _page()["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path):
            return str(known)
    return None


@cache
def _validator(path: str, method: str, status: str) -> Any:
    answers = _page()["paths"][path].get(method, {}).get("responses", {})
    schema = answers.get(status, {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None
    parts = {"components": {"schemas": closed(_page()["components"]["schemas"])}}
    return jsonschema_rs.Draft202012Validator({**schema, **parts}, validate_formats=True)
