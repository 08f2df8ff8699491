"""A table that switches to one block per row when the terminal is too narrow, so that nothing is cut off."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

#: The least width of a column whose text wraps, in characters: a narrower one has a word on each line.
READABLE = 24


class WholeTable(Table):
    """Renders as rich's table while each column fits its whole text, or `READABLE` characters of it and its longest
    word if it may wrap."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        needed = sum(_width(console, options, column) for column in self.columns) + self._extra_width
        for padding in (1, 0):
            if needed + 2 * padding * len(self.columns) <= options.max_width:
                self.padding = (0, padding)
                yield from super().__rich_console__(console, options)
                return
        yield from self._row_by_row()

    def _row_by_row(self) -> Iterator[Text]:
        names = [str(column.header) for column in self.columns]
        margin = max(map(len, names)) + 2
        for row in zip(*(column.cells for column in self.columns), strict=True):
            yield Text()
            for name, cell in zip(names, row, strict=True):
                if str(cell):
                    yield Text.assemble((name.ljust(margin), "bold"), Text.from_markup(str(cell)))


def _width(console: Console, options: ConsoleOptions, column: Column) -> int:
    header, *cells = (Measurement.get(console, options, cell) for cell in (column.header, *column.cells))
    if column.no_wrap:
        return max(size.maximum for size in (header, *cells))
    return max([header.minimum, *(max(size.minimum, min(size.maximum, READABLE)) for size in cells)])
