"""docs/troubleshooting.md: every message, reason, warning and exit status is there, and nothing that is gone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.failure import Reason
from engine.warnings import WarningCode
from ops.client.exit_status import Exit
from ops.dev.messages.page import WAITING, listed, updated
from ops.dev.messages.scan import templates

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs/troubleshooting.md").read_text()
UPDATE = "run `python -m ops.dev.messages docs/troubleshooting.md`, and move new messages below a heading"


@pytest.fixture(scope="module")
def messages() -> set[str]:
    return set(templates())


def test_every_message_is_on_the_page_once_and_no_other(messages: set[str]) -> None:
    found = listed(PAGE)
    assert messages - set(found) == set(), UPDATE
    assert set(found) - messages == set(), UPDATE
    assert len(found) == len(set(found))
    assert WAITING not in PAGE, UPDATE


def test_every_group_of_messages_has_a_remedy() -> None:
    for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        remedy, _, _ = body.partition("\n- ")
        assert len(remedy.split()) >= 10, title


def test_every_reason_and_warning_has_a_row() -> None:
    rows = {name for line in PAGE.splitlines() if line.startswith("| `") for name in re.findall(r"`(\w+)`", line)}
    assert {str(each) for each in (*Reason, *WarningCode)} <= rows


def test_every_exit_status_is_in_the_interface() -> None:
    interface = (ROOT / "docs/interface.md").read_text()
    statuses = {int(number) for number in re.findall(r"^\| (\d+) \|", interface, re.MULTILINE)}
    assert {status.value for status in Exit} <= statuses


@pytest.mark.parametrize(
    "message",
    [
        "clinic … has no webhook",  # the store: f-string and constants
        "The mailbox … is full",  # the broker: set in __init__
        "the portal's certificate is not valid",  # a row of a table
        "NATS does not respond (…)",  # the command line
        "no Chromium was found",  # a finding of doctor
        "is not a rule; …",  # a problem of a file
        "must have at least … characters",  # pydantic's errors in our words
        "no Python 3.11 or newer was found",  # ./ops/setup
    ],
)
def test_messages_are_found_wherever_they_are_made(message: str, messages: set[str]) -> None:
    assert any(each.startswith(message) for each in messages)


def test_the_page_is_updated_without_losing_its_remedies() -> None:
    page = "# T\n\n### A\n\nDo this.\n\n- `old …`\n- `` run `x` ``\n"
    after = updated(page, {"run `x`", "new"})
    assert listed(after) == ["run `x`", "new"]
    assert "Do this." in after
    assert after.index(WAITING) < after.index("- `new`")
    assert updated(after, {"run `x`", "new"}) == after
