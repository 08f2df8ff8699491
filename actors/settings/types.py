"""The types of settings, and how the text of a variable becomes a value."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from engine.webhook_targets import Network, read_networks

Positive = Annotated[int, Field(ge=1)]
Wait = Annotated[float, Field(gt=0, le=86_400)]
Port = Annotated[int, Field(ge=0, le=65535)]
Milliseconds = Annotated[int, Field(ge=1, le=86_400_000)]


def _none_if_blank(value: object) -> object:
    """None for an empty variable: a compose file passes `NATS_URL: ${NATS_URL:-}`."""
    return None if isinstance(value, str) and not value.strip() else value


OptionalText = Annotated[str | None, BeforeValidator(_none_if_blank)]
InboxPrefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", max_length=100)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")]
OptionalUrl = Annotated[Url | None, BeforeValidator(_none_if_blank)]
OptionalInboxPrefix = Annotated[InboxPrefix | None, BeforeValidator(_none_if_blank)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_none_if_blank)]


#: The callers of the HTTP API: maps the SHA-256 of each key, in hexadecimal, to the caller's name.
ApiKeys = dict[str, str]


def _api_keys(value: object) -> object:
    """Reads `name:sha256,…`; a repeated name is a caller with two keys, so keys can be changed without a pause."""
    if not isinstance(value, str):
        return value
    keys: ApiKeys = {}
    for entry in filter(None, (entry.strip() for entry in value.split(","))):
        if not (match := re.fullmatch(r"([\w.-]{1,40}):([0-9a-f]{64})", entry)):
            raise ValueError("expected name:sha256,…; `python -m actors.http.keys NAME` makes an entry")
        keys[match[2]] = match[1]
    return keys


def _seconds(value: object) -> object:
    """Reads `5,30,120`."""
    return tuple(float(part) for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _networks(value: object) -> object:
    return read_networks(value) if isinstance(value, str) else value


#: Seconds between tries, as `5,30,120`.
Waits = Annotated[tuple[Wait, ...], NoDecode, BeforeValidator(_seconds)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
KeysOfCallers = Annotated[ApiKeys, NoDecode, BeforeValidator(_api_keys)]


def of_removal_limit(part: str) -> AliasChoices:
    """The names of a part of the removal limit; `REMOVAL_FENCE_…` is its name up to version 0.1.0."""
    return AliasChoices(f"removal_limit_{part}", f"removal_fence_{part}")
