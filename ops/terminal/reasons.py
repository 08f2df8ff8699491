"""Describes the reason for which a date waits."""

from __future__ import annotations

#: Descriptions of `engine.failure` reasons that need more words; other reasons are shown as they are.
_WORDS = {
    "rate_limited": "too many calls (429)",
    "portal_unavailable": "the portal does not respond",
    "maintenance": "the portal is closed for maintenance",
    "connection_lost": "the connection was lost",
    "timed_out": "no response in time",
    "bad_answer": "an invalid response",
    "session_ended": "the session has ended",
    "circuit_open": "calls to the portal are paused after too many failures",
    "wrong_encryption_key": "the worker's ENCRYPTION_KEY does not decrypt the credentials",
    "portal_changed": "the portal has changed",
}


def why(reason: str | None) -> str:
    return _WORDS.get(reason or "", (reason or "unknown").replace("_", " "))
