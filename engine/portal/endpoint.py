"""An origin as connections know it: scheme, host and port."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An origin: the target of one connection."""

    scheme: str
    host: str
    port: int


def endpoint_of(address: str) -> Endpoint | None:
    """The origin of an absolute http(s) address; None for any other address."""
    try:
        parts = urlsplit(address)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:  # an invalid port, or brackets without an IPv6 address
        return None
    return Endpoint(parts.scheme, parts.hostname, port) if parts.hostname and port else None
