"""What a restricted NATS user reads when it requests what it may not: who it is, what it may do, and what to type."""

from __future__ import annotations

from urllib.parse import unquote

from nats.aio.client import Client

from actors.messages import ALL
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.deploy.nats.accounts import OPS_USER, WORKER_USER, clinic_account
from ops.deploy.nats.permissions import CLIENT_VERBS, OPERATORS_VERBS, READING_VERBS

_ANY_CLINIC = clinic_account("")

#: The command with a clinic that asks for the same, where it is not the verb of the request.
_TYPED = {"overview": "watch", "events": "watch", "plan": "status"}


def user_of(client: Client) -> str:
    """Returns the name of the connection's user; empty if it has none."""
    url = client.connected_url
    return str(client.options.get("user") or (unquote(url.username) if url and url.username else ""))


def no_permission(user: str, verb: str, clinic: str) -> CommandFailed:
    """Returns the error for a request that NATS refused, with the next step for this user."""
    asked = f"{verb} of {'all clinics' if clinic == ALL else clinic}"
    problem = f"the NATS user {user or '(none)'} has no permission to request {asked}"
    own = user.removeprefix(_ANY_CLINIC)
    operator = (
        f"NATS_URL with the user {WORKER_USER}; its password is in passwords.json of `idexx-sync nats-config`"
    )
    if verb in OPERATORS_VERBS:
        return _failed(f"{problem}: only operators decide", f"set {operator}")
    if own != user and verb in CLIENT_VERBS and own != clinic:
        other = f"set NATS_URL with the user {OPS_USER if clinic == ALL else clinic_account(clinic)}"
        hint = f"idexx-sync {_TYPED.get(verb, verb)} {own}; or {other}" if verb in READING_VERBS else other
        return _failed(f"{problem}: it is for {own} only", hint)
    if user == OPS_USER:
        return _failed(f"{problem}: it may only read", f"set {operator}")
    return _failed(problem, f"idexx-sync nats-config, then reload NATS; or set {operator}")


def _failed(problem: str, hint: str) -> CommandFailed:
    return CommandFailed(problem, status=Exit.NO_PERMISSION, hint=hint)
