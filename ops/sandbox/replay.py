"""Answers from a recorded session: the form of its sign-in, its configuration, its calendar, its failures.

A recording is a folder or a file as `idexx-sync portal record` writes it. A recorded call gets its recorded answer,
one after the other if it was made several times. Any other range of days is answered from all recorded records. Each
answer takes the time that the portal took; another range that of the slowest recorded calendar.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

Values = Mapping[str, Any]
Sleep = Callable[[float], Awaitable[Any]]

CALENDAR = "/appointments/getCalendarEventData"
WRAPPERS = ("events", "data", "appointments", "results")
TOTALS = ("total", "count", "totalCount", "total_count", "recordsTotal")
DEFAULT_COOKIE = "replayed_session"
#: The version of the form that this reader understands.
FORM = 1


class NoRecording(Exception):
    """The path holds no recording that can be replayed; the message says why."""


@dataclass(slots=True)
class Recording:
    about: Values
    exchanges: list[Values]
    pages: Mapping[str, str]
    #: The next recorded answer of a call, by its path and query.
    _next: dict[str, int] = field(default_factory=dict)

    @property
    def landing(self) -> str:
        return str(self.about.get("sign_in", {}).get("landing", "/dashboard"))

    @property
    def cookies(self) -> list[str]:
        """The cookies that the portal had set by the end of the sign-in; at least one."""
        names = [cookie["name"] for cookie in self.about.get("sign_in", {}).get("cookies", ())]
        return names or [DEFAULT_COOKIE]

    def answer_to(self, path: str, query: Mapping[str, str]) -> Values | None:
        """The recorded exchange of exactly this call; the last one again when all were given."""
        found: list[Values] = [
            each
            for each in self.exchanges
            if each["kind"] == "call"
            and "response" in each
            and each["request"]["path"] == path
            and each["request"].get("query", {}) == dict(query)
        ]
        if not found:
            return None
        key = json.dumps([path, dict(query)])
        number = self._next.get(key, 0)
        self._next[key] = number + 1
        return found[min(number, len(found) - 1)]

    def seconds(self, method: str, path: str) -> float:
        """The longest time that the portal took for a request; 0 if none was recorded."""
        asked = {"method": method, "path": path}
        times = (each.get("seconds", 0.0) for each in self.exchanges if asked.items() <= each["request"].items())
        return max(times, default=0.0)

    def records(self, start: str, end: str) -> list[Any]:
        """All recorded records that start in the range, each once, in the order in which they were seen."""
        found: dict[str, Any] = {}
        for record in self._all_records():
            if start <= str(record.get("start", "")).replace("T", " ")[:19] < end:
                found.setdefault(json.dumps(record, sort_keys=True), record)
        return list(found.values())

    def wrapped(self, records: list[Any]) -> Any:
        """The records in the envelope of the first recorded calendar, with their number where it has one."""
        answer: Any = next(self._calendars(), records)
        wrapper = next((name for name in WRAPPERS if isinstance(answer, dict) and name in answer), None)
        if wrapper is None:
            return records
        counts = {name: len(records) for name in TOTALS if name in answer}
        return {**answer, **counts, wrapper: records}

    def moved_to(self, today: date) -> Recording:
        """The recording with its days moved by whole weeks, so that today is among its first seven."""
        starts = [each["request"].get("query", {}).get("start") for each in self.exchanges]
        first = min((date.fromisoformat(start[:10]) for start in starts if start), default=today)
        weeks = (today - first).days // 7

        def move(found: re.Match[str]) -> str:
            try:
                return (date.fromisoformat(found.group()) + timedelta(weeks=weeks)).isoformat()
            except ValueError:  # such as the 30th of February
                return found.group()

        text = re.sub(r"\b20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\b", move, json.dumps(self.exchanges))
        return Recording(self.about, json.loads(text), self.pages)

    def _all_records(self) -> Iterator[Any]:
        for answer in self._calendars():
            lists = [answer] if isinstance(answer, list) else [answer.get(name) for name in WRAPPERS]
            for records in lists:
                yield from (each for each in records or () if isinstance(each, dict))

    def _calendars(self) -> Iterator[Any]:
        for each in self.exchanges:
            is_calendar = each["request"]["path"] == CALENDAR and "json" in each.get("response", {})
            if is_calendar and each["response"]["status"] == 200:
                yield each["response"]["json"]


def read_recording(path: Path) -> Recording:
    try:
        if path.is_dir():
            about = json.loads((path / "recording.json").read_text(encoding="utf-8"))
            exchanges = [json.loads(each.read_text(encoding="utf-8")) for each in sorted(path.glob("[0-9]*.json"))]
            pages = {each.stem: each.read_text(encoding="utf-8") for each in path.glob("*.html")}
        else:
            whole = json.loads(path.read_text(encoding="utf-8"))
            about, exchanges, pages = whole["about"], whole["exchanges"], whole["pages"]
        if about["form"] > FORM:
            raise NoRecording(
                f"{path}: recording format {about['form']} is not supported (this version reads {FORM}): "
                "upgrade idexx-sync"
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoRecording(f"{path} is not a recording of `idexx-sync portal record` ({error})") from error
    return Recording(about, exchanges, pages)


class Replay:
    """The portal of one recording. Any user name and password are accepted: the real ones are not in it.

    `speed`: how many times as fast as the portal it answers; None: at once.
    """

    def __init__(self, recording: Recording, speed: float | None = 1.0, sleep: Sleep = asyncio.sleep) -> None:
        self._recording = recording
        self._speed = speed
        self._sleep = sleep
        self._sessions: set[str] = set()

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/login", self._form, methods=["GET"]),
                Route("/login", self._sign_in, methods=["POST"]),
                Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
                Route("/{path:path}", self._signed_in, methods=["GET"]),
            ]
        )

    async def _form(self, _request: Request) -> Response:
        await self._wait(self._recording.seconds("GET", "/login"))
        page = self._recording.pages.get("sign-in", "<html><body></body></html>")
        # A recorded page has no scripts; this one sends whatever form it shows.
        return HTMLResponse(page.replace("</body>", '<script src="/static/replay.js"></script></body>'))

    async def _sign_in(self, _request: Request) -> Response:
        """Opens a session; a recorded sign-in that failed shows its last page again."""
        await self._wait(self._recording.seconds("POST", "/login"))
        if (page := self._recording.pages.get("sign-in-end")) is not None:
            return HTMLResponse(page)
        response = RedirectResponse(self._recording.landing, 302)
        session = secrets.token_urlsafe(18)
        self._sessions.add(session)
        for name in self._recording.cookies:
            response.set_cookie(name, session, httponly=True)
        return response

    async def _signed_in(self, request: Request) -> Response:
        if self._sessions.isdisjoint(request.cookies.values()):
            return RedirectResponse("/login", 302)
        path, query = request.url.path, dict(request.query_params)
        if path == self._recording.landing:
            await self._wait(self._recording.seconds("GET", path))
            return HTMLResponse("<!doctype html><title>Replayed</title><p>A recorded session is replayed here.")
        if (exchange := self._recording.answer_to(path, query)) is not None:
            await self._wait(exchange.get("seconds", 0.0))
            return _response(exchange["response"])
        if path == CALENDAR and {"start", "end"} <= query.keys():
            await self._wait(self._recording.seconds("GET", path))
            records = self._recording.records(query["start"], query["end"])
            return JSONResponse(self._recording.wrapped(records))
        return JSONResponse({"error": "Not Found"}, 404)

    async def _wait(self, seconds: float) -> None:
        if self._speed is not None:
            await self._sleep(seconds / self._speed)


def _response(recorded: Values) -> Response:
    headers = {
        name: recorded["headers"][name] for name in ("location", "retry-after") if name in recorded["headers"]
    }
    if "json" in recorded:
        return JSONResponse(recorded["json"], recorded["status"], headers)
    return Response(recorded.get("text", ""), recorded["status"], headers, recorded["headers"].get("content-type"))
