"""Describes the reason for which a date waits or has failed."""

from __future__ import annotations

#: Every reason of `engine.failure` in words.
MEANINGS = {
    "no_credentials": "no credentials",
    "no_company_id": "the portal asks for a company id, and none is stored",
    "login_rejected": "the portal rejects the user name or the password",
    "account_locked": "the portal has locked the account",
    "second_factor": "the portal asks for a second factor, or for a captcha",
    "session_ended": "the session has ended",
    "rate_limited": "too many calls (429)",
    "portal_unavailable": "the portal does not respond",
    "maintenance": "the portal is closed for maintenance",
    "connection_lost": "the connection was lost",
    "timed_out": "no response in time",
    "bad_answer": "an invalid response",
    "circuit_open": "calls to the portal are paused after too many failures",
    "portal_changed": "the portal has changed",
    "left_portal": "the portal leads to another address",
    "wrong_encryption_key": "the worker's ENCRYPTION_KEY does not decrypt the credentials",
    "wrong_portal": "the worker's IDEXX_BASE_URL is another portal than the credentials are for",
    "browser_crashed": "the browser has crashed",
    "deliveries_exhausted": "the message was delivered too often without success",
    "internal": "an unexpected error, which is in the worker's log",
    "sync_ended": "the sync ended before the date was read",
}


def why(reason: str | None) -> str:
    return MEANINGS.get(reason or "", (reason or "unknown").replace("_", " "))
