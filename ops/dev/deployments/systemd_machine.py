"""A machine that a real systemd has booted, in a container of systemd-nspawn, with the units of ops/deploy/systemd."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ops.dev.deployments.confinement import descendants, status_of
from ops.dev.deployments.image import STEP_LIMIT, Images
from ops.dev.deployments.stand_ins import PATH
from ops.dev.deployments.steps import LIMIT, ROOT, Failed, run, say, until
from ops.local.embedded.nats_server import find_binary

UNITS = ROOT / "ops/deploy/systemd"

#: The folder of the secrets, as docs/deploying.md has it.
CREDENTIALS = "/etc/idexx-sync/credentials"

PORTAL = "http://127.0.0.1:18080"

ENVIRONMENT = f"NATS_URL=nats://127.0.0.1:4222\nNATS_USER=worker\nIDEXX_BASE_URL={PORTAL}\n"

#: What the units expect beside them, and the portal.
SERVERS = {
    "nats-server": f"/usr/local/bin/nats-server -c {CREDENTIALS}/nats-server.conf",
    "sandbox-portal": "/opt/idexx-sync/bin/idexx-sync sandbox --port 18080 --latency-ms 300",
}
UNIT = "[Unit]\nDescription={name}\n[Service]\nType=exec\nExecStart={command}\n"

#: The image's user would take the place of the one that DynamicUser makes. PostgreSQL needs what the image leaves out.
INSTALL = """
rm /etc/dpkg/dpkg.cfg.d/idexx-sync
apt-get -q update
apt-get -q install -y --no-install-recommends dbus postgresql systemd systemd-sysv
apt-get clean
userdel idexx-sync
rm -rf /var/lib/idexx-sync
"""

#: How long the machine may take to boot and to shut down. Seconds.
BOOT_LIMIT = 120.0


def make_root(images: Images) -> Path:
    """Makes the file system: the image with systemd and PostgreSQL, the units, and the servers they expect."""
    say("a machine with systemd and PostgreSQL")
    container = images.buildah("from", "--pull-never", "idexx-sync").strip()
    images.buildah("run", "--user", "0", container, "--", "sh", "-euc", INSTALL, limit=STEP_LIMIT)
    root = Path(images.buildah("mount", container).strip())
    system = root / "etc/systemd/system"
    for unit in UNITS.iterdir():
        shutil.copy(unit, system)
    for name, command in SERVERS.items():
        (system / f"{name}.service").write_text(UNIT.format(name=name, command=command))
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    shutil.copy(find_binary(), root / "usr/local/bin/nats-server")
    (root / "etc/idexx-sync").mkdir()
    (root / "etc/idexx-sync/environment").write_text(ENVIRONMENT)
    return root


class Machine:
    """A booted machine, with no network but its own loopback."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process, self._log = process, log
        self._init = 0

    def boot(self) -> None:
        until(self._has_booted, "systemd has booted the machine", BOOT_LIMIT)

    def inside(
        self, *command: str, stdin: str = "", limit: float = LIMIT, statuses: Collection[int] = (0,)
    ) -> str:
        """Runs a command as root of the machine, with the settings and secrets of the units."""
        enter = ("nsenter", "--target", str(self._init), "--all", "--wdns=/")
        variables = (f"PATH=/opt/idexx-sync/bin:{PATH}", "HOME=/root", f"CREDENTIALS_DIRECTORY={CREDENTIALS}")
        words = (*enter, "env", "-i", *variables, *ENVIRONMENT.split(), *command)
        return run(*words, stdin=stdin, limit=limit, statuses=statuses)

    def shows(self, unit: str, name: str) -> str:
        """Returns a property of a unit."""
        return self.inside("systemctl", "show", f"--property={name}", "--value", unit).strip()

    def pid(self, unit: str) -> int:
        """The process id of a unit's main process, as the host sees it."""
        wanted = self.shows(unit, "MainPID")
        for process in descendants(self._init):
            with suppress(FileNotFoundError):  # it has ended
                if status_of(process.pid)["NSpid"].split()[-1] == wanted:
                    return process.pid
        raise Failed(f"{unit}: its main process {wanted} is not there:\n{self.journal(unit)}")

    def journal(self, unit: str) -> str:
        return self.inside("journalctl", "--no-pager", "--output=cat", "--lines=15", f"--unit={unit}")

    def _has_booted(self) -> bool:
        if self._process.poll() is not None:
            raise Failed(f"systemd-nspawn has ended:\n{self._log.read_text(errors='replace')[-2000:]}")
        found = [process for process in descendants(self._process.pid) if process.name == "systemd"]
        if not found:
            return False
        self._init = found[0].pid
        try:
            state = self.inside("systemctl", "is-system-running", statuses=(0, 1)).strip()
        except Failed:
            return False
        return state in ("running", "degraded")


@contextmanager
def booted(root: Path, log: Path) -> Iterator[Machine]:
    """Boots the machine, and shuts it down at the end."""
    options = ("--quiet", "--boot", "--keep-unit", "--register=no", "--private-network", "--link-journal=no")
    command = ("systemd-nspawn", *options, "--machine=idexx-sync", f"--directory={root}")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    machine = Machine(process, log)
    try:
        machine.boot()
        yield machine
    finally:
        # nspawn asks the machine to shut down.
        process.terminate()
        try:
            process.wait(BOOT_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
