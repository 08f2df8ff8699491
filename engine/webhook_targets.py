"""The egress policy of webhooks: which addresses they may be sent to.

An operator names an address, but its host name may resolve to any, even inside our own network. The address is
therefore checked when it is stored, and the resolved address is checked at each try by the code that connects to
it (`actors.notifier.http_client`): there is no second look-up that could return something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from engine.errors import BadRequest

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL_LENGTH = 2048

_URL = re.compile(rf"[!-~]{{1,{MAX_URL_LENGTH}}}")
_HOST = re.compile(r"[A-Za-z0-9._-]+")

#: IPv4 networks that are not public (IANA's special-purpose registry), multicast, and 168.63.129.16, at which
#: Azure serves its own machines.
_NOT_PUBLIC_4 = [
    *(IPv4Network(text) for text in ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")),
    *(IPv4Network(text) for text in ("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24")),
    *(IPv4Network(text) for text in ("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24")),
    *(IPv4Network(text) for text in ("224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32")),
]

#: The public IPv6 addresses, and the exceptions among them.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = [IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]

#: IPv6 addresses that stand for IPv4 ones on machines without IPv4 (NAT64).
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """Allows the public internet by TLS, and the operator's `private` networks with or without TLS."""

    private: tuple[Network, ...] = ()

    def check_url(self, url: str) -> str:
        """Returns the address unchanged. Raises `BadRequest` that says what to write instead."""
        if not _URL.fullmatch(url):
            raise BadRequest(f"url: use 1 to {MAX_URL_LENGTH} ASCII characters without spaces")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise BadRequest(f"url: {error}; use one like https://example.com/hooks/idexx") from None
        if parts.scheme != "https" and not (parts.scheme == "http" and self.private):
            raise BadRequest(
                f"url: {parts.scheme or 'no scheme'} is not https; webhooks without TLS are allowed "
                "only to the networks of WEBHOOK_PRIVATE_NETWORKS"
            )
        if "@" in parts.netloc:
            raise BadRequest("url: remove the user and password; receivers authenticate us by the signature")
        if port == 0 or not (_HOST.fullmatch(host) or _is_address(host)):
            raise BadRequest(
                f"url: {parts.netloc!r} is not a valid host; use one like example.com or example.com:8443"
            )
        if _is_address(host) and not self.allows(ip_address(host), tls=parts.scheme == "https"):
            raise BadRequest(f"url: {host} {NOT_ALLOWED}")
        return url

    def allows(self, address: Address, *, tls: bool) -> bool:
        """Whether a connection to `address` may be made."""
        inner = _unwrapped(address)
        return any(inner in network for network in self.private) or (tls and _is_public(inner))


NOT_ALLOWED = (
    "is not on the public internet, or would be reached without TLS; if it is meant, add its network to "
    "WEBHOOK_PRIVATE_NETWORKS (here, and for the notifier)"
)


def read_networks(text: str) -> tuple[Network, ...]:
    """Reads `10.1.0.0/16,127.0.0.1`; raises `ValueError` that names the entry that is not a network."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _unwrapped(address: Address) -> Address:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_PUBLIC_6)
