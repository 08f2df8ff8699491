"""The run of the demo, from start to stop."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from nats.aio.client import Client
from rich.console import Console

from actors.messages import Subjects
from actors.settings import Settings
from engine.store.clinics import list_clinics
from ops.client.connections import open_database, open_nats, where
from ops.client.errors import CommandFailed
from ops.client.events import events_of
from ops.client.exit_status import Exit, of_ending
from ops.client.requests import ask
from ops.local.demo.compare import differences
from ops.local.demo.stored import stored_appointments, stored_changes, stored_days
from ops.local.demo.tables import changes_table, days_table, tally
from ops.local.discovery import with_environment
from ops.local.embedded.leftovers import end_leftovers
from ops.local.embedded.postgres_place import remove_data
from ops.local.machine import Machine, reachable
from ops.sandbox.client import Sandbox, SandboxClinic
from ops.terminal.follow import Show, until_ended

DAYS = 14

FIRST_HTTP_PORT = 13001

#: Response times like those of a real portal, in milliseconds, so that progress is visible.
LATENCY = ("--latency-ms", "350", "--latency-jitter-ms", "200")

#: Milliseconds between the first scrape and the verification of removals. The sandbox shows a move immediately, so
#: the demo waits less than usual.
SETTLE_MS = "2000"

#: The changes at the portal between the two syncs, per clinic.
CHANGES = {"add": 6, "move": 5, "edit": 4, "cancel": 3, "delete": 2}


@dataclass
class Story:
    """The run of the demo. `announce` is called with the environment in which other terminals find the
    servers."""

    machine: Machine
    out: Console
    verbose: bool
    announce: Callable[[dict[str, str]], None]
    #: Differences found by the check, by clinic; empty if there are none.
    found: dict[str, list[str]] = field(default_factory=dict)
    worst: Exit = Exit.OK

    async def run(self, settings: Settings) -> Exit:
        """Runs the demo; the machine's children still run when it returns. `settings` are those before the
        start."""
        self._chapter("Starting NATS, PostgreSQL, a sandbox portal, a gateway and the workers")
        settings = await self._start(settings)
        sandbox = Sandbox(settings.idexx_base_url)
        clinics = await sandbox.clinics()
        async with open_nats(settings.need_nats_url()) as client:
            self._chapter(f"Requesting a sync of {DAYS} days for each clinic, over NATS")
            subjects = Subjects(settings.subject_prefix)
            first = await self._sync(client, subjects, {clinic.slug: {"days_ahead": DAYS} for clinic in clinics})
            self._chapter("The content of PostgreSQL")
            await self._check(settings, sandbox, clinics, first)
            self._chapter("The clinics' staff change their calendars; syncing again")
            await self._change(sandbox, clinics, first)
            # The same dates: `days_ahead` moves on when it is midnight at the clinic.
            same = {
                slug: {name: sync[name] for name in ("start_date", "end_date")} for slug, sync in first.items()
            }
            second = await self._sync(client, subjects, same)
            self._chapter("The changes that the second sync found")
            await self._show_changes(settings, second)
            await self._check(settings, sandbox, clinics, second, tables=False)
        if any(self.found.values()):
            return Exit.FAILED
        return self.worst

    async def _start(self, settings: Settings) -> Settings:
        await self.machine.check()
        if settings.database_url is None and settings.nats_url is None:
            await self._start_over()
        now = await self.machine.start_servers()
        now = await self.machine.start_sandbox(now, LATENCY)
        await self._refuse_real_clinics(now)
        # The demo must run even if another process has the usual port.
        port = str(self.machine.home.port("http", FIRST_HTTP_PORT))
        now = with_environment({"HTTP_PORT": port, "REMOVAL_SETTLE_MS": SETTLE_MS})
        await self.machine.start_processes(now)
        self.announce(reachable(now))
        if self.verbose:
            nats, database = where(now.need_nats_url()), where(now.need_database_url())
            self.out.print(f"  NATS at {nats}, PostgreSQL at {database}, the portal at {now.idexx_base_url}")
        self.out.print(f"  while it runs, the dashboard is at http://{now.http_host}:{now.http_port}")
        return now

    async def _start_over(self) -> None:
        home = self.machine.home
        await end_leftovers(home, self.machine.say)
        await asyncio.to_thread(shutil.rmtree, home.folder / "nats", ignore_errors=True)
        await asyncio.to_thread(remove_data, home)

    async def _refuse_real_clinics(self, settings: Settings) -> None:
        invented = {clinic.slug for clinic in await Sandbox(settings.idexx_base_url).clinics()}
        async with open_database(settings.need_database_url()) as connection:
            others = [one["slug"] for one in await list_clinics(connection) if one["slug"] not in invented]
        if others:
            raise CommandFailed(
                f"this database has clinics that are not from the sandbox ({', '.join(others[:3])}); "
                "the demo would sync them with the sandbox portal",
                hint="unset DATABASE_URL, or point it to an empty database",
            )

    async def _sync(
        self, client: Client, subjects: Subjects, requests: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, dict[str, Any]]:
        """Requests a sync for each clinic and shows them until they end; returns the acceptances by slug."""
        accepted: dict[str, dict[str, Any]] = {}
        for slug, request in requests.items():
            if self.verbose or (not accepted and "days_ahead" in request):
                self.out.print(f"  → {subjects.command('sync', slug)}  {json.dumps(request)}", markup=False)
            accepted[slug] = await ask(client, subjects, "sync", slug, **request)
        async with Show(out=self.out, brief=not self.verbose) as show, asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_follow(show, client, subjects, slug, reply["sync_id"]))
                for slug, reply in accepted.items()
            ]
        for task in tasks:
            ending = task.result()
            show.ended(ending)
            self.worst = max(self.worst, of_ending(ending))
            accepted[ending["clinic"]] |= show.board.syncs[ending["sync_id"]].span
        return accepted

    async def _check(
        self,
        settings: Settings,
        sandbox: Sandbox,
        clinics: list[SandboxClinic],
        synced: dict[str, dict[str, Any]],
        *,
        tables: bool = True,
    ) -> None:
        days, counts = {}, {}
        async with open_database(settings.need_database_url()) as connection:
            for clinic in clinics:
                span = (clinic.slug, *_span(synced[clinic.slug]))
                days[clinic.slug] = await stored_days(connection, *span)
                stored = await stored_appointments(connection, *span)
                truth = await sandbox.truth(clinic.company_id, *span[1:])
                self.found[clinic.slug] = self.found.get(clinic.slug, []) + differences(truth, stored)
                counts[clinic.slug] = len(truth)
        if tables:
            self.out.print(days_table(days, self.out.width, all_days=self.verbose))
        if good := ", ".join(f"{slug} {count}" for slug, count in counts.items() if not self.found[slug]):
            self.out.print(f"  [green]✓[/] {good} records: every field equals the portal's")
        for slug in counts:
            self._name_differences(slug)

    def _name_differences(self, slug: str) -> None:
        if not (wrong := self.found[slug]):
            return
        self.out.print(f"  [red]✗[/] {slug}: {len(wrong)} differences from the portal")
        for line in wrong[:10]:
            self.out.print(f"      {line}", markup=False)

    async def _change(
        self, sandbox: Sandbox, clinics: list[SandboxClinic], synced: dict[str, dict[str, Any]]
    ) -> None:
        for clinic in clinics:
            start, end = _span(synced[clinic.slug])
            await sandbox.change(clinic.company_id, start=start, end=end, **CHANGES)
        what = ", ".join(f"{count} {verb}" for verb, count in CHANGES.items())
        self.out.print(f"  at each of them: {what}")

    async def _show_changes(self, settings: Settings, synced: dict[str, dict[str, Any]]) -> None:
        async with open_database(settings.need_database_url()) as connection:
            changes = await stored_changes(connection, [reply["sync_id"] for reply in synced.values()])
        self.out.print(f"  {tally(changes)}")
        self.out.print(changes_table(changes, all_clinics=self.verbose))

    def _chapter(self, title: str) -> None:
        self.out.print(f"\n[bold cyan]▌[/] [bold]{title}[/]")


async def _follow(show: Show, client: Client, subjects: Subjects, slug: str, sync_id: str) -> dict[str, Any]:
    async with aclosing(events_of(client, subjects, slug, sync_id)) as events:
        return await until_ended(show, events)


def _span(accepted: dict[str, Any]) -> tuple[date, date]:
    return date.fromisoformat(accepted["start_date"]), date.fromisoformat(accepted["end_date"])
