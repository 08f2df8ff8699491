"""The sandbox as a process: starts with one line, ends without a word."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
import pytest

import ops.sandbox
from ops.sandbox.client import SandboxError, SandboxProcess
from tests.conftest import eventually

COMMAND = [sys.executable, "-m", "ops.sandbox", "--port", "0"]


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*COMMAND, *arguments], text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            greeting = json.loads(process.stdout.readline())
            assert greeting["pid"] == process.pid
            yield process, greeting["url"]
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_while_calls_hang(number: signal.Signals) -> None:
    rule = {"on": ["login_page"], "mode": "hang", "seconds": 600}
    with started("--fault-setting", f"fail=[{json.dumps(rule)}]") as (process, url):
        hanging = Thread(target=lambda: httpx.get(f"{url}/login", timeout=30))
        hanging.start()
        eventually(lambda: httpx.get(f"{url}/_sandbox/request_log").json())
        process.send_signal(number)
        assert process.wait(10) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("", "")
        hanging.join()


def test_it_stops_when_the_program_that_started_it_is_gone() -> None:
    with started("--until-stdin-closes") as (process, _):
        process.stdin.close()
        assert process.wait(10) == 0


def test_a_connection_cut_on_purpose_leaves_no_traceback() -> None:
    with started("--fault-setting", 'fail=[{"on": ["login_page"], "mode": "cut_body"}]') as (process, url):
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{url}/login")
        process.terminate()
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_dials_come_from_a_file_single_settings_and_flags(tmp_path: Path) -> None:
    file = tmp_path / "dials.json"
    file.write_text(json.dumps({"latency_ms": 1, "wrapper": "data", "sign_in": {"submit": "sign_in"}}))
    with started(
        "--fault-settings", str(file), "--fault-setting", "sign_in.error=error_message", "--latency-ms", "2"
    ) as (
        _,
        url,
    ):
        fault_settings = httpx.get(f"{url}/_sandbox/fault_settings").json()
    assert (fault_settings["latency_ms"], fault_settings["wrapper"]) == (2, "data")
    assert (fault_settings["sign_in"]["submit"], fault_settings["sign_in"]["error"]) == (
        "sign_in",
        "error_message",
    )


def test_a_bad_dial_stops_the_start_with_its_name() -> None:
    failed = subprocess.run(
        [*COMMAND, "--fault-setting", "wrapper=paper"], capture_output=True, text=True, timeout=60
    )
    assert failed.returncode == 2
    assert "wrapper" in failed.stderr
    assert failed.stdout == ""


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with started() as (_, url):
        command = [*COMMAND, "--port", url.rsplit(":")[-1]]
        failed = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert failed.returncode == 2
    assert "choose another --port" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_the_client_says_when_its_sandbox_does_not_start(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SandboxError, match="did not start"), SandboxProcess(wrapper="paper"):
        pass
    assert "wrapper" in capfd.readouterr().err


def test_many_clinics_each_have_their_own_sign_in() -> None:
    with started("--clinics", "23") as (_, url):
        clinics = httpx.get(f"{url}/_sandbox/clinics").json()
    for field in ("company_id", "username", "slug", "name"):
        assert len({clinic[field] for clinic in clinics}) == 23


def test_it_imports_nothing_of_what_it_is_there_to_test() -> None:
    for file in Path(ops.sandbox.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in {"engine", "broker", "actors"}, (
                    f"{file.name} imports {name}: a sandbox that shares code with the engine shares its mistakes"
                )
