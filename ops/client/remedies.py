"""The command to type after a refusal of the gateway, by its reason: replies name no commands, because most clients
have none of ours."""

from __future__ import annotations

from engine.errors import LoginRejected, NoCredentials, UnknownBooking, UnknownClinic, UnknownSync
from engine.sync_reference import LIST_SYNCS

_REMEDIES = {
    UnknownClinic.reason: "idexx-sync clinic list",
    UnknownSync.reason: LIST_SYNCS,
    UnknownBooking.reason: "idexx-sync bookings list {}",
    NoCredentials.reason: "idexx-sync credentials set {}",
    LoginRejected.reason: "idexx-sync credentials test {}; to store others: idexx-sync credentials set {}",
}


def remedy(reason: str, clinic: str) -> str | None:
    """Returns the command; None if the message alone says what to do."""
    command = _REMEDIES.get(reason)
    return None if command is None else command.replace("{}", clinic)
