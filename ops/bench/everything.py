"""Runs all benchmarks, one after the other, each in its own process and with its own timeout.

    python -m ops.bench all --json-dir docs/benchmarks --plots --check

`--check` compares each result with the last one in the folder before replacing it. Exits with 1 if a benchmark
failed, timed out, or lost more than a fifth of a ratio. Run it on a quiet machine; each result contains the load.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

#: Timeouts in minutes, without and with `--quick`.
MINUTES: dict[str, tuple[float, float]] = {
    "sync": (35, 8),
    "clinics": (6, 3),
    "cancel_latency": (4, 2),
    "budget": (6, 4),
    "reconcile": (30, 5),
    "offer": (6, 2),
    "pooler": (5, 2),
    "broker": (40, 8),
    "memory": (20, 8),
    "footprint": (10, 5),
}

#: How long a stopped benchmark may take to end its processes. Seconds.
GRACE = 60


def main(given: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m ops.bench all", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json-dir", type=Path, metavar="FOLDER", help="write the results to FOLDER/NAME.json")
    parser.add_argument("--plots", action="store_true", help="also draw them as FOLDER/NAME.svg")
    parser.add_argument("--check", action="store_true", help="compare with the earlier results in FOLDER")
    parser.add_argument("--quick", action="store_true", help="short runs, only to check that they work")
    parser.add_argument("--only", nargs="+", choices=[*MINUTES], default=[*MINUTES], metavar="NAME")
    options = parser.parse_args(given)
    if (options.check or options.plots) and options.json_dir is None:
        parser.error("--check and --plots require --json-dir")
    if options.json_dir is not None:
        options.json_dir.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    failed = [name for name in options.only if not one(name, options)]
    say(f"{len(options.only)} benchmarks in {(time.monotonic() - begun) / 60:.0f} min")
    if failed:
        say(f"✗ failed: {', '.join(failed)}")
    return 1 if failed else 0


def one(name: str, options: argparse.Namespace) -> bool:
    """Runs one benchmark; returns whether it succeeded in time."""
    minutes = MINUTES[name][1 if options.quick else 0]
    say(f"{name}: at most {minutes:g} min")
    with tempfile.TemporaryDirectory(prefix="idexx-bench-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.bench", name, *arguments(name, options, Path(folder))],
            start_new_session=True,
        )
        try:
            status = process.wait(minutes * 60)
        except subprocess.TimeoutExpired:
            stop(process)
            say(f"✗ {name} did not end within {minutes:g} min and was stopped")
            return False
        except BaseException:
            stop(process)
            raise
    if status:
        say(f"✗ {name} ended with status {status}")
    return status == 0


def arguments(name: str, options: argparse.Namespace, scratch: Path) -> Sequence[str]:
    """Returns the benchmark's arguments. First copies the last result, because the new one replaces it."""
    options_given = ["--quick"] if options.quick else []
    if options.json_dir is None:
        return options_given
    here = options.json_dir / f"{name}.json"
    if options.check and here.exists():
        last = scratch / "last.json"
        last.write_bytes(here.read_bytes())
        options_given += ["--check", str(last)]
    options_given += ["--json", str(here)]
    return [*options_given, "--plot", str(here.with_suffix(".svg"))] if options.plots else options_given


def stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupts the process like Ctrl-C, so that it ends its servers and browsers; kills it if it does not
    end."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def say(text: str) -> None:
    print(f"· {text}" if text[0] != "✗" else text, file=sys.stderr, flush=True)
