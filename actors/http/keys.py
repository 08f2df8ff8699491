"""Keys of the API's callers. `python -m actors.http.keys NAME` makes one: shown once, kept by the caller only.

The settings contain the SHA-256 of each. A slow hash would add nothing: a key is 256 random bits, not a password.
"""

from __future__ import annotations

import hashlib
import secrets
import sys


def fingerprint(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m actors.http.keys NAME")
    made = secrets.token_urlsafe(32)
    print(f"key for {sys.argv[1]}, shown once: {made}\nadd to API_KEYS: {sys.argv[1]}:{fingerprint(made)}")
