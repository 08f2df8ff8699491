"""The name of the user who runs a command, for records of who did what."""

from __future__ import annotations

import getpass
import os


def user_name() -> str:
    """The operating-system user, behind sudo as well; a container's user may have a number only."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
