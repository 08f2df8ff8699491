"""The users' passwords: made once, kept in one file for its owner only, and hashed for the server."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import bcrypt

from ops.deploy.private_files import write_private

#: A password has 192 random bits, so that nobody tries them out; the hash need not be slow.
BYTES, ROUNDS = 24, 6


def keep_passwords(path: Path, users: Collection[str]) -> dict[str, str]:
    """The password of each user, by name: those in the file, and new ones; the file then holds just these."""
    known: dict[str, str] = {}
    with suppress(FileNotFoundError):
        known = json.loads(path.read_text(encoding="utf-8"))
    passwords = {user: known.get(user) or secrets.token_urlsafe(BYTES) for user in users}
    write_private(path, json.dumps(passwords, indent=1) + "\n")
    return passwords


def hashed(passwords: Mapping[str, str]) -> dict[str, str]:
    """What the server compares with."""
    return {
        user: bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()
        for user, password in passwords.items()
    }
