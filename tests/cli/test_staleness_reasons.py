"""What `status` says of a clinic that is not fresh."""

from __future__ import annotations

from typing import Any

import pytest

from engine.store.monitoring import ClinicFigures
from ops.cli.staleness_reasons import staleness_reasons


def words(clinic: dict[str, Any] | None = None, **figures: Any) -> list[str]:
    about = {"login_failure": None, "removals_held": 0, "is_fresh": False} | (clinic or {})
    fields: dict[str, Any] = {
        "slug": "elm",
        "last_success": 0.0,
        "fresh_as_of": 0.0,
        "login_rejected": bool(about["login_failure"]),
        "max_age_seconds": 60,
        "removals_held": about["removals_held"],
        "running_seconds": 0.0,
        "failing": None,
    }
    return [text for text, _ in staleness_reasons(about, ClinicFigures(**fields | figures))]


@pytest.mark.parametrize(
    ("clinic", "figures", "expected"),
    [
        ({"is_fresh": True}, {}, []),
        ({"is_fresh": None}, {}, []),
        ({"login_failure": "login_rejected"}, {"failing": "login_rejected"}, ["login rejected"]),
        ({"login_failure": "no_company_id"}, {"failing": "no_company_id"}, ["no company id"]),
        ({}, {"failing": "portal_changed"}, ["last sync failed: portal changed"]),
        ({"removals_held": 21}, {"running_seconds": 75.0}, ["21 removals held", "syncing for 75 s"]),
        ({}, {}, ["no sync is running, and none has failed: check that syncs are requested"]),
    ],
)
def test_each_obstacle_has_its_words(clinic: dict[str, Any], figures: dict[str, Any], expected: list[str]) -> None:
    assert words(clinic, **figures) == expected


def test_a_clinic_without_credentials_says_so() -> None:
    about = {"login_failure": None, "removals_held": 0, "is_fresh": False}
    assert staleness_reasons(about, None) == [("no credentials", "yellow")]
