"""Common options (`--json`, `--plot`, `--check`, `--quick`) and output of all benchmarks."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from ops.bench.regression import ALLOWED, losses
from ops.bench.result import Better, Figure, Result
from ops.bench.surroundings import load_average, look_around

PICTURES = (".svg", ".png")


def parser_of(name: str, description: str | None) -> argparse.ArgumentParser:
    """Returns a parser with the options common to all benchmarks."""
    parser = argparse.ArgumentParser(
        prog=f"python -m ops.bench {name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a short run, only to check that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result to FILE")
    parser.add_argument(
        "--plot", type=_picture, metavar="FILE", help="also draw the result (.svg or .png; requires matplotlib)"
    )
    parser.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="compare with an earlier result; exit 1 if a ratio has lost over 20 %%",
    )
    return parser


def options_of(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """Parses the arguments; rejects before the run what would fail after it."""
    options = parser.parse_args(arguments)
    options.load_before = load_average()
    options.last = None
    if options.check is not None:
        try:
            options.last = Result.from_json(options.check.read_text())
        except (OSError, ValueError) as error:
            parser.error(f"--check {options.check}: not a result of a benchmark ({_first_line(error)})")
    if options.plot is not None and find_spec("matplotlib") is None:
        parser.error("--plot requires matplotlib: run ./ops/setup")
    return options


def conclude(result: Result, options: argparse.Namespace) -> int:
    """Prints the result, writes the requested files, and returns the exit status."""
    result = replace(result, surroundings=look_around(options.load_before))
    print(as_text(result), flush=True)
    if options.json is not None:
        options.json.write_text(result.to_json())
    if options.plot is not None:
        from ops.bench.plot import draw

        draw(result, options.plot)
    wrong = [*result.faults, *_compared(result, options)]
    for line in wrong:
        print(f"✗ {line}", file=sys.stderr)
    return 1 if wrong else 0


def as_text(result: Result) -> str:
    """Formats a result as text: figures by group, then ratios with their goals."""
    lines = []
    for group in dict.fromkeys(figure.group for figure in result.figures):
        lines += [group] if group else []
        lines += [_line(figure) for figure in result.figures if figure.group == group]
    lines += ["ratios"] if result.ratios else []
    for ratio in result.ratios:
        as_text = f"  {ratio.name:52} {ratio.value:9.3g}"
        if ratio.goal is not None:
            sign = "≥" if ratio.better is Better.HIGHER else "≤"
            as_text += f"   goal {sign} {ratio.goal:g}: {'met' if ratio.meets_goal else 'MISSED'}"
        lines.append(as_text)
    if around := result.surroundings:
        lines.append(f"{around.cores} cores, load {around.load_before} before and {around.load_after} after")
    return "\n".join(lines)


def _line(figure: Figure) -> str:
    value = f"{figure.value:,.0f}" if figure.value >= 1000 else f"{figure.value:.3g}"
    return f"  {figure.name:52} {value:>9} {figure.unit}"


def _compared(result: Result, options: argparse.Namespace) -> list[str]:
    if options.last is None:
        return []
    try:
        found = losses(options.last, result)
    except ValueError as error:
        return [f"--check {options.check}: {error}"]
    if not found:
        print(f"no ratio has lost more than {ALLOWED:.0%} since {options.check}")
    return [str(loss) for loss in found]


def _picture(text: str) -> Path:
    if not text.endswith(PICTURES):
        raise argparse.ArgumentTypeError(f"{text!r} must end with {' or '.join(PICTURES)}")
    return Path(text)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
