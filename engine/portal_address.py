"""The address of a portal: which forms are accepted, and the origin to which credentials and sessions are bound."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from engine.errors import BadRequest

#: Addresses of their own that all clinics together may have: each has a rate limit, a breaker and metrics.
MAX_ADDRESSES = 32

#: Length of an address in characters.
MAX_LENGTH = 200

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")


def check_address(address: str) -> str:
    """The address in its one spelling: lower case, no default port, no slash at its end.

    Raises `BadRequest` for anything but https with a host and perhaps a path; on loopback, http is accepted.
    """
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:  # an invalid port, or brackets without an IPv6 address
        raise _refused(address, "it is not an address") from None
    path = parts.path.rstrip("/")
    if len(address) > MAX_LENGTH:
        raise BadRequest(f"address: it has {len(address)} characters, more than {MAX_LENGTH}")
    if parts.username is not None or parts.password is not None:
        raise BadRequest("address: it contains a user name or a password; give the address without them")
    if parts.scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host):
        raise _refused(address, "it is not an https address")
    if parts.query or parts.fragment or not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise _refused(address, "only a plain path may follow its host")
    if parts.scheme != "https" and not is_loopback(host):
        raise _refused(address, "a password sent to it could be read on the way")
    return f"{parts.scheme}://{_host_and_port(parts.scheme, host, port)}{path}"


def origin_of(address: str) -> str:
    """Scheme, host and port of a portal's address, in one spelling."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{_host_and_port(parts.scheme, parts.hostname or '', parts.port)}"


def host_of(address: str) -> str:
    """The host of a portal's address, with its port unless that is the default; for people and metrics."""
    return origin_of(address).partition("://")[2]


def is_loopback(host: str) -> bool:
    """Whether connections to this host stay on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host_and_port(scheme: str, host: str, port: int | None) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{shown}:{port}"


def _refused(address: str, problem: str) -> BadRequest:
    return BadRequest(
        f"address: {address!r} is refused: {problem}; use one like https://eu.idexxneo.com (http only on loopback)"
    )
