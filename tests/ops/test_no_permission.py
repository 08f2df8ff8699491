"""What a restricted NATS user reads when a request is refused."""

from __future__ import annotations

import pytest

from ops.client.no_permission import no_permission


@pytest.mark.parametrize(
    ("user", "verb", "clinic", "message", "hint"),
    [
        ("clinic-elm", "status", "oak", "request status of oak: it is for elm only", "idexx-sync status elm"),
        (
            "clinic-elm",
            "overview",
            "_all",
            "overview of all clinics: it is for elm only",
            "idexx-sync watch elm; or",
        ),
        ("clinic-elm", "cancel", "oak", "it is for elm only", "set NATS_URL with the user clinic-oak"),
        (
            "clinic-elm",
            "approve",
            "elm",
            "only operators decide",
            "the user worker; its password is in passwords.json",
        ),
        (
            "ops",
            "sync",
            "elm",
            "the NATS user ops has no permission to request sync of elm: it may only read",
            "worker",
        ),
        (
            "",
            "sync",
            "elm",
            "the NATS user (none) has no permission to request sync of elm",
            "idexx-sync nats-config",
        ),
    ],
)
def test_it_learns_who_it_is_and_what_to_type(user: str, verb: str, clinic: str, message: str, hint: str) -> None:
    failure = no_permission(user, verb, clinic)
    assert message in str(failure)
    assert failure.hint is not None
    assert hint in failure.hint
