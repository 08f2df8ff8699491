"""Creates the secrets of an installation: `idexx-sync container-credentials FOLDER [CLINIC …]`, or `python -m
ops.deploy.container.credentials`.

Each secret is a file named like its setting. Existing files are kept, so the command can be repeated with more
clinics; restart nats afterwards. Only the owner can enter the folder. The files in it are readable by all, because
a container engine mounts them one by one for users that this machine does not have.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Collection
from pathlib import Path

from actors.http.keys import fingerprint
from actors.messages import Subjects
from actors.settings import Settings
from engine.store.vault import new_ring
from ops.deploy.nats.accounts import WORKER_USER, users
from ops.deploy.nats.passwords import hashed, keep_passwords
from ops.deploy.nats.server_config import Cluster, Server, render

#: The caller to whom the first key of the HTTP API belongs.
CALLER = "operator"

MOUNTED = 0o644

#: PostgreSQL in `compose.yaml`; `{password}` stands for the password that is created.
COMPOSE_DATABASE = "postgresql://idexx:{password}@postgres:5432/idexx"


def make(
    folder: Path, clinics: Collection[str], subjects: Subjects, database: str, cluster: Cluster | None
) -> None:
    """Creates the secrets in `folder`. `database` is the URL of PostgreSQL with the placeholder `{password}`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    password = keep(folder / "postgres_password", secrets.token_urlsafe(24))
    keep(folder / "database_url", database.replace("{password}", password))
    keep(folder / "encryption_key", new_ring())
    keep(folder / "grafana_password", secrets.token_urlsafe(24))
    # Only callers need the key itself; the gateways store its hash.
    api_key = keep(folder / "api_key", secrets.token_urlsafe(32))
    keep(folder / "api_keys", f"{CALLER}:{fingerprint(api_key)}")
    passwords = keep_passwords(folder / "nats_passwords.json", users(clinics))
    keep(folder / "nats_password", passwords[WORKER_USER])
    server = Server(Path("/data"), listen="0.0.0.0:4222", monitor="0.0.0.0:8222", cluster=cluster)
    write(folder / "nats-server.conf", render(server, subjects, clinics, hashed(passwords)))


def keep(path: Path, text: str) -> str:
    """Returns the content of the file; creates it with `text` if it does not exist."""
    if not path.exists():
        write(path, text + "\n")
    return path.read_text().strip()


def write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)
    path.chmod(MOUNTED)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.deploy.container.credentials", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("clinics", nargs="*", help="slugs of clinics; each gets its own account on NATS")
    parser.add_argument("--database", default=COMPOSE_DATABASE)
    parser.add_argument(
        "--routes", nargs="+", metavar="HOST:PORT", help="addresses of all servers of a NATS cluster"
    )
    arguments = parser.parse_args()
    subjects = Subjects(Settings().subject_prefix)
    cluster = Cluster("0.0.0.0:6222", arguments.routes) if arguments.routes else None
    make(arguments.folder, sorted(set(arguments.clinics)), subjects, arguments.database, cluster)
    print(f"{arguments.folder}: {', '.join(sorted(path.name for path in arguments.folder.iterdir()))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
