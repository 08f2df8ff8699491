"""Someone who visits the portal with plain HTTP, as its pages' own scripts would."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import httpx

from ops.sandbox.client import SandboxClinic

CALENDAR = "/appointments/getCalendarEventData"
VIEW = "/appointments/getAppointmentView"
CONFIGS = "/schedule/getScheduleConfigs"


class Visitor(httpx.AsyncClient):
    def __init__(self, url: str) -> None:
        # No certificates are read: everything is plain HTTP, and reading them is most of a test's time.
        super().__init__(base_url=url, timeout=20, verify=False)

    async def sign_in(self, clinic: SandboxClinic, password: str | None = None) -> httpx.Response:
        form = form_of(await self.get("/login"))
        fields = {
            "companyId": clinic.company_id,
            "username": clinic.username,
            "password": password or clinic.password,
            "_csrf": form["token"],
        }
        return await self.post("/login", data=fields)

    async def calendar(self, first: date, last: date | None = None) -> httpx.Response:
        """The call for these days, both inclusive."""
        after = (last or first) + timedelta(days=1)
        return await self.json_call(CALENDAR, {"start": f"{first} 00:00:00", "end": f"{after} 00:00:00"})

    async def config(self, path: str = VIEW) -> httpx.Response:
        return await self.json_call(path, {})

    async def json_call(self, path: str, query: dict[str, str]) -> httpx.Response:
        return await self.get(path, params=query, headers={"X-Requested-With": "XMLHttpRequest"})


def form_of(response: httpx.Response) -> dict[str, Any]:
    """What the login page's script will draw."""
    found = re.search(r'id="form-data" type="application/json">(.*?)</script>', response.text)
    assert found, response.text
    return dict(json.loads(found.group(1)))
