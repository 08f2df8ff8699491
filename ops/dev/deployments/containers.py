"""Runs the services of compose.yaml from the image that was built, and checks what the documents promise."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ops.dev.deployments import acceptance
from ops.dev.deployments.bundle import Image
from ops.dev.deployments.confinement import check_browser, check_confined
from ops.dev.deployments.container import Network
from ops.dev.deployments.installation import PORTAL, PORTAL_PORT, Installation
from ops.dev.deployments.load import DAYS, Load
from ops.dev.deployments.steps import Failed, passed
from ops.faults.network_namespaces import furnish_hall

#: The file of a folder that says where the images are unpacked, and what they run.
IMAGES = "images.json"


def check(folder: Path) -> None:
    """Needs the images that `__main__` has built in the folder, and a network namespace of its own."""
    furnish_hall()
    images = read_images(folder / IMAGES)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        installation = Installation(Path(place), images)
        try:
            with sandbox(installation.network):
                start(installation)
                slugs = use(installation)
                update(installation, slugs)
                stops = {name: installation.stop(name) for name in installation.ours()}
                passed(f"SIGTERM ends every container within its grace, with status 0: {shown(stops)}")
        finally:
            installation.remove_all()


def read_images(path: Path) -> dict[str, Image]:
    """Returns the images by name."""
    return {
        name: Image(**{**image, "root": Path(image["root"])})
        for name, image in json.loads(path.read_text()).items()
    }


@contextmanager
def sandbox(network: Network) -> Iterator[None]:
    """Runs the sandbox portal on this side of the network."""
    arguments = ("--host", network.own_address, "--port", str(PORTAL_PORT), "--latency-ms", "300")
    command = [sys.executable, "-m", "ops.sandbox", *arguments]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            if not (process.stdout and process.stdout.readline()):
                raise Failed("the sandbox portal did not start")
            yield
        finally:
            process.terminate()


def start(installation: Installation) -> None:
    installation.make_secrets()
    begun = time.monotonic()
    installation.start_all()
    seconds = time.monotonic() - begun
    passed(f"{', '.join(installation.running)}: healthy after {seconds:.0f} s, by the checks of compose.yaml")
    for name in installation.ours():
        container = installation.running[name]
        check_confined(name, container.pid)
        if failing := acceptance.failing_checks(container.inside, "http://127.0.0.1:3001"):
            raise Failed(f"{name}: {failing}")
    passed("each container is healthy and ready, unprivileged, without capabilities, under its seccomp profile")


def use(installation: Installation) -> list[str]:
    """Does what an operator does; returns the slugs of the clinics."""
    inside = installation.running["gateway-1"].inside
    warnings = acceptance.doctor(inside)
    passed(f"doctor finds no fault; warnings: {'; '.join(warnings) or 'none'}")
    slugs = acceptance.add_clinics(inside, PORTAL)
    for slug in slugs:
        ending = acceptance.sync(inside, slug, DAYS)
        passed(f"sync of {slug}: {ending['event']}, {DAYS} days")
    scraper = "date_scraper-1"
    passed(f"Chromium has its sandbox ({check_browser(scraper, installation.running[scraper].pid)} processes)")
    return slugs


def update(installation: Installation, slugs: Collection[str]) -> None:
    """Replaces each container of ours by a new one, while clinics are synced from one that stays."""
    stops = {}
    client = installation.client()
    try:
        load = Load(client.inside, slugs)
        load.start()
        for name in installation.ours():
            installation.start(installation.running[name].service, f"{name}-new")
            stops[name] = installation.stop(name)
        passed(f"a rolling update: {load.finish()} syncs completed, none failed; stops: {shown(stops)}")
    finally:
        client.remove()


def shown(stops: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stops.items())


if __name__ == "__main__":
    try:
        check(Path(sys.argv[1]))
    except Failed as error:
        sys.exit(f"✗ {error}")
