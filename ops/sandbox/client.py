"""A client of the sandbox's /_sandbox pages, and a sandbox as a child process.

    async with SandboxProcess(seed=7, latency_ms=200) as sandbox:
        [clinic, *_] = await sandbox.clinics()
        await sandbox.fault_settings(rate_limit=5, sign_in={"submit": "sign_in"})
        await sandbox.truth(clinic.company_id, clinic.today, clinic.today)

It imports nothing from the server and uses only the standard library.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

#: The canonical record as returned by GET /_sandbox/appointments (README.md).
Truth = dict[str, Any]


class SandboxError(Exception):
    """The sandbox refused a request or did not start; the message says why."""


@dataclass(frozen=True, slots=True)
class SandboxClinic:
    """A clinic. `today`: the day around which its calendar was generated; `config`: the full
    getAppointmentView."""

    company_id: str
    username: str
    password: str = field(repr=False)
    slug: str
    name: str
    timezone: str
    country: str
    today: date
    config: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A logged call; times in Unix seconds. `done_at` None: in flight; `gone_at`: the client disconnected early.

    `kind`: login_page, login, second_factor, page, calendar, config, download, static or other.
    `fault`: the mode of the rule that applied, or `rate_limit`.
    """

    number: int
    at: float
    method: str
    path: str
    query: dict[str, str]
    kind: str
    company_id: str | None
    status: int | None
    fault: str | None
    done_at: float | None
    gone_at: float | None
    user_agent: str = ""


class Sandbox:
    """A running sandbox. Methods raise SandboxError for a refusal, and OSError if the sandbox does not respond."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def clinics(self) -> list[SandboxClinic]:
        answer = await self._ask("GET", "clinics")
        return [SandboxClinic(**clinic | {"today": date.fromisoformat(clinic["today"])}) for clinic in answer]

    async def truth(self, company_id: str, start: date, end: date) -> list[Truth]:
        """Returns the true appointments and blocks of these days (both inclusive), regardless of any fault."""
        query = {"company_id": company_id, "start": start.isoformat(), "end": end.isoformat()}
        return list(await self._ask("GET", "appointments", query))

    async def references(self, company_id: str, start: date, end: date) -> list[dict[str, Any]]:
        """As `truth`, with the client's email, and the portal's ids of client, patient and visit."""
        query = {"company_id": company_id, "start": start.isoformat(), "end": end.isoformat(), "references": "1"}
        return list(await self._ask("GET", "appointments", query))

    async def fault_settings(self, company_id: str | None = None, **fault_settings: Any) -> dict[str, Any]:
        """Changes fault settings for one clinic or for all (None resets one), and returns all current ones."""
        return dict(await self._ask("PATCH", "fault_settings", _only(company_id=company_id), fault_settings))

    async def reset_fault_settings(self) -> None:
        """Resets all fault settings to those at the start."""
        await self._ask("DELETE", "fault_settings")

    async def change(self, company_id: str, **changes: Any) -> list[dict[str, Any]]:
        """Changes a schedule (see ChangeRequest in README.md) and returns the changes, before and after."""
        return list(await self._ask("POST", "changes", {}, {"company_id": company_id, **changes}))

    async def request_log(self, kind: str | None = None, company_id: str | None = None) -> list[LoggedRequest]:
        calls = await self._ask("GET", "request_log", _only(kind=kind, company_id=company_id))
        return [LoggedRequest(**call) for call in calls]

    async def clear_request_log(self) -> None:
        await self._ask("DELETE", "request_log")

    async def sessions(self) -> dict[str, int]:
        """Returns the number of active sessions by company id."""
        return dict(await self._ask("GET", "sessions"))

    async def end_sessions(self, company_id: str | None = None) -> None:
        await self._ask("DELETE", "sessions", _only(company_id=company_id))

    async def reset(self, today: date | None = None) -> None:
        """Resets everything: calendars, fault settings, sessions, locks, request log. With `today`, the calendars
        are generated around that day from now on."""
        await self._ask("POST", "reset", _only(today=today.isoformat() if today else None))

    async def _ask(self, method: str, page: str, query: dict[str, str] | None = None, body: Any = None) -> Any:
        return await asyncio.to_thread(self._request, method, f"/_sandbox/{page}?{urlencode(query or {})}", body)

    def _request(self, method: str, target: str, body: Any) -> Any:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, target, None if body is None else json.dumps(body, default=str))
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise SandboxError(f"{method} {target}: {answer['error']}")
        return answer


class SandboxProcess(Sandbox):
    """A sandbox as a child process that ends with the block, or when its parent dies.

    `today` fixes the day around which the calendars are generated; `replay` is a recording to answer from, without
    `/_sandbox` pages; the other keywords are fault settings.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        clinics: int = 2,
        today: date | None = None,
        port: int = 0,
        replay: Path | None = None,
        **fault_settings: Any,
    ) -> None:
        super().__init__("")
        self._arguments = [f"--seed={seed}", f"--clinics={clinics}", f"--port={port}", "--until-stdin-closes"]
        self._arguments += [f"--today={today}"] if today else []
        self._arguments += [f"--replay={replay}"] if replay else []
        for name, value in fault_settings.items():
            self._arguments += ["--fault-setting", f"{name}={json.dumps(value)}"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise SandboxError("the sandbox has not been started")
        return self._process.pid

    def start(self) -> Self:
        """Starts the sandbox and blocks until it listens (usually well under a second)."""
        command = [sys.executable, "-m", "ops.sandbox", *self._arguments]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._process = process
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            status = self.stop()
            raise SandboxError(f"the sandbox did not start (exit status {status}); its last output is above")
        self.url = json.loads(line)["url"]
        return self

    def stop(self) -> int | None:
        """Ends the sandbox and returns its exit status; None if it was not running."""
        process, self._process = self._process, None
        if process is None:
            return None
        with process:  # closes the pipes
            process.terminate()
            try:
                return process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                return process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)


def _only(**given: str | None) -> dict[str, str]:
    return {name: value for name, value in given.items() if value is not None}
