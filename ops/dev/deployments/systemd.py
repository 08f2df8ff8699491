"""Runs the units of ops/deploy/systemd under a real systemd, and checks what they promise."""

from __future__ import annotations

import re
import time
from functools import partial

from ops.dev.deployments import acceptance
from ops.dev.deployments.confinement import check_browser, check_confined
from ops.dev.deployments.image import Images
from ops.dev.deployments.steps import Failed, install, passed, until
from ops.dev.deployments.systemd_machine import CREDENTIALS, PORTAL, SERVERS, Machine, booted, make_root

PROGRAMS = {"systemd-nspawn": "systemd-container"}

#: The two things that docs/deploying.md enables, and what they start.
ENABLED = ("idexx-sync.target", "idexx-sync-scraper@2")
LASTING = (
    "idexx-sync-gateway",
    *(f"idexx-sync-worker@{queue}" for queue in ("coordinator", "reconciler", "notifier")),
    "idexx-sync-scraper@1",
    "idexx-sync-scraper@2",
)
UNITS = ("idexx-sync-migrate", *LASTING)

#: TimeoutStopSec of the units, and how long they may take to start on a busy machine. Seconds.
GRACE, START_LIMIT = 45.0, 180.0

GATEWAY = "http://127.0.0.1:3001"


def check(images: Images) -> None:
    install(PROGRAMS)
    root = make_root(images)
    with booted(root, images.folder / "machine.log") as machine:
        passed(f"booted: {machine.inside('systemctl', '--version').splitlines()[0]}")
        prepare(machine)
        check_units(machine)
        start(machine)
        use(machine)
        survive(machine)
        stop(machine)


def prepare(machine: Machine) -> None:
    """Creates the secrets and the database, and starts the servers that the units expect."""
    database = "postgresql://idexx:{password}@127.0.0.1:5432/idexx"
    machine.inside("idexx-sync", "container-credentials", CREDENTIALS, "--database", database)
    password = machine.inside("cat", f"{CREDENTIALS}/postgres_password").strip()
    statements = f"create role idexx login password '{password}'; create database idexx owner idexx;"
    for statement in statements.split("; "):
        machine.inside("runuser", "-u", "postgres", "--", "psql", "--quiet", "-c", statement)
    for name in SERVERS:
        machine.inside("systemctl", "start", name)


def check_units(machine: Machine) -> None:
    machine.inside("systemd-analyze", "verify", *(f"{unit}.service" for unit in UNITS), "idexx-sync.target")
    exposures = []
    for unit in UNITS:
        found = machine.inside("systemd-analyze", "security", "--no-pager", f"{unit}.service")
        exposures.append(f"{unit} {re.findall(r'[0-9.]+(?= [A-Z]+ )', found.splitlines()[-1])[-1]}")
    passed(f"systemd-analyze verify finds nothing; security, from 0 to 10: {', '.join(exposures)}")


def start(machine: Machine) -> None:
    begun = time.monotonic()
    machine.inside("systemctl", "enable", "--now", *ENABLED, limit=START_LIMIT)
    until(lambda: is_ready(machine), "the gateway is ready", START_LIMIT)
    for unit in UNITS:
        if (state := machine.shows(unit, "ActiveState")) != "active":
            raise Failed(f"{unit} is {state}:\n{machine.journal(unit)}")
    passed(
        f"{len(UNITS)} units are active, the gateway is healthy and ready, after {time.monotonic() - begun:.0f} s"
    )
    for unit in LASTING:
        check_confined(unit, machine.pid(unit))
    passed("each unit's process is unprivileged, without capabilities, under its system call filter")


def is_ready(machine: Machine) -> bool:
    try:
        return not acceptance.failing_checks(machine.inside, GATEWAY)
    except (Failed, ValueError):
        return False


def use(machine: Machine) -> None:
    warnings = acceptance.doctor(machine.inside)
    passed(f"doctor finds no fault; warnings: {'; '.join(warnings) or 'none'}")
    for slug in acceptance.add_clinics(machine.inside, PORTAL):
        ending = acceptance.sync(machine.inside, slug, 14)
        passed(f"sync of {slug}: {ending['event']}, 14 days")
    scraper = next(unit for unit in LASTING if "scraper" in unit)
    passed(f"Chromium has its sandbox ({check_browser(scraper, machine.pid(scraper))} processes)")


def survive(machine: Machine) -> None:
    """A process that is killed is started again; none had to be before."""
    for unit in LASTING:
        if restarts := int(machine.shows(unit, "NRestarts")):
            raise Failed(f"{unit} was started again {restarts} times:\n{machine.journal(unit)}")
        before = machine.shows(unit, "MainPID")
        machine.inside("systemctl", "kill", "--kill-whom=main", "--signal=SIGKILL", unit)
        until(partial(runs_again, machine, unit, before), f"{unit} runs again")
    until(lambda: is_ready(machine), "the gateway is ready again", START_LIMIT)
    passed("each unit that is killed runs again")


def runs_again(machine: Machine, unit: str, before: str) -> bool:
    return machine.shows(unit, "MainPID") not in ("0", before)


def stop(machine: Machine) -> None:
    begun = time.monotonic()
    machine.inside("systemctl", "stop", "idexx-sync.target", limit=GRACE * 2)
    until(
        lambda: all(machine.shows(unit, "ActiveState") != "deactivating" for unit in LASTING), "all end", GRACE * 2
    )
    seconds = time.monotonic() - begun
    for unit in LASTING:
        found = machine.shows(unit, "ActiveState"), machine.shows(unit, "Result")
        if found != ("inactive", "success"):
            raise Failed(f"{unit} is {found[0]} with result {found[1]}:\n{machine.journal(unit)}")
    if seconds > GRACE:
        raise Failed(f"the target took {seconds:.0f} s to stop, more than {GRACE:.0f}")
    passed(f"stopping the target ends every unit in {seconds:.1f} s, with success")
