"""Checks requests that a QStash scheduler has signed, as it signed them for the service that this one replaces.

The header `Upstash-Signature` is a JWT (HS256) whose claims name the address that was called and the SHA-256 of the
body. There are two keys, the current and the next one, so they can be changed without a pause.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

import jwt

from actors.http.responses import WrongSignature
from actors.settings import Settings

HEADER = "Upstash-Signature"

ISSUER = "Upstash"
CLAIMS = ("iss", "sub", "exp", "nbf", "body")

#: How far the clocks of the scheduler and this machine may differ, in seconds.
LEEWAY = 5.0


class SignatureCheck:
    """Verifies signatures with one of the keys. `public_url`: the address of this service, if callers use another."""

    def __init__(self, keys: Sequence[str], public_url: str | None = None) -> None:
        self._keys = keys
        self._public_url = public_url.rstrip("/") if public_url else None

    @classmethod
    def of(cls, settings: Settings) -> SignatureCheck | None:
        """None if no key is set, or `SKIP_QSTASH_VERIFY` is."""
        set_keys = (settings.qstash_current_signing_key, settings.qstash_next_signing_key)
        keys = [key.get_secret_value() for key in set_keys if key is not None]
        return cls(keys, settings.http_public_url) if keys and not settings.skip_qstash_verify else None

    def require(self, token: str, target: str, body: bytes) -> None:
        """Raises `WrongSignature` unless `token` signs a request of `target`, path and query, with this body."""
        claims = self._claims(token)
        hashed = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=")
        if not hmac.compare_digest(str(claims["body"]).rstrip("=").encode(), hashed):
            raise WrongSignature(f"the signature in {HEADER} is for another body")
        signed = str(claims["sub"])
        if not self._is_same(signed, target):
            raise WrongSignature(
                f"the signature in {HEADER} is for another address than {self._public_url or ''}{target}; if the"
                " scheduler calls another name or path than a proxy passes on, set HTTP_PUBLIC_URL to what it calls"
            )

    def _claims(self, token: str) -> dict[str, object]:
        wrong: jwt.InvalidTokenError | None = None
        for key in self._keys:
            try:
                claims: dict[str, object] = jwt.decode(
                    token,
                    key,
                    algorithms=["HS256"],
                    issuer=ISSUER,
                    leeway=LEEWAY,
                    options={"require": list(CLAIMS)},
                )
            except jwt.InvalidTokenError as error:
                # What is wrong with a token of one of our keys says more than that it is not of the other one.
                wrong = error if wrong is None or isinstance(wrong, jwt.InvalidSignatureError) else wrong
            else:
                return claims
        raise WrongSignature(
            f"the signature in {HEADER} is not valid ({wrong}): check QSTASH_CURRENT_SIGNING_KEY, "
            "QSTASH_NEXT_SIGNING_KEY and the clock of this machine"
        ) from None

    def _is_same(self, signed: str, target: str) -> bool:
        if self._public_url is not None:
            return signed == self._public_url + target
        parts = urlsplit(signed)
        return parts.path + (f"?{parts.query}" if parts.query else "") == target
