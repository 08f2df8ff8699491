"""The tag is in all personal data, and in no value that a program interprets."""

from __future__ import annotations

import pytest

from ops.sandbox.client import SandboxClinic, SandboxProcess
from ops.sandbox.tags import FREE_TEXTS
from tests.sandbox.conftest import TODAY
from tests.sandbox.visitor import Visitor

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("field_variant", ["a", "b", "mixed", "2026"])
async def test_every_free_text_carries_the_mark(
    sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic, field_variant: str
) -> None:
    await visitor.sign_in(clinic)
    await sandbox.fault_settings(field_variant=field_variant, wrapper="array")
    plain = (await visitor.calendar(TODAY)).json()
    await sandbox.fault_settings(tag="qzmark")
    marked = (await visitor.calendar(TODAY)).json()
    texts = {name for record in marked for name, value in record.items() if "qzmark" in str(value)}
    others = {name for record in marked for name in record} - texts
    assert not FREE_TEXTS & others
    for before, after in zip(plain, marked, strict=True):
        assert {name: before[name] for name in others & set(before)} == {
            name: after[name] for name in others & set(after)
        }


async def test_errors_carry_it_too(sandbox: SandboxProcess, visitor: Visitor, clinic: SandboxClinic) -> None:
    await visitor.sign_in(clinic)
    await sandbox.fault_settings(tag="qzmark", fail=[{"mode": "status"}])
    assert (await visitor.calendar(TODAY)).text == "Error 500 qzmark"
