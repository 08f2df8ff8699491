"""Renders the portal's pages. Templates contain no logic: a page's data is embedded as JSON for its script."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from ops.sandbox.clinics import Clinic
from ops.sandbox.fault_settings import FaultSettings

FOLDER = Path(__file__).parent / "templates"

#: Scripts of hostile or badly written pages.
TRICKS = {
    "dialog": 'alert("Your session will end in five minutes.");',
    "download": 'location.href = "/download/report.csv";',
    "popup": 'window.open("/help", "_blank");',
    # The host does not exist, so a request that is not blocked sends nothing.
    "tracker": """
        fetch("https://tracker.invalid/seen", {method: "POST", body: location.pathname}).catch(() => {});
        document.body.append(Object.assign(document.createElement("iframe"), {src: "https://tracker.invalid/"}));
    """,
    "permission": "Notification.requestPermission(); navigator.geolocation.getCurrentPosition(() => {});",
}


def login_page(fault_settings: FaultSettings, *, token: str, error: str | None = None) -> str:
    form = fault_settings.sign_in.model_dump(include=set(FORM_FIELDS)) | {"token": token, "message": error}
    return _page("login", fault_settings, title="Sign in", data=form)


def second_factor_page(fault_settings: FaultSettings, *, token: str, error: str | None = None) -> str:
    form = {"second_factor": fault_settings.sign_in.second_factor or "code", "token": token, "message": error}
    form |= fault_settings.sign_in.model_dump(include={"error", "draw_delay_ms"})
    return _page("login", fault_settings, title="Check your phone", data=form)


def dashboard_page(fault_settings: FaultSettings, clinic: Clinic) -> str:
    return _page("dashboard", fault_settings, title=clinic.name)


def schedule_page(fault_settings: FaultSettings, clinic: Clinic, today: str) -> str:
    return _page("schedule", fault_settings, title=clinic.name, data={"today": today})


def maintenance_page() -> str:
    return _page("maintenance", FaultSettings(), title="Down for maintenance")


FORM_FIELDS = (
    "company_field",
    "user_field",
    "password_field",
    "submit",
    "error",
    "draw_delay_ms",
    "action",
    "by_script",
    "cover",
    "landing",
)


def _page(name: str, fault_settings: FaultSettings, *, title: str, data: Any = None) -> str:
    tricks = [script for trick, script in TRICKS.items() if getattr(fault_settings, trick)]
    return _template(name).substitute(
        title=escape(title),
        # "</script>" in the data must not end the element.
        data=json.dumps(data).replace("<", "\\u003c"),
        tricks="".join(f'<script>addEventListener("load", () => {{ {trick} }});</script>' for trick in tricks)
        + _elsewhere(fault_settings),
    )


def _elsewhere(fault_settings: FaultSettings) -> str:
    """Returns the parts of a page that refer to other hosts."""
    parts = ""
    if fault_settings.assets_from:
        host = escape(fault_settings.assets_from)
        parts += f'<link rel="stylesheet" href="{host}/style.css"><script src="{host}/library.js"></script>'
    if fault_settings.leak_to:
        parts += f'<script src="/static/leak.js" data-to="{escape(fault_settings.leak_to)}"></script>'
    return parts


@cache
def _template(name: str) -> Template:
    return Template((FOLDER / f"{name}.html").read_text())
