"""Describes the reason for which a date waits."""

from __future__ import annotations

#: Descriptions of `engine.failure` reasons that need more words; other reasons are shown as they are.
_WORDS = {
    "rate_limited": "too many calls (429)",
    "portal_unavailable": "the portal does not answer",
    "maintenance": "the portal is closed for maintenance",
    "connection_lost": "the connection was lost",
    "timed_out": "no answer in time",
    "bad_answer": "an answer that cannot be read",
    "session_ended": "the session has ended",
    "circuit_open": "the portal is left alone, it failed too often",
    "wrong_encryption_key": "a worker lacks the key of the credentials",
    "portal_changed": "the portal has changed",
}


def why(reason: str | None) -> str:
    return _WORDS.get(reason or "", (reason or "unknown").replace("_", " "))
