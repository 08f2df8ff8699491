"""Seals secrets at rest: AES-256-GCM under a ring of keys.

`ENCRYPTION_KEY` is a comma-separated list of `id:base64` pairs, each key 32 bytes. The first key seals; all of
them open, so keys rotate without downtime: put a new one in front, run `idexx-sync key rotate`, then drop
the old one. The clinic, the secret's purpose and the key's id are the associated data: a sealed text moved to
another row does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import ExpectedError

_NONCE_BYTES = 12
_KEY_BYTES = 32
_KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,32}")


class VaultError(ExpectedError):
    """The key ring cannot be read, or a secret cannot be opened with it."""

    code = 400


class WrongKey(VaultError):
    """A secret was sealed with a key that this ring does not have; a process with the right ring opens it."""


@dataclass(frozen=True, slots=True)
class Sealed:
    key_id: str
    data: bytes


class Vault:
    """Seals and opens secrets. Its repr shows only the ids of its keys."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._fingerprints = {key_id: _fingerprint(key) for key_id, key in keys.items()}
        self.primary = next(iter(keys))

    @classmethod
    def from_ring(cls, ring: str) -> Self:
        """Reads `ENCRYPTION_KEY`; raises `VaultError` with the remedy."""
        keys: dict[str, bytes] = {}
        for entry in filter(None, (part.strip() for part in ring.split(","))):
            key_id, colon, text = entry.partition(":")
            if not colon or not _KEY_ID.fullmatch(key_id):
                raise VaultError(f"ENCRYPTION_KEY: an entry is not id:base64{_predecessors(entry)}; {_REMEDY}")
            if key_id in keys:
                raise VaultError(f"ENCRYPTION_KEY: two keys have the id {key_id!r}; give the new one another id")
            keys[key_id] = _decode(key_id, text)
        if not keys:
            raise VaultError(f"ENCRYPTION_KEY is empty; {_REMEDY}")
        return cls(keys)

    def seal(self, clinic_id: UUID, purpose: str, secret: bytes) -> Sealed:
        nonce = os.urandom(_NONCE_BYTES)
        data = self._ciphers[self.primary].encrypt(nonce, secret, _context(clinic_id, purpose, self.primary))
        return Sealed(self.primary, nonce + data)

    def open(self, clinic_id: UUID, purpose: str, sealed: Sealed) -> bytes:
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            raise WrongKey(
                f"the {purpose} of clinic {clinic_id} is encrypted with key {sealed.key_id!r}, which "
                f"ENCRYPTION_KEY lacks ({self.ids}); give this process the same ENCRYPTION_KEY as the "
                "others"
            )
        nonce, data = sealed.data[:_NONCE_BYTES], sealed.data[_NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, data, _context(clinic_id, purpose, sealed.key_id))
        except (InvalidTag, ValueError):  # altered, or truncated
            raise WrongKey(
                f"the {purpose} of clinic {clinic_id} cannot be decrypted: it was altered, or "
                f"encrypted with another key {sealed.key_id!r} than the one in ENCRYPTION_KEY "
                f"({self.ids}); give this process the same ENCRYPTION_KEY as the others, and set the "
                "secret again only if none of them can decrypt it"
            ) from None

    @property
    def ids(self) -> str:
        """The ids of the keys, with fingerprints unless an id contains it: keys of two rings may share an id."""
        return ", ".join(
            f"{key_id!r}" if fingerprint in key_id else f"{key_id!r} with fingerprint {fingerprint}"
            for key_id, fingerprint in self._fingerprints.items()
        )

    def __repr__(self) -> str:
        return f"Vault(keys={list(self._ciphers)})"


def new_ring() -> str:
    """A new ring of one key, in the form of `ENCRYPTION_KEY`; the key's id is its fingerprint."""
    key = os.urandom(_KEY_BYTES)
    return f"k{_fingerprint(key)}:{base64.b64encode(key).decode()}"


def _fingerprint(key: bytes) -> str:
    """Eight hex digits that distinguish keys; a hash of 32 random bytes reveals nothing about them."""
    return hashlib.sha256(b"idexx-sync key\0" + key).hexdigest()[:8]


_REMEDY = "make one with `idexx-sync key new`"


def _predecessors(entry: str) -> str:
    """A hint if the entry looks like the key of the service that this one replaces."""
    if len(entry) != _KEY_BYTES:
        return ""
    return " (a key of 32 characters is the replaced service's, whose secrets cannot be opened here)"


def _decode(key_id: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise VaultError(f"ENCRYPTION_KEY: key {key_id!r} is not base64; {_REMEDY}") from None
    if len(key) != _KEY_BYTES:
        raise VaultError(f"ENCRYPTION_KEY: key {key_id!r} has {len(key)} bytes, not {_KEY_BYTES}; {_REMEDY}")
    return key


def _context(clinic_id: UUID, purpose: str, key_id: str) -> bytes:
    return f"{clinic_id}/{purpose}/{key_id}".encode()
