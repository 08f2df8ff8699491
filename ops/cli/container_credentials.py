"""The command `container-credentials`: creates the secrets of an installation in containers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from actors.messages import Subjects
from actors.settings import load
from engine.clinic import check_slug
from ops.deploy.container.credentials import COMPOSE_DATABASE, make
from ops.deploy.nats.server_config import Cluster
from ops.terminal.output import Json, answer, say


def container_credentials(
    folder: Annotated[Path, Parameter(help="The folder of the secrets, such as .secrets; created if missing.")],
    *clinics: Annotated[str, Parameter(help="Slugs of clinics; each gets its own account on NATS.")],
    database: Annotated[
        str,
        Parameter(
            help="The URL of PostgreSQL; {password} stands for a password that is created. If it contains a password "
            "of yours, set it as IDEXX_SYNC_CONTAINER_CREDENTIALS_DATABASE."
        ),
    ] = COMPOSE_DATABASE,
    routes: Annotated[
        list[str] | None,
        Parameter(consume_multiple=True, help="Addresses (host:port) of all servers of a NATS cluster."),
    ] = None,
    json: Json = False,
) -> None:
    """Create the secrets of an installation in containers, one file each, and a configuration of nats-server.

    Existing files are kept, so repeat the command to add a clinic, and restart NATS afterwards. Back up
    `encryption_key`.

    Example: `idexx-sync container-credentials .secrets elm-street cedar-creek`
    """
    cluster = Cluster("0.0.0.0:6222", routes) if routes else None
    slugs = sorted({check_slug(slug) for slug in clinics})
    make(folder, slugs, Subjects(load().subject_prefix), database, cluster)
    names = sorted(path.name for path in folder.iterdir())
    if json:
        answer({"ok": True, "folder": str(folder), "files": names})
    else:
        say(f"{folder}: {', '.join(names)}")
