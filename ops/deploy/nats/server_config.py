"""Renders the complete configuration of a nats-server."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.messages import Subjects
from ops.deploy.nats.accounts import BUS_LIMITS, MAX_MEMORY, SYSTEM, accounts
from ops.deploy.nats.config_text import config_text

#: In a cluster: an unreachable peer or client is dropped after three of these. Until then, requests wait for
#: its responses, and nats-server's default of two minutes is long.
PING_INTERVAL = "10s"

_HEAD = """\
# Made by `idexx-sync nats-config`: run it again to change the clinics, and then `nats-server --signal reload` twice.
# The first time makes a new clinic's account, the second time connects it (nats-server issue 8560; in a cluster,
# restart the servers one by one instead). Try the file with `nats-server -c FILE -t`.
"""


@dataclass(frozen=True, slots=True)
class Tls:
    """TLS files in PEM. With `authority`, a client must present a certificate signed by it."""

    certificate: Path
    key: Path
    authority: Path | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster. `listen`: the address for this server's peers; `routes`: the addresses of all servers, including
    this."""

    listen: str
    routes: Sequence[str]
    name: str = "idexx-sync"


@dataclass(frozen=True, slots=True)
class Server:
    """A server. `max_file`: the disk limit of all streams, in bytes; `monitor`: the address of its monitoring
    endpoint.

    In a cluster each server has its own name; `nats-server --name` overrides the one in the file.
    """

    store: Path
    listen: str = "127.0.0.1:4222"
    monitor: str = "127.0.0.1:8222"
    name: str = "idexx-sync"
    max_file: int = 8 * 2**30
    tls: Tls | None = None
    cluster: Cluster | None = None


def render(server: Server, subjects: Subjects, clinics: Collection[str], hashes: Mapping[str, str]) -> str:
    """Returns the text of the configuration file. `hashes`: of the passwords, by user (`accounts.users`)."""
    config: dict[str, Any] = {
        "server_name": server.name,
        "listen": server.listen,
        "http": server.monitor,
        "max_payload": BUS_LIMITS.max_payload,
        "jetstream": {
            "store_dir": str(server.store),
            "max_memory_store": MAX_MEMORY,
            "max_file_store": server.max_file,
            # An acknowledged message must be on disk, because there is no replica.
            "sync_interval": "always",
        },
        # With the newer ack subjects a KV watch ends nats-py's read loop.
        "feature_flags": {"js_ack_fc_v2": False},
        "accounts": accounts(subjects, clinics, hashes, server.max_file),
        "system_account": SYSTEM,
    }
    if server.tls is not None:
        config["tls"] = _tls(server.tls)
    if server.cluster is not None:
        config |= {"cluster": _cluster(server.cluster), "ping_interval": PING_INTERVAL}
    return _HEAD + config_text(config, indent=1) + "\n"


def _cluster(cluster: Cluster) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "listen": cluster.listen,
        "routes": [f"nats://{address}" for address in cluster.routes],
        "connect_backoff": True,
    }


def _tls(tls: Tls) -> dict[str, Any]:
    files: dict[str, Any] = {"cert_file": str(tls.certificate), "key_file": str(tls.key), "min_version": "1.2"}
    return files if tls.authority is None else files | {"ca_file": str(tls.authority), "verify": True}
