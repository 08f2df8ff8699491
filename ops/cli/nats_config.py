"""The command `nats-config`: writes a nats-server's configuration, with a user for each role and clinic."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from actors.messages import Subjects
from actors.settings import Settings
from engine.clinic import check_slug
from engine.store.clinics import list_clinics
from ops.client.connections import open_database
from ops.client.errors import CommandFailed
from ops.client.exit_status import Exit
from ops.deploy.nats.accounts import users
from ops.deploy.nats.passwords import hashed, keep_passwords
from ops.deploy.nats.server_config import Server, Tls, render
from ops.deploy.private_files import write_private
from ops.local.discovery import database_url, settings_here
from ops.terminal.output import Json, answer, say

_ADDRESS = re.compile(r"(\S+):\d{1,5}")


def nats_config(
    *clinics: Annotated[str, Parameter(help="Slugs of clinics; default: all clinics of the database.")],
    out: Annotated[Path, Parameter(help="Folder for the configuration and the passwords.")] = Path("nats"),
    listen: Annotated[str, Parameter(help="Host and port for clients.")] = "127.0.0.1:4222",
    store: Annotated[
        Path | None, Parameter(help="Folder for the server's data; default: beside the configuration.")
    ] = None,
    disk_gb: Annotated[
        int, Parameter(help="Maximum size of the server's data on disk.", validator=validators.Number(gte=1))
    ] = 8,
    tls_cert: Annotated[Path | None, Parameter(help="The server's certificate.")] = None,
    tls_key: Annotated[Path | None, Parameter(help="The private key of the certificate.")] = None,
    tls_client_ca: Annotated[Path | None, Parameter(help="CA whose certificates clients must present.")] = None,
    json: Json = False,
) -> None:
    """Write a nats-server configuration with a role for gateways and workers, for operators, and for each clinic.

    Passwords are stored in `passwords.json` beside it, readable only by its owner. A user that already has one
    keeps it.

    Example: `idexx-sync nats-config elm-street cedar-creek --out /etc/idexx-sync/nats --listen 0.0.0.0:4222`
    """
    settings = settings_here()
    if not _ADDRESS.fullmatch(listen):
        raise CommandFailed(f"--listen {listen!r} is not a host and port, such as 0.0.0.0:4222", status=Exit.USAGE)
    slugs = sorted({check_slug(slug) for slug in clinics} or asyncio.run(_stored(settings)))
    folder = out.expanduser().absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = Server(
        store=(store or folder / "data").expanduser().absolute(),
        listen=listen,
        max_file=disk_gb * 2**30,
        tls=_tls(tls_cert, tls_key, tls_client_ca),
    )
    passwords = keep_passwords(folder / "passwords.json", users(slugs))
    config = folder / "nats-server.conf"
    write_private(config, render(server, Subjects(settings.subject_prefix), slugs, hashed(passwords)))
    if json:
        answer({"ok": True, "config": config, "passwords": folder / "passwords.json", "users": list(passwords)})
    else:
        say(f"{config}: {', '.join(passwords)}; their passwords are in {folder / 'passwords.json'}")


def _tls(certificate: Path | None, key: Path | None, authority: Path | None) -> Tls | None:
    if certificate is None and key is None and authority is None:
        return None
    if certificate is None or key is None:
        raise CommandFailed("--tls-cert and --tls-key must be given together", status=Exit.USAGE)
    return Tls(certificate.absolute(), key.absolute(), authority and authority.absolute())


async def _stored(settings: Settings) -> set[str]:
    async with open_database(database_url(settings)) as connection:
        return {clinic["slug"] for clinic in await list_clinics(connection)}
