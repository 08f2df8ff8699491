"""Builds the accounts: their exports, imports and resource limits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from actors.messages import Subjects
from actors.requests import MAX_REQUEST_BYTES
from ops.deploy.nats import permissions
from ops.deploy.nats.permissions import Permissions

BUS, OPS, SYSTEM = "IDEXX_SYNC", "OPS", "SYS"

#: The users of the roles; a clinic's user has the name of its account.
WORKER_USER, OPS_USER = "worker", "ops"

#: Streams: three per queue, events, schedules, two buckets. Consumers: two per queue, and those of watchers.
MAX_STREAMS, MAX_CONSUMERS = 16, 200

#: How much of the server's memory the bus may use, in bytes: only the state of watchers' consumers needs it.
MAX_MEMORY = 64 * 2**20

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of an account: concurrent connections and subscriptions, and the size of its messages in bytes."""

    max_connections: int
    max_subscriptions: int
    max_payload: int


BUS_LIMITS = Limits(512, 50_000, 2**20)
OPS_LIMITS = Limits(64, 1_000, MAX_REQUEST_BYTES * 2)
CLINIC_LIMITS = Limits(16, 256, MAX_REQUEST_BYTES * 2)


def clinic_account(clinic: str) -> str:
    return f"clinic-{clinic}"


def users(clinics: Collection[str]) -> list[str]:
    """Returns the names of all users, each of which needs a password."""
    return [WORKER_USER, OPS_USER, *map(clinic_account, clinics)]


def accounts(
    subjects: Subjects, clinics: Collection[str], hashes: Mapping[str, str], max_file: int
) -> dict[str, Config]:
    """Returns the accounts by name. `hashes`: of the passwords, by user; `max_file`: disk limit of the bus's
    streams, in bytes."""

    def account(role: Permissions, user: str, limits: Limits, **more: Any) -> Config:
        allowed = {"publish": list(role.publish), "subscribe": list(role.subscribe)}
        credentials = {"user": user, "password": hashes[user], "permissions": allowed}
        return {"limits": asdict(limits), "users": [credentials], **more}

    found = {
        BUS: account(
            permissions.worker(subjects),
            WORKER_USER,
            BUS_LIMITS,
            jetstream=_jetstream(max_file),
            exports=[*_to_ops(subjects), *(one for clinic in clinics for one in _to_clinic(subjects, clinic))],
        ),
        OPS: account(permissions.ops(subjects), OPS_USER, OPS_LIMITS, imports=_imports(_to_ops(subjects))),
        SYSTEM: {},
    }
    for clinic in clinics:
        name = clinic_account(clinic)
        imports = _imports(_to_clinic(subjects, clinic))
        found[name] = account(permissions.client(subjects, clinic), name, CLINIC_LIMITS, imports=imports)
    return found


def _to_clinic(subjects: Subjects, clinic: str) -> list[Config]:
    to = [clinic_account(clinic)]
    commands = [subjects.command(verb, clinic) for verb in permissions.CLIENT_VERBS]
    return [
        *({"service": subject, "accounts": to} for subject in commands),
        *({"stream": subject, "accounts": to} for subject in permissions.events_of(subjects, clinic)),
    ]


def _to_ops(subjects: Subjects) -> list[Config]:
    questions = [subjects.command(verb) for verb in permissions.READING_VERBS]
    # Every gateway responds to a ping, and a direct read may return several parts.
    many = [*permissions.JETSTREAM_READING, "$SRV.>"]
    return [
        {"stream": permissions.everything(subjects), "accounts": [OPS]},
        *({"service": subject, "accounts": [OPS]} for subject in questions),
        *({"service": subject, "accounts": [OPS], "response": "stream"} for subject in many),
    ]


def _imports(exports: list[Config]) -> list[Config]:
    """Returns the imports of an account for the exports of another."""
    kinds = [(kind, export[kind]) for export in exports for kind in ("stream", "service") if kind in export]
    return [{kind: {"account": BUS, "subject": subject}} for kind, subject in kinds]


def _jetstream(max_file: int) -> Config:
    return {
        "max_mem": MAX_MEMORY,
        "max_file": max_file,
        "max_streams": MAX_STREAMS,
        "max_consumers": MAX_CONSUMERS,
    }
