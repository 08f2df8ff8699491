"""Answers of the portal's calls, for tests that need no portal."""

from __future__ import annotations

import json
from typing import Any


def lookup_answer(**fields: Any) -> bytes:
    """Returns the body of `getAppointment` for id 77, with some fields replaced."""
    appointment = {
        "id": "77",
        "status": "not arrived",
        "startAtLocal": "2026-01-28 15:15:00",
        "endAtLocal": "2026-01-28 15:45:00",
        "deleted": False,
        "block": False,
        "cancelledReason": None,
    }
    return json.dumps({"appointment": appointment | fields}).encode()
