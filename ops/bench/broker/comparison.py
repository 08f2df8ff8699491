"""Compares NatsBroker with Dramatiq's Redis and RabbitMQ brokers, in one run on one machine.

    python -m ops.bench broker [--messages 20000] [--rounds 3] [--only nats,redis,…]

Prints the median of each figure, and our ratio to each peer. Compare ratios, not figures from different days.
Servers: `nats-server` from PyPI, `redis-server` and `rabbitmq-server` from Debian; the run reports missing ones.
The peers' client libraries are installed with pip into a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from ops.bench.broker import servers
from ops.bench.broker.conclusions import result_of
from ops.bench.report import conclude, options_of, parser_of

ROOT = Path(__file__).resolve().parents[3]

KINDS = ["nats", "nats-strict", "redis", "rabbitmq", "rabbitmq-confirmed"]
Figures = dict[str, list[float]]


def main(given: Sequence[str]) -> int:
    options = arguments(given)
    with tempfile.TemporaryDirectory(prefix="bench-broker-") as name:
        folder = Path(name)
        libraries = folder / "libraries"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(libraries), "redis", "pika"]
        if any(not kind.startswith("nats") for kind in options.only):
            subprocess.run(pip, check=True, env={**os.environ, "TMPDIR": name})
        results: dict[str, Figures] = {kind: {} for kind in options.only}
        for number in range(options.rounds):
            for kind in options.only:  # interleaved, so that a busy minute affects all of them
                measure(kind, options.messages, folder, number, libraries, results[kind])
                print(f"round {number + 1}: {kind} done", file=sys.stderr)
    medians = {kind: {name: median(values) for name, values in results[kind].items()} for kind in results}
    print(table(medians))
    return conclude(result_of(medians, options.messages, options.rounds), options)


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = parser_of("broker", __doc__)
    parser.add_argument("--messages", type=int, help="default 20000")
    parser.add_argument("--rounds", type=int, help="default 3")
    parser.add_argument("--only", type=lambda text: text.split(","), default=KINDS)
    options = options_of(parser, given)
    options.messages = options.messages or (2_000 if options.quick else 20_000)
    options.messages -= options.messages % 8  # eight threads send the same number each
    options.rounds = options.rounds or (1 if options.quick else 3)
    return options


def measure(kind: str, messages: int, folder: Path, number: int, libraries: Path, figures: Figures) -> None:
    for scenario, count in (("enqueue", messages), ("end_to_end", messages), ("latency", min(messages, 2000))):
        place = folder / f"{number}-{kind}-{scenario}"
        server = servers.start(kind, place)
        try:
            before = server.cpu()
            found = run(kind, scenario, count, server.url, place, libraries)
            if scenario == "enqueue":
                used = server.cpu() - before + found.pop("sender_cpu")
                used += sum(
                    found[f"{drain}_worker_cpu_per_10k"] * count / 10_000 for drain in ("drain_1x8", "drain_2x4")
                )
                sent = count * (3 if "enqueue_many" in found else 2)
                found["cpu_s_per_10k"] = used / sent * 10_000
        finally:
            server.stop()
        for name, value in found.items():
            figures.setdefault(name, []).append(value)


def run(kind: str, scenario: str, count: int, url: str, place: Path, libraries: Path) -> dict[str, float]:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{libraries}",
        "BENCH_KIND": kind,
        "BENCH_URL": url,
        "BENCH_TALLY": str(place / "tally"),
    }
    command = [sys.executable, "-m", "ops.bench.broker.measure", scenario, str(count)]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            process.terminate()  # it then ends its workers; SIGKILL would leave them running
            process.wait()
            raise
    if process.returncode:
        raise SystemExit(f"{kind}, {scenario}: ended with status {process.returncode}.")
    found: dict[str, float] = json.loads(output)
    return found


def table(medians: dict[str, dict[str, float]]) -> str:
    kinds = list(medians)
    peers = [kind for kind in kinds if not kind.startswith("nats")]
    heading = ["", *kinds, *(f"nats / {peer}" for peer in peers)]
    rows = [heading]
    for name in dict.fromkeys(name for kind in kinds for name in medians[kind]):
        values = [medians[kind].get(name) for kind in kinds]
        ours = medians.get("nats", {}).get(name)
        ratios = [ours / theirs if ours and (theirs := medians[peer].get(name)) else None for peer in peers]
        rows.append([name, *map(figure, values), *map(figure, ratios)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(heading))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
