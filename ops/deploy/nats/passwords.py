"""Creates the users' passwords once, keeps them in one file readable by its owner only, and hashes them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import bcrypt

from ops.deploy.private_files import write_private

#: A password has 192 random bits, which cannot be guessed, so the hash need not be slow.
BYTES, ROUNDS = 24, 6


def keep_passwords(path: Path, users: Collection[str]) -> dict[str, str]:
    """Returns the password of each user, from the file or new; the file then contains only these users."""
    known: dict[str, str] = {}
    with suppress(FileNotFoundError):
        known = json.loads(path.read_text(encoding="utf-8"))
    passwords = {user: known.get(user) or secrets.token_urlsafe(BYTES) for user in users}
    write_private(path, json.dumps(passwords, indent=1) + "\n")
    return passwords


def hashed(passwords: Mapping[str, str]) -> dict[str, str]:
    """Returns the hashes that the server compares with, by user."""
    return {
        user: bcrypt.hashpw(password.encode(), bcrypt.gensalt(ROUNDS)).decode()
        for user, password in passwords.items()
    }
