"""A webhook goes to the public internet by TLS, and into our own networks only where an operator has said so."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import BadRequest
from engine.webhook_targets import EgressPolicy

PUBLIC = EgressPolicy()
OPEN = EgressPolicy((ip_network("10.1.0.0/16"), ip_network("127.0.0.0/8"), ip_network("fd00::/8")))

_INSIDE = (
    "0.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.8.8.8 168.63.129.16 169.254.169.254",
    "172.16.0.1 172.31.255.254 192.0.0.1 192.0.2.9 192.168.1.1 198.18.0.1 203.0.113.1 224.0.0.1 255.255.255.255",
    ":: ::1 ::ffff:10.0.0.1 ::ffff:127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe fe80::1 fec0::1 fc00::1",
    "fd00:ec2::254 ff02::1 2001:db8::1 2002:7f00:1::1 2001::1 ::7f00:1",
)
INSIDE = [address for line in _INSIDE for address in line.split()]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_on_the_internet_is_not_reached(address: str) -> None:
    assert not PUBLIC.allows(ip_address(address), tls=True)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101"]
)
def test_what_is_on_the_internet_is_reached_by_tls_only(address: str) -> None:
    assert PUBLIC.allows(ip_address(address), tls=True)
    assert not OPEN.allows(ip_address(address), tls=False)


@given(st.ip_addresses())
def test_python_itself_knows_no_private_address_that_we_would_reach(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if PUBLIC.allows(address, tls=True) and address not in ip_network("64:ff9b::/96"):
        assert address.is_global
        assert not address.is_multicast


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "::ffff:127.0.0.1", "fd12::1"])
def test_networks_that_were_named_are_reached_with_and_without_tls(address: str) -> None:
    assert OPEN.allows(ip_address(address), tls=True)
    assert OPEN.allows(ip_address(address), tls=False)
    assert not OPEN.allows(ip_address("10.2.0.1"), tls=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hooks?token=a",
        "https://example.com:8443",
        "https://1.1.1.1/",
        "https://[2606:4700::1111]/x",
    ],
)
def test_good_addresses(url: str) -> None:
    assert PUBLIC.check_url(url) == url


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://example.com/", "https"),
        ("ftp://example.com/", "https"),
        ("example.com/hook", "no scheme"),
        ("https://desk:secret@example.com/", "user and password"),
        ("https:///path", "is not a valid host"),
        ("https://example.com:0/", "is not a valid host"),
        ("https://example.com:99999/", "url:"),
        ("https://[::1/", "url:"),
        ("https://exa mple.com/", "ASCII"),
        ("https://bücher.example/", "ASCII"),
        ("https://example.com\\@10.0.0.1/", "user and password"),
        ("https://10.0.0.1/", "WEBHOOK_PRIVATE_NETWORKS"),
        ("https://[::ffff:a00:1]/", "WEBHOOK_PRIVATE_NETWORKS"),
        ("https://example.com/" + "a" * 2048, "2048"),
    ],
)
def test_bad_addresses_are_refused_with_what_to_write(url: str, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        PUBLIC.check_url(url)


@given(st.text(max_size=60), st.booleans())
def test_any_text_is_an_address_or_refused(text: str, is_tail: bool) -> None:
    with suppress(BadRequest):
        OPEN.check_url("https://" + text if is_tail else text)


def test_without_tls_only_where_a_network_was_named() -> None:
    assert OPEN.check_url("http://receiver.internal/") == "http://receiver.internal/"
    with pytest.raises(BadRequest):
        OPEN.check_url("http://1.1.1.1/")
