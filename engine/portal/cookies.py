"""A session's cookies outside of a browser: selects those for a call, applies those that a response sets."""

from __future__ import annotations

import http.cookiejar
import urllib.request
from collections.abc import Sequence
from email.message import Message
from typing import Any, cast
from urllib.parse import urlsplit

from engine.portal.protocols import Cookie

#: Playwright's expiry time of a session cookie.
_NEVER = -1

#: The standard library gives cookies of a host without a dot this domain suffix.
_LOCAL = ".local"


class CookieJar:
    """A jar made from a browser's cookies; `cookies` returns them with all changes."""

    def __init__(self, cookies: Sequence[Cookie], base_url: str) -> None:
        # A browser considers this machine secure, and sends it secure cookies without TLS.
        secure = ("https", "http") if base_url.startswith("http:") else ("https",)
        self._jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(secure_protocols=secure))
        for cookie in cookies:
            self._jar.set_cookie(_from_browser(cookie))
        self._before = self._values()

    @property
    def has_changed(self) -> bool:
        return self._values() != self._before

    def header(self, url: str) -> str | None:
        """The value of the Cookie header of a call; None if no cookie matches."""
        request = urllib.request.Request(url)  # noqa: S310 (nothing is opened: it only holds the address)
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie")

    def take(self, url: str, set_cookies: Sequence[str]) -> None:
        """Applies the cookies that the response to a call sets, changes or ends."""
        if set_cookies:
            request = urllib.request.Request(url)  # noqa: S310 (as above)
            self._jar.extract_cookies(cast(Any, _Answer(set_cookies)), request)

    def cookies(self) -> Sequence[Cookie]:
        return [_to_browser(cookie) for cookie in self._jar]

    def _values(self) -> set[tuple[str, str, str, str | None]]:
        return {(cookie.name, cookie.domain, cookie.path, cookie.value) for cookie in self._jar}


class _Answer:
    """The part of a response that the standard library reads."""

    def __init__(self, set_cookies: Sequence[str]) -> None:
        self._headers = Message()
        for value in set_cookies:
            self._headers["Set-Cookie"] = value

    def info(self) -> Message:
        return self._headers


def _from_browser(cookie: Cookie) -> http.cookiejar.Cookie:
    """A browser's cookie as the standard library's. A cookie with a `url` is for that host alone."""
    domain = cookie.get("domain") or urlsplit(cookie.get("url", "")).hostname or ""
    path, expires = cookie.get("path") or "/", cookie.get("expires", _NEVER)
    return http.cookiejar.Cookie(
        version=0,
        name=cookie["name"],
        value=cookie["value"],
        port=None,
        port_specified=False,
        domain=domain if "." in domain else domain + _LOCAL,
        domain_specified=domain.startswith("."),
        domain_initial_dot=domain.startswith("."),
        path=path,
        path_specified=True,
        secure=bool(cookie.get("secure", False)),
        expires=None if expires == _NEVER else int(expires),
        discard=expires == _NEVER,
        comment=None,
        comment_url=None,
        rest={name: str(cookie[name]) for name in ("httpOnly", "sameSite") if cookie.get(name)},
    )


def _to_browser(cookie: http.cookiejar.Cookie) -> Cookie:
    given = {
        "name": cookie.name,
        "value": cookie.value or "",
        "domain": cookie.domain.removesuffix(_LOCAL),
        "path": cookie.path,
        "expires": _NEVER if cookie.expires is None else cookie.expires,
        "secure": cookie.secure,
        "httpOnly": cookie.has_nonstandard_attr("httpOnly") or cookie.has_nonstandard_attr("HttpOnly"),
    }
    same_site = cookie.get_nonstandard_attr("sameSite") or cookie.get_nonstandard_attr("SameSite")
    return given | ({"sameSite": same_site.capitalize()} if same_site else {})
