"""`python -m ops.sandbox`: runs the sandbox portal as a command."""

from __future__ import annotations

import argparse
import json
import math
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ops.sandbox.fault_settings import FaultSettings, merge_patch
from ops.sandbox.portal import Settings
from ops.sandbox.replay import NoRecording, Replay, read_recording
from ops.sandbox.server import run


def main(arguments: list[str] | None = None) -> None:
    """Parses the arguments and serves until a stop signal; exits with status 2 and a message on an invalid
    value."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        fault_settings = _fault_settings(given)
        FaultSettings.model_validate(fault_settings)
        replay = None if given.replay is None else _replay(given)
    except (ValidationError, ValueError, OSError, NoRecording) as error:
        parser.error(str(error))
    settings = Settings(seed=given.seed, clinics=given.clinics, today=given.today, fault_settings=fault_settings)
    try:
        run(
            settings,
            host=given.host,
            port=given.port,
            until_stdin_closes=given.until_stdin_closes,
            replay=replay,
        )
    except OSError as error:
        parser.error(f"cannot listen on {given.host}:{given.port}: {error.strerror}; choose another --port, or 0")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "idexx-sync sandbox", description="A portal for development, with invented data."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 (the default) uses a free one")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds produce equal calendars")
    parser.add_argument("--clinics", type=int, default=2, help="number of clinics (default 2)")
    parser.add_argument(
        "--today",
        type=date.fromisoformat,
        help="the current day, YYYY-MM-DD (default: today in the clinic's time zone); with --replay, the recorded days "
        "are moved by whole weeks, so that it is among them",
    )
    parser.add_argument("--latency-ms", type=float, help="duration of a call in milliseconds")
    parser.add_argument("--latency-jitter-ms", type=float, help="random deviation of the latency in milliseconds")
    parser.add_argument("--rate-limit", type=int, help="calls per second above which the portal returns 429")
    parser.add_argument(
        "--replay",
        type=Path,
        help="answer from a recording of `idexx-sync portal record`, each call after the recorded time",
    )
    parser.add_argument(
        "--replay-speed",
        type=_speed,
        default=1.0,
        metavar="N",
        help="with --replay: answer N times as fast as recorded; 0: at once (default 1)",
    )
    parser.add_argument("--fault-settings", type=Path, help="a JSON file of fault settings")
    parser.add_argument(
        "--fault-setting",
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="one fault setting, e.g. sign_in.submit=sign_in",
    )
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when the parent process has ended")
    return parser


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 on")
    return speed


def _replay(given: argparse.Namespace) -> Replay:
    recording = read_recording(given.replay)
    if given.today is not None:
        recording = recording.moved_to(given.today)
    return Replay(recording, given.replay_speed or None)


def _fault_settings(given: argparse.Namespace) -> dict[str, Any]:
    """Merges the fault settings; later ones win: the file, then single fault settings, then flags."""
    fault_settings: dict[str, Any] = json.loads(given.fault_settings.read_text()) if given.fault_settings else {}
    for setting in given.fault_setting:
        path, _, text = setting.partition("=")
        fault_settings = merge_patch(fault_settings, _nested(path.split("."), _value(text)))
    flags = {name: getattr(given, name) for name in ("latency_ms", "latency_jitter_ms", "rate_limit")}
    return merge_patch(fault_settings, {name: value for name, value in flags.items() if value is not None})


def _nested(path: list[str], value: Any) -> dict[str, Any]:
    return {path[0]: _nested(path[1:], value) if path[1:] else value}


def _value(text: str) -> Any:
    """Parses a value as JSON; returns the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text
