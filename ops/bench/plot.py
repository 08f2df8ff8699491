"""Draws a result: bars for figures, in one panel per group, and lines for series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from ops.bench.result import Figure, Result

#: Sizes in inches: width of the picture; height of a bar, of the space around a panel's bars, of a line panel.
WIDTH, BAR, AROUND, LINES = 8.5, 0.24, 0.9, 4.5

#: Colors that can be distinguished with any color vision (Okabe and Ito).
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999", "#000000")


def draw(result: Result, path: Path) -> None:
    """Writes the picture in the format given by the suffix of `path`; the same result gives the same file."""
    panels = _panels(result)
    heights = [AROUND + BAR * len(panel) for panel in panels]
    heights += [LINES] if result.series else []
    with mpl.rc_context(
        {
            "svg.hashsalt": result.bench,
            "svg.fonttype": "none",
            "font.size": 9,
            "axes.spines.right": False,
            "axes.spines.top": False,
        }
    ):
        canvas = Canvas(figsize=(WIDTH, sum(heights) + 0.5), layout="constrained")
        canvas.suptitle(_title(result), fontsize=9)
        grid = canvas.subplots(len(heights), 1, squeeze=False, height_ratios=heights)
        for axes, panel in zip(grid[:, 0], panels, strict=False):
            _bars(axes, panel)
        if result.series:
            _lines(grid[-1, 0], result)
        canvas.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)


def _title(result: Result) -> str:
    around = result.surroundings
    if around is None:
        return result.bench
    return (
        f"{result.bench}: {around.at[:10]}, {around.cores} cores, load {around.load_before} to {around.load_after}"
    )


def _panels(result: Result) -> Sequence[Sequence[Figure]]:
    """Groups the figures into panels; figures with the same unit and group share a scale."""
    keys = dict.fromkeys((figure.group, figure.unit) for figure in result.figures)
    return [[one for one in result.figures if (one.group, one.unit) == key] for key in keys]


def _bars(axes: Axes, figures: Sequence[Figure]) -> None:
    """Draws the bars from top to bottom."""
    for place, figure in enumerate(figures):
        axes.barh(place, figure.value, color=COLOURS[place % len(COLOURS)], height=0.85)
        text = _short(figure.value)
        axes.annotate(text, (figure.value, place), xytext=(4, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(figures)), [figure.name for figure in figures])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_title(figures[0].group, fontsize=9, loc="left")
    axes.set_xlabel(figures[0].unit)


def _lines(axes: Axes, result: Result) -> None:
    for n, (name, values) in enumerate(result.series.items()):
        style = "-" if n < len(COLOURS) else "--"
        axes.plot(
            range(1, len(values) + 1), values, style, label=name, color=COLOURS[n % len(COLOURS)], linewidth=1
        )
    axes.set_ylim(bottom=0)
    axes.set_ylabel(result.series_unit)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
