"""Draws the panels into one picture, each at its place in the grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from PIL import Image

from ops.monitoring.dashboard_preview.asking import Answer
from ops.monitoring.dashboard_preview.board import COLUMNS, NotDrawn, Panel
from ops.monitoring.dashboard_preview.tables import Cell, cells
from ops.monitoring.dashboard_preview.words import COLOURS, GREY, PALETTE, colour, written
from ops.monitoring.testbed.prometheus import Series

BACKGROUND, PANEL, LINE = "#111217", "#181b1f", "#2c3035"

#: Size of a grid cell in inches, and dots per inch: 1560 dots wide in total.
CELL_WIDTH, CELL_HEIGHT, DOTS = 0.65, 0.36, 100

PALETTE_SIZE = 160

#: Cells reserved below a chart: for its scale, and for a legend of up to three lines.
SCALE, BELOW = 0.7, 2.0

Draw = Callable[[Axes, Panel, Sequence[Answer]], None]


def draw(panels: Sequence[Panel], answers: Mapping[str, Sequence[Answer]], to: Path) -> None:
    """Writes a PNG. Raises `NotDrawn` for an unsupported kind of panel."""
    mpl.use("agg")
    rows = max(panel.place[1] + panel.place[3] for panel in panels)
    figure = Figure(figsize=(COLUMNS * CELL_WIDTH, rows * CELL_HEIGHT), dpi=DOTS, facecolor=BACKGROUND)
    for panel in panels:
        if panel.kind not in KINDS:
            raise NotDrawn(f"the panel {panel.title!r} is a {panel.kind}, which is not supported")
        axes = _place(figure, panel, rows)
        KINDS[panel.kind](axes, panel, answers[panel.title])
    drawn = BytesIO()
    figure.savefig(drawn, facecolor=BACKGROUND)
    with Image.open(drawn) as picture:  # a palette reduces it to a third of its size
        picture.convert("RGB").quantize(PALETTE_SIZE).save(to, "PNG", optimize=True)


def _place(figure: Figure, panel: Panel, rows: int) -> Axes:
    """Draws a panel's frame and title; returns the axes for its content."""
    x, y, width, height = panel.place
    left, bottom = x / COLUMNS, 1 - (y + height) / rows
    gap_x, gap_y = 0.003, 0.08 / rows
    frame = figure.add_axes(
        (left + gap_x, bottom + gap_y, width / COLUMNS - 2 * gap_x, height / rows - 2 * gap_y),
        facecolor=BACKGROUND if panel.kind == "row" else PANEL,
    )
    frame.set_xticks([])
    frame.set_yticks([])
    for side in frame.spines.values():
        side.set_color(BACKGROUND if panel.kind == "row" else LINE)
    frame.annotate(
        panel.title,
        (0, 1),
        (6, -6),
        xycoords="axes fraction",
        textcoords="offset points",
        va="top",
        color=GREY,
        fontsize=10 if panel.kind == "row" else 8.5,
        fontweight="bold",
    )
    margin, top, below = (0.035, 0.9, BELOW) if panel.kind == "timeseries" else (0.006, 0.8, 0.1)
    return figure.add_axes(
        (left + margin, bottom + below / rows, width / COLUMNS - margin - 0.008, (height - top - below) / rows),
        facecolor=PANEL,
    )


def _row(axes: Axes, _panel: Panel, _answers: Sequence[Answer]) -> None:
    axes.remove()


def _nothing(axes: Axes) -> None:
    axes.axis("off")
    axes.text(0.5, 0.5, "No data", ha="center", va="center", color="#8e8e99", fontsize=9, transform=axes.transAxes)


def _last(answers: Sequence[Answer]) -> list[tuple[str, float]]:
    """Returns names and last values; omits a series that ended earlier than the others."""
    end = max((series.points[-1][0] for answer in answers for series in answer.series), default=0.0)
    return [
        (name, series.points[-1][1])
        for answer in answers
        for name, series in answer.named()
        if series.points[-1][0] == end
    ]


def _stat(axes: Axes, panel: Panel, answers: Sequence[Answer]) -> None:
    values = _last(answers)
    if not values:
        _nothing(axes)
        return
    axes.axis("off")
    across = panel.options.get("orientation") == "vertical" or panel.place[2] > 2 * panel.place[3]
    for number, (name, value) in enumerate(values):
        middle = (number + 0.5) / len(values)
        place = (middle, 0.5) if across else (0.5, 1 - middle)
        shade, text = colour(value, panel.field(name)), written(value, panel.field(name))
        if panel.options.get("textMode") == "name":
            text, name = name, ""
        size = min(20.0, 60 * panel.place[3] / (len(values) if not across else 4))
        axes.text(*place, text, ha="center", va="center", color=shade, fontsize=size, transform=axes.transAxes)
        if len(values) > 1 or panel.options.get("textMode") == "value_and_name":
            axes.annotate(
                name,
                place,
                (0, -size * 0.75),
                xycoords="axes fraction",
                textcoords="offset points",
                ha="center",
                va="top",
                color=GREY,
                fontsize=7,
            )


def _bar_gauge(axes: Axes, panel: Panel, answers: Sequence[Answer]) -> None:
    values = _last(answers)[::-1]
    if not values:
        _nothing(axes)
        return
    top = float(panel.defaults.get("max", max(value for _, value in values) or 1.0))
    axes.axis("off")
    for number, (name, value) in enumerate(values):
        field = panel.field(name)
        axes.barh(number, 1.0, height=0.6, left=0.0, color=LINE)
        axes.barh(number, min(value / top, 1.0), height=0.6, left=0.0, color=colour(value, field))
        axes.text(0.01, number, name, va="center", color="white", fontsize=8)
        axes.text(0.99, number, written(value, field), va="center", ha="right", color="white", fontsize=8)
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.6, len(values) - 0.4)


def _time_series(axes: Axes, panel: Panel, answers: Sequence[Answer]) -> None:
    lines = [one for answer in answers for one in answer.named()]
    if not any(not answer.is_empty for answer in answers):
        _nothing(axes)
        return
    stacked = panel.defaults.get("custom", {}).get("stacking", {}).get("mode") == "normal"
    (_stack if stacked else _lines)(axes, lines, [_shade(panel, *one) for one in enumerate(lines)])
    _dress(axes, panel)
    height = panel.place[3] - 0.9 - BELOW
    axes.legend(
        loc="upper left",
        bbox_to_anchor=(-0.02, -SCALE / height),
        ncols=max(1, panel.place[2] // 2),
        frameon=False,
        labelcolor=GREY,
        fontsize=6.5,
        handlelength=1,
        columnspacing=1,
        labelspacing=0.2,
        borderpad=0,
    )


def _shade(panel: Panel, number: int, line: tuple[str, Series]) -> str:
    """Returns the color that the dashboard assigns to a series, or the next one of the palette."""
    fixed = panel.field(line[0]).get("color", {}).get("fixedColor")
    return COLOURS[fixed] if fixed else PALETTE[number % len(PALETTE)]


def _lines(axes: Axes, lines: Sequence[tuple[str, Series]], shades: Sequence[str]) -> None:
    for (name, series), shade in zip(lines, shades, strict=True):
        times = [at for at, _ in series.points]
        axes.plot(times, [value for _, value in series.points], color=shade, label=name, linewidth=1.2)


def _stack(axes: Axes, lines: Sequence[tuple[str, Series]], shades: Sequence[str]) -> None:
    moments = sorted({at for _, series in lines for at, _ in series.points})
    known = [dict(series.points) for _, series in lines]
    axes.stackplot(
        moments,
        [[values.get(at, 0.0) for at in moments] for values in known],
        labels=[name for name, _ in lines],
        colors=shades,
        alpha=0.7,
    )


def _dress(axes: Axes, panel: Panel) -> None:
    """Sets the scales in the panel's unit, its limits, and its thresholds if it draws them."""
    defaults = panel.defaults
    axes.set_ylim(bottom=defaults.get("min"), top=defaults.get("max"))
    if defaults.get("custom", {}).get("thresholdsStyle", {}).get("mode") == "line":
        for step in defaults["thresholds"]["steps"]:
            if step["value"] is not None:
                axes.axhline(step["value"], color=colour(step["value"], defaults), linestyle="--", linewidth=0.8)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: written(value, defaults)))
    axes.xaxis.set_major_locator(MaxNLocator(max(2, panel.place[2] // 2)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"))
    axes.tick_params(colors="#8e8e99", labelsize=7, length=0)
    axes.grid(color=LINE, linewidth=0.5)
    for side in axes.spines.values():
        side.set_visible(False)


def _table(axes: Axes, panel: Panel, answers: Sequence[Answer]) -> None:
    columns, rows = cells(panel, answers)
    if not rows:
        _nothing(axes)
        return
    axes.axis("off")
    lines = max(len(rows) + 1, panel.place[3] + 1)
    heads = [Cell(name, "#8ab8ff") for name in columns]
    for down, row in enumerate([heads, *rows]):
        for x, cell in zip(_starts([heads, *rows]), row, strict=True):
            axes.text(
                x,
                1 - (down + 0.5) / lines,
                cell.text,
                va="center",
                color=cell.colour,
                fontsize=8,
                transform=axes.transAxes,
            )


def _starts(rows: Sequence[Sequence[Cell]]) -> list[float]:
    """Returns the starts of a table's columns as shares of its width, based on their longest texts."""
    widths = [max(len(cell.text) for cell in column) + 2 for column in zip(*rows, strict=True)]
    return [sum(widths[:number]) / sum(widths) for number in range(len(widths))]


KINDS: Mapping[str, Draw] = {
    "row": _row,
    "stat": _stat,
    "bargauge": _bar_gauge,
    "timeseries": _time_series,
    "table": _table,
}
