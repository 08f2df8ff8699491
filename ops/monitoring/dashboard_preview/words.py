"""Formats values as Grafana does, and returns their colors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ops.monitoring.dashboard_preview.board import NotDrawn

GREEN, ORANGE, RED, BLUE, GREY = "#73bf69", "#ff9830", "#f2495c", "#5794f2", "#ccccdc"
COLOURS = {
    "green": GREEN,
    "yellow": "#fade2a",
    "orange": ORANGE,
    "red": RED,
    "dark-red": "#c4162a",
    "blue": BLUE,
    "purple": "#b877d9",
    "text": GREY,
}
#: The colors that Grafana assigns to the series of a panel, in order.
PALETTE = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0")

_TIMES = ((86400.0, "days"), (3600.0, "hours"), (60.0, "mins"), (1.0, "s"), (1e-3, "ms"))
_BYTES = ((2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B"))


def written(value: float | str, field: Mapping[str, Any]) -> str:
    """Formats a value by the field's mappings, then by its unit."""
    if (mapped := _mapping(value, field)) and "text" in mapped:
        return str(mapped["text"])
    if isinstance(value, str):
        return value
    if math.isnan(value):
        return ""
    return _with_unit(value, field.get("unit", "none"), field.get("decimals"))


def colour(value: float | str, field: Mapping[str, Any]) -> str:
    """Returns the color of a value by the field's mappings, then by its thresholds."""
    if (mapped := _mapping(value, field)) and "color" in mapped:
        return COLOURS[mapped["color"]]
    steps = field.get("thresholds", {}).get("steps", [])
    if isinstance(value, str):  # a text passes only the first threshold
        return COLOURS[steps[0]["color"]] if steps else GREY
    passed = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    return COLOURS[passed[-1]] if passed else GREEN


def _mapping(value: float | str, field: Mapping[str, Any]) -> dict[str, Any] | None:
    key = value if isinstance(value, str) else f"{value:g}"
    for mapping in field.get("mappings", []):
        options = mapping["options"]
        if mapping["type"] == "value" and key in options:
            return dict(options[key])
        if mapping["type"] == "range" and isinstance(value, float) and _lies_in(value, options):
            return dict(options["result"])
    return None


def _lies_in(value: float, options: Mapping[str, Any]) -> bool:
    low, high = options.get("from"), options.get("to")
    return (low is None or value >= low) and (high is None or value <= high)


def _with_unit(value: float, unit: str, decimals: int | None) -> str:
    match unit:
        case "none" | "short":
            return _number(value, decimals)
        case "percentunit":
            return f"{_number(value * 100, decimals)}%"
        case "reqps":
            return f"{_number(value, decimals)} req/s"
        case "s":
            return _scaled(value, _TIMES, decimals)
        case "dthms":
            minutes, seconds = divmod(round(value), 60)
            return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
        case "bytes":
            return _scaled(value, _BYTES, decimals)
    raise NotDrawn(f"the unit {unit!r} is not supported")


def _scaled(value: float, scale: tuple[tuple[float, str], ...], decimals: int | None) -> str:
    if value == 0:
        return f"0 {scale[-1][1] if scale is _BYTES else 's'}"
    size, name = next((one for one in scale if abs(value) >= one[0]), scale[-1])
    return f"{_number(value / size, decimals)} {name}"


def _number(value: float, decimals: int | None) -> str:
    return (
        f"{value:.{decimals}f}"
        if decimals is not None
        else f"{value:.3g}"
        if abs(value) < 1000
        else f"{value:.0f}"
    )
