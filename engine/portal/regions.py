"""Recognizes the portal of another region: the same site with another first label, such as `eu.` for `us.`."""

from __future__ import annotations

from urllib.parse import urlsplit

from engine.failure import Failure, Reason


def other_region(base_url: str, target: str) -> str | None:
    """The origin of `target` if it is a sibling of the portal's host; None for the portal itself and for strangers."""
    try:
        own, other = urlsplit(base_url), urlsplit(target)
        port = f":{other.port}" if other.port else ""
    except ValueError:  # an invalid port, or brackets without an IPv6 address
        return None
    own_site, other_site = _site(own.hostname), _site(other.hostname)
    if other.scheme != "https" or other_site is None or other_site != own_site or own.hostname == other.hostname:
        return None
    return f"https://{other.hostname}{port}"


def left_portal(base_url: str, target: str, otherwise: str) -> Failure:
    """The failure of a way out of the portal. It names only the address of another region: any other may be secret."""
    if (region := other_region(base_url, target)) is None:
        return Failure(Reason.LEFT_PORTAL, otherwise)
    return Failure(
        Reason.LEFT_PORTAL,
        f"the portal sends this account to {region}, the portal of another region; {base_url.rstrip('/')} is set: "
        f"set the credentials again with the address {region} for this clinic, or IDEXX_BASE_URL={region} for all "
        "clinics, whose credentials are set again then; afterwards test the credentials",
    )


def _site(host: str | None) -> str | None:
    """What follows the first label, if that is a site's name and not a part of an address or a top-level domain."""
    site = (host or "").partition(".")[2]
    return site if "." in site and not site.replace(".", "").isdigit() else None
