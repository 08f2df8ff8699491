"""Makes keys of the API's callers, and their fingerprints.

`idexx-sync api-key new` makes a key that is stored in the database; `python -m actors.http.keys NAME` makes an entry
of `API_KEYS`. Only the caller keeps the key itself; database and settings have its SHA-256. A slow hash would add
nothing: a key is 256 random bits, not a password.
"""

from __future__ import annotations

import hashlib
import secrets
import sys

#: The beginning of stored keys, by which programs that look for leaked secrets know them.
PREFIX = "idexxsync_"

#: The beginning of the tokens of calendar feeds.
FEED_PREFIX = "idexxcal_"


def new_key() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def new_feed_token() -> str:
    return FEED_PREFIX + secrets.token_urlsafe(32)


def fingerprint(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m actors.http.keys NAME")
    made = secrets.token_urlsafe(32)
    print(f"key for {sys.argv[1]}, shown once: {made}\nadd to API_KEYS: {sys.argv[1]}:{fingerprint(made)}")
