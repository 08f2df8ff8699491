"""What Python and libraries say of a value that they stumbled over is not passed on; where it happened is."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
import structlog

from actors.observability.logging import configure
from actors.observability.redaction import Unexpected, lines, without_words
from actors.settings import Settings
from engine.errors import Unavailable


def stumble(name: str) -> None:
    try:
        int(name)
    except ValueError:
        raise KeyError(name) from None


def caught(name: str = "Bella") -> Exception:
    try:
        stumble(name)
    except KeyError as error:
        return error
    raise AssertionError


def test_what_is_stored_or_shown_has_no_foreign_words() -> None:
    passed_on = without_words(caught())
    assert isinstance(passed_on, Unexpected)
    text = "".join(lines(passed_on))
    assert "KeyError" in text
    assert "in stumble" in text
    assert "Bella" not in text


def test_our_own_texts_and_those_of_the_system_are_kept() -> None:
    assert "try again" in "".join(lines(Unavailable("try again")))
    assert "Connection refused" in "".join(lines(ConnectionRefusedError(111, "Connection refused")))


def test_causes_and_groups_are_redacted_as_well() -> None:
    first = ExceptionGroup("Bella's errors", [caught(), ValueError("Bella")])
    error = Unavailable("the portal is away")
    error.__cause__ = first
    text = "".join(lines(error))
    assert text.index("KeyError") < text.index("ValueError") < text.index("the portal is away")
    assert "Bella" not in text


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("library", [True, False])
def test_logs_show_where_and_not_what(form: str, library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    root, out = logging.getLogger(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        configure(Settings.model_validate({"log_format": form}))
        try:
            stumble("Bella")
        except KeyError:
            log = logging.getLogger("a.library") if library else structlog.get_logger("ours")
            log.exception("it_broke")
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.reset_defaults()
    assert "in stumble" in out.getvalue()
    assert "Bella" not in out.getvalue().replace('stumble("Bella")', "").replace('stumble(\\"Bella\\")', "")
    if form == "json":
        assert json.loads(out.getvalue())["event"] == "it_broke"
