"""The command line without servers: help, usage errors, and messages about missing servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import nats.errors
import pytest
from cyclopts import App
from rich.console import Console

from actors.settings import Settings, SettingsError
from engine.failure import Reason
from engine.portal.chromium_path import BrowserMissing
from engine.store.vault import VaultError
from ops.cli import main
from ops.cli.app import COMMANDS, build
from ops.cli.error_report import report
from ops.client.errors import CommandFailed, Refused, explain
from ops.client.exit_status import MEANINGS, Exit, of_refusal
from ops.terminal.tables import ago, table
from tests.conftest import free_port


@pytest.fixture(autouse=True)
def nothing_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("NATS_URL", "DATABASE_URL", "ENCRYPTION_KEY", "IDEXX_BASE_URL", "LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IDEXX_SYNC_HOME", str(tmp_path / "home"))
    from actors.settings import load

    load.cache_clear()


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", "import sys; from ops.cli import main; sys.exit(main())", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, env={**os.environ, **environment}, timeout=60)


def test_help_names_every_command_and_loads_none_of_them() -> None:
    loaded = "import sys; from ops.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert done.returncode == 0
    for name, _, _, line in COMMANDS:
        assert f" {name} " in done.stdout
        assert line.split(",")[0][:20] in done.stdout
    assert not {"nats", "asyncpg", "dramatiq", "pydantic", "playwright", "textual"} & set(done.stderr.split())


@pytest.mark.parametrize("command", [name for name, *_ in COMMANDS])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == Exit.OK
    assert "idexx-sync" in capsys.readouterr().out


def parts_of(app: App, *path: str) -> list[tuple[str, ...]]:
    """The command, or, of one that has parts, each of them, and theirs."""
    parts = [name for name in app if not name.startswith("-")]
    return [deeper for name in parts for deeper in parts_of(app[name], *path, name)] or [path]


@pytest.mark.parametrize("command", [name for name, *_ in COMMANDS])
def test_every_command_shows_an_example_in_its_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for path in parts_of(build(command)[command], command):
        assert main([*path, "--help"]) == Exit.OK
        _, _, example = " ".join(capsys.readouterr().out.split()).partition("Example: ")
        assert f"idexx-sync {' '.join(path)}" in example or example.startswith("./ops/"), path


@pytest.mark.parametrize(
    "arguments", [["no-such-command"], ["worker", "no-such-queue"], ["sync"], ["sync", "x", "--days", "y"]]
)
def test_a_wrong_command_line_exits_with_2_and_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == Exit.USAGE
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("✗ ")
    assert "Traceback" not in output.err


@pytest.mark.parametrize(
    "arguments", [["sync", "north"], ["runs"], ["status"], ["watch"], ["migrate"], ["dlq", "list"], ["gateway"]]
)
def test_without_servers_each_command_says_what_to_start(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == Exit.UNREACHABLE
    assert "idexx-sync up" in capsys.readouterr().err


def test_a_server_that_is_away_is_named_without_its_password() -> None:
    port = free_port()
    done = run("sync", "north", NATS_URL=f"nats://me:secret@127.0.0.1:{port}")
    assert done.returncode == Exit.UNREACHABLE
    assert f"127.0.0.1:{port}" in done.stderr
    assert "secret" not in done.stderr
    assert "does not respond" in done.stderr
    done = run("sync", "north", NATS_URL=f"me:secret@127.0.0.1:{port}")
    assert f"NATS at 127.0.0.1:{port} does not respond" in done.stderr
    assert "secret" not in done.stderr
    done = run("migrate", DATABASE_URL=f"postgresql://me:secret@127.0.0.1:{port}/x")
    assert done.returncode == Exit.UNREACHABLE
    assert f"127.0.0.1:{port}" in done.stderr
    assert "secret" not in done.stderr


def test_a_broker_without_its_server_has_the_same_exit_status() -> None:
    done = run("dlq", "list", NATS_URL=f"nats://127.0.0.1:{free_port()}")
    assert done.returncode == Exit.UNREACHABLE
    assert "unexpected" not in done.stderr


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SettingsError("HTTP_PORT is wrong"), Exit.USAGE),
        (VaultError("no key"), Exit.USAGE),
        (BrowserMissing("no Chromium"), Exit.FAILED),
        (ExceptionGroup("both", [asyncpg.UndefinedTableError("no such table")]), Exit.FAILED),
        (asyncpg.ConnectionDoesNotExistError("closed"), Exit.UNREACHABLE),
        (nats.errors.TimeoutError(), Exit.UNREACHABLE),
    ],
)
def test_an_expected_error_has_its_exit_status_and_no_class_name_first(error: Exception, status: Exit) -> None:
    exit_status, message, _ = explain(error)
    assert exit_status == status
    assert not message.startswith("unexpected")


@pytest.mark.parametrize(
    ("name", "value", "output"),
    [
        ("SYNC_CONCURRENCY", "many", "SYNC_CONCURRENCY='many': must be a whole number"),
        ("SYNC_CONCURRENCY", "0", "SYNC_CONCURRENCY='0': must be 1 or more"),
        ("HTTP_PORT", "99999", "HTTP_PORT='99999': must be 65535 or less"),
        ("IDEXX_RATE_LIMIT", "0", "IDEXX_RATE_LIMIT='0': must be more than 0"),
        ("HEADLESS", "maybe", "HEADLESS='maybe': must be true or false"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL='loud': must be 'debug', 'info', 'warning' or 'error'"),
        ("API_KEYS", "mine", "API_KEYS=(hidden): expected name:sha256"),
    ],
)
def test_a_bad_setting_is_named_with_its_value(
    name: str, value: str, output: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert main(["status"]) == Exit.USAGE
    assert f"✗ {output}" in capsys.readouterr().err


@pytest.mark.parametrize("dates", [("--start", "2030-01-01"), ("--end", "2030-01-01")])
def test_an_incomplete_range_of_dates_names_its_options(
    dates: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sync", "north", *dates]) == Exit.USAGE
    assert "either --days, or both --start and --end" in capsys.readouterr().err


def test_the_traceback_comes_with_debug_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Traceback" not in run("status").stderr
    assert "Traceback" in run("status", LOG_LEVEL="debug").stderr


def test_destroying_asks_and_without_a_terminal_refuses() -> None:
    from ops.cli.confirm import confirm

    with pytest.raises(CommandFailed, match="The confirmation needs a terminal"):
        confirm("Remove it all?")


def test_ctrl_c_at_a_question_ends_the_command_also_within_an_event_loop() -> None:
    asks = "import asyncio; from ops.cli.confirm import confirm\nasync def ask(): confirm('Remove it all?')\n"
    ends = "try: asyncio.run(ask())\nexcept KeyboardInterrupt: raise SystemExit(130)"
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", asks + ends], stdin=theirs, stderr=subprocess.PIPE, start_new_session=True
    ) as asking:
        try:
            assert asking.stderr is not None
            assert asking.stderr.read(1) == b"R"
            asking.send_signal(signal.SIGINT)
            assert asking.wait(timeout=20) == Exit.INTERRUPTED
        finally:
            asking.kill()
    os.close(ours)
    os.close(theirs)


def test_the_console_needs_a_terminal_and_its_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NATS_URL", "nats://127.0.0.1:1")
    assert main(["console"]) == Exit.USAGE
    assert "a terminal" in capsys.readouterr().err
    monkeypatch.setattr("ops.cli.console.find_spec", lambda _: None)
    assert main(["console"]) == Exit.FAILED
    assert "the wheel with its extra console" in capsys.readouterr().err


def test_a_refusal_keeps_its_status_and_says_when_to_come_back() -> None:
    assert explain(Refused(429, "queue_full", "10 syncs wait", 4_000)) == (
        *(Exit.REJECTED, "10 syncs wait"),
        "try again in 4 s",
    )


def test_a_refusal_in_json_is_the_reply_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    error = Refused(429, "queue_full", "10 syncs wait", 4_000)
    assert report(error, as_json=True) == Exit.REJECTED
    body = {"code": 429, "reason": "queue_full", "message": "10 syncs wait", "retry_after_ms": 4_000}
    assert json.loads(capsys.readouterr().out) == {"ok": False, "error": body}
    for typed, reason in ((["sync", "x", "--days", "y"], "bad_request"), (["sync", "north"], "unavailable")):
        status = main([*typed, "--json"])
        output = capsys.readouterr()
        body = json.loads(output.out)["error"]
        assert (of_refusal(body["code"]), body["reason"]) == (status, reason)
        assert str(body["message"]) in output.err
    lacking = asyncpg.InsufficientPrivilegeError("permission denied for table x")
    assert report(lacking, as_json=True) == Exit.NO_PERMISSION == of_refusal(403)
    assert json.loads(capsys.readouterr().out)["error"]["reason"] == "no_permission"


def test_a_file_that_cannot_be_written_is_named_first(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert main(["spec", "--write", str(tmp_path / "file" / "below")]) == Exit.FAILED
    assert capsys.readouterr().err.startswith(f"✗ {tmp_path}/file/below: Not a directory")


def test_doctor_finds_what_is_missing_and_answers_in_json() -> None:
    done = run("doctor", "--json", IDEXX_BASE_URL=f"http://127.0.0.1:{free_port()}")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == Exit.FAILED
    assert {name for name, check in checks.items() if check["grade"] == "fail"} >= {"nats", "postgresql"}
    assert checks["portal"]["grade"] == "warn"
    assert all(check["remedy"] for check in checks.values() if check["grade"] != "pass")


def test_times_are_formatted_in_words() -> None:
    from datetime import UTC, datetime, timedelta

    now = datetime(2030, 1, 1, tzinfo=UTC)
    lengths = {0: "0 s ago", 59: "59 s ago", 61: "1 min ago", 3_700: "1 h 1 min ago", 90_000: "1 d 1 h ago"}
    assert {seconds: ago(now - timedelta(seconds=seconds), now) for seconds in lengths} == lengths
    assert ago(None, now) == "never"


@pytest.mark.parametrize("width", [200, 120, 100, 80, 40])
def test_a_narrow_terminal_is_shown_all_of_a_table(width: int) -> None:
    row = ("1 min ago", "harbour-lane", "[green]completed[/]", "60/60", "12", "7.2 s", str(uuid4()))
    shown = table("when", "clinic", "status", "dates", "added", "took", "sync", right=("dates",), wrap=("sync",))
    shown.add_row(*row)
    out = Console(width=width, file=StringIO())
    out.print(shown)
    output = out.file.getvalue()  # type: ignore[attr-defined]
    assert all(cell in output for cell in ("1 min ago", "harbour-lane", " completed", "60/60", "7.2 s", row[-1]))
    assert max(map(len, output.splitlines())) <= width


@pytest.mark.parametrize(
    ("typed", "output"),
    [
        (("sync",), "CLINIC is missing"),
        (("clinic", "add", "north"), "--name is missing"),
        (("sync", "north", "--days"), "--days needs a value"),
        (("sync", "north", "--days", "two"), "--days: 'two' is not a whole number"),
        (("sync", "north", "--start", "30.11.2026"), "--start: '30.11.2026' is not a date, written YYYY-MM-DD"),
        (("evidence", str(UUID(int=1)), "2026-02-30"), "DATE: '2026-02-30' is not a date, written YYYY-MM-DD"),
        (("sync", "north", "south"), "unexpected argument 'south'"),
        (
            ("clinic", "schedule", "set", "north", "0", "6", "*"),
            "unexpected argument '6'; quote arguments that contain spaces",
        ),
        (("sync", "north", "--days", "0"), 'Invalid value "0" for --days'),
        (("sync", "north", "--days", "61"), "Must be <= 60"),
        (("runs", "--limit", "-1"), "Must be >= 1"),
        (("runs", "--limit", "0"), "Must be >= 1"),
        (
            ("clinic", "add", "north", "--name", "N", "--timezone", "UTC", "--country", "UK"),
            "such as US, CA or GB",
        ),
        (("clinic", "add", "north", "--name", " ", "--timezone", "UTC"), "--name is empty"),
        (("nats-config", "north", "--listen", "4222"), "--listen '4222' is not a host and port"),
        (("sync", "north", "--dayz", "2"), "Did you mean --days?"),
        (("worker", "scraper"), 'Did you mean "date_scraper"?'),
    ],
)
def test_wrong_usage_names_the_word_and_the_correct_form(
    typed: tuple[str, ...], output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed) == Exit.USAGE
    assert output in capsys.readouterr().err


def test_a_wrong_value_in_the_environment_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IDEXX_SYNC_SYNC_DAYS", "two")
    assert main(["sync", "north"]) == Exit.USAGE
    assert "IDEXX_SYNC_SYNC_DAYS: 'two' is not a whole number" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "place"), [(("sync",), "CLINIC"), (("evidence",), "DATE"), (("watch",), "SYNC-OR-CLINIC")]
)
def test_help_names_a_place_once(path: tuple[str, ...], place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*path, "--help"]) == Exit.OK
    output = capsys.readouterr().out
    assert f" {place} " in output
    assert f"--{place.lower()}" not in output.lower()
    assert "--json" in output


@pytest.mark.parametrize(
    ("typed", "help_page"),
    [
        (("sync", "north", "--days", "x"), "idexx-sync sync --help"),
        (("clinic", "schedule", "north"), "idexx-sync clinic schedule --help"),
        (("--nonsense",), "idexx-sync --help"),
    ],
)
def test_wrong_usage_is_sent_to_the_help_of_its_command(
    typed: tuple[str, ...], help_page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed) == Exit.USAGE
    assert capsys.readouterr().err.endswith(f"→ {help_page}\n")


@pytest.mark.parametrize("typed", ["spec", "--help"])
def test_a_reader_that_has_had_enough_is_no_error(typed: str) -> None:
    argv = [sys.executable, "-c", "import sys; from ops.cli import main; sys.exit(main())", typed]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        assert command.stderr.read() == b""
    assert command.returncode == Exit.OK


def test_help_explains_reasons_settings_statuses_and_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "reasons"]) == Exit.OK
    reasons = capsys.readouterr().out
    assert all(reason in reasons for reason in Reason)
    assert "idexx-sync credentials set CLINIC --company-id ID" in reasons
    assert main(["help", "settings"]) == Exit.OK
    settings = capsys.readouterr().out
    assert all(f"{name.upper()} " in settings for name in Settings.model_fields)
    assert "default auto; one of auto, session, transaction" in settings
    assert main(["help", "exit-statuses"]) == Exit.OK
    statuses, page = capsys.readouterr().out, (Path(__file__).parents[2] / "docs/interface.md").read_text()
    for status, meaning in MEANINGS.items():
        assert f" {status:d}  " in statuses
        assert f"| {status:d} | {meaning} |" in page
    assert main(["help", "clinic", "rules", "set"]) == Exit.OK
    assert "Usage: idexx-sync clinic rules set" in capsys.readouterr().out
    assert main(["help", "weather"]) == Exit.USAGE
    assert "no topic 'weather'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "environment", "is_colored"),
    [
        ((), {}, False),
        (("--color", "always"), {}, True),
        (("--color=always",), {"NO_COLOR": "1", "TERM": "dumb"}, True),
        ((), {"FORCE_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colors_are_as_they_are_asked_for(
    options: tuple[str, ...],
    environment: dict[str, str],
    is_colored: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert main([*options, "help", "settings"]) == Exit.OK
    assert main(["status", *options]) == Exit.UNREACHABLE
    output = capsys.readouterr()
    assert ("\x1b[" in output.out, "\x1b[" in output.err) == (is_colored, is_colored)


def test_another_color_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--color", "blue"]) == Exit.USAGE
    assert "--color 'blue': must be auto, always, never" in capsys.readouterr().err
