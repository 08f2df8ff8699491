"""The commands `gateway` and `worker`: run one process, for systemd or containers.

The command replaces itself with that process, which therefore receives the signals and sets the exit status.
"""

from __future__ import annotations

import os
from typing import Annotated

from cyclopts import Parameter

from actors.queues import Queue
from ops.local.discovery import database_url, nats_url, settings_here
from ops.local.processes import gateway_argv, worker_argv


def gateway() -> None:
    """Run one gateway, which serves requests on NATS and HTTP. Any number of gateways may run.

    Example: `idexx-sync gateway`
    """
    _become(gateway_argv())


def worker(queue: Annotated[Queue, Parameter(help="The actor to run.")]) -> None:
    """Run one worker. A machine has one `coordinator`, one `reconciler`, one `notifier` if clinics have
    webhooks, and a `date_scraper` for each browser.

    Example: `idexx-sync worker date_scraper`
    """
    _become(worker_argv(queue, settings_here()))


def _become(argv: tuple[str, ...]) -> None:
    settings = settings_here()
    for need in (nats_url, database_url):
        need(settings)  # report missing settings before anything starts
    os.execv(argv[0], argv)  # noqa: S606
