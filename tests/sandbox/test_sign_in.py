"""Who gets in, who does not, and how a session ends."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from tests.sandbox.conftest import TODAY
from tests.sandbox.visitor import Visitor, form_of

pytestmark = pytest.mark.anyio


def message(response: httpx.Response) -> Any:
    return form_of(response)["message"]


async def test_a_wrong_password_stays_on_the_form_and_says_so(visitor: Visitor, clinic: SandboxClinic) -> None:
    response = await visitor.sign_in(clinic, "wrong")
    assert response.status_code == 200
    assert "Invalid" in message(response)
    assert "neo_session" not in visitor.cookies


async def test_repeated_failures_lock_the_account_even_for_the_right_password(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic
) -> None:
    await sandbox.fault_settings(sign_in={"lock_after": 2})
    for _ in range(2):
        assert "Invalid" in message(await visitor.sign_in(clinic, "wrong"))
    assert "locked" in message(await visitor.sign_in(clinic))


async def test_a_right_password_forgives_earlier_failures(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic
) -> None:
    await sandbox.fault_settings(sign_in={"lock_after": 2})
    for password in ("wrong", clinic.password, "wrong", clinic.password):
        last = await visitor.sign_in(clinic, password)
    assert last.status_code == 302


async def test_one_clinic_can_be_locked_or_refused_by_a_dial(
    sandbox: SandboxProcess, visitor: Visitor, clinics: list[SandboxClinic]
) -> None:
    await sandbox.fault_settings(clinics[0].company_id, sign_in={"locked": True})
    await sandbox.fault_settings(clinics[1].company_id, sign_in={"reject": True})
    assert "locked" in message(await visitor.sign_in(clinics[0]))
    assert "Invalid" in message(await visitor.sign_in(clinics[1]))
    assert (await visitor.sign_in(clinics[2])).status_code == 302


@pytest.mark.parametrize("name", ["code", "otp"])
async def test_a_second_factor_is_asked_for_and_only_its_code_opens(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic, name: str
) -> None:
    await sandbox.fault_settings(sign_in={"second_factor": name})
    assert (await visitor.sign_in(clinic)).headers["location"] == "/login/verify"
    form = form_of(await visitor.get("/login/verify"))
    assert form["second_factor"] == name
    wrong = await visitor.post("/login/verify", data={name: "111111", "_csrf": form["token"]})
    assert "not valid" in message(wrong)
    right = await visitor.post("/login/verify", data={name: "246810", "_csrf": form["token"]})
    assert right.headers["location"] == "/dashboard"


@pytest.mark.parametrize("landing", ["dashboard", "home", "schedule"])
async def test_success_lands_on_the_page_of_the_dial_with_the_cookie_of_the_dial(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic, landing: str
) -> None:
    await sandbox.fault_settings(sign_in={"landing": landing, "cookie": "auth_token"})
    response = await visitor.sign_in(clinic)
    assert response.headers["location"] == f"/{landing}"
    assert "auth_token" in visitor.cookies
    assert (await visitor.get(f"/{landing}")).status_code == 200


@pytest.mark.parametrize("form", ["302", "401", "login_page"])
async def test_an_ended_session_shows_in_each_of_its_forms(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic, form: str
) -> None:
    await visitor.sign_in(clinic)
    assert (await visitor.calendar(TODAY)).status_code == 200
    await sandbox.fault_settings(session_end_form=form, expire_sessions=True)
    response = await visitor.calendar(TODAY)
    assert response.status_code == {"302": 302, "401": 401, "login_page": 200}[form]
    assert response.headers.get("location") == ("/login" if form == "302" else None)
    if form == "login_page":
        assert form_of(response)["token"]


async def test_a_session_ends_by_itself(sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic) -> None:
    await sandbox.fault_settings(session_seconds=0.001)
    await visitor.sign_in(clinic)
    assert (await visitor.calendar(TODAY)).status_code == 302
    assert await sandbox.sessions() == {}


@pytest.mark.parametrize("single", [True, False])
async def test_a_new_sign_in_ends_the_older_session_only_where_that_is_the_rule(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic, single: bool
) -> None:
    await sandbox.fault_settings(single_session_per_user=single)
    await visitor.sign_in(clinic)
    async with Visitor(sandbox.url) as second:
        await second.sign_in(clinic)
        assert (await second.calendar(TODAY)).status_code == 200
    assert (await visitor.calendar(TODAY)).status_code == (302 if single else 200)


async def test_a_company_id_of_another_clinic_is_no_way_in(visitor: Visitor, clinics: list[SandboxClinic]) -> None:
    form = form_of(await visitor.get("/login"))
    fields = {"username": clinics[0].username, "password": clinics[0].password, "_csrf": form["token"]}
    assert (await visitor.post("/login", data=fields | {"companyId": clinics[1].company_id})).status_code == 200
    assert (await visitor.post("/login", data=fields | {"companyId": ""})).status_code == 200
    # A form that has no such field sends none.
    assert (await visitor.post("/login", data=fields)).status_code == 302
