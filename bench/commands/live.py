"""What a run says on stderr: a bar on a terminal, and a line a verdict everywhere."""

import sys
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bench.chips.load import Catalogue
from bench.chips.paper import Paper
from bench.measure.item import Item
from bench.measure.runner import Order, Watcher
from bench.records.model import Measurement, Record
from bench.report.digits import percent, with_interval
from bench.report.markup import printable
from bench.verdict import Row, row_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


REFRESH_PER_S = 2
"""Slow enough not to take time from a CPU that is being measured."""


class Live:
    """Follows a run; entered for as long as it lasts."""

    def __init__(self, order: Order, catalogue: Catalogue, *, margin: float, quiet: bool) -> None:
        self._order, self._catalogue = order, catalogue
        self._margin, self._quiet = margin, quiet
        self._console: Console | None = None
        self._bar: Progress | None = None
        self._path: Path | None = None

    def __enter__(self) -> Self:
        if self._quiet or not sys.stderr.isatty():
            return self
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(stderr=True, highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            transient=True,
            refresh_per_second=REFRESH_PER_S,
        )
        self._bar.add_task("setting up", total=1.0, left=self._left(0.0))
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()
        if self._path and error is None:
            self._say(f"record: {self._path}")

    def watcher(self) -> Watcher:
        """Returns who is to be told."""
        return Watcher(self._started, self._item, self._measured, self._say)

    def _say(self, line: str) -> None:
        if self._quiet:
            return
        if self._console:
            self._console.print(printable(line), markup=False, soft_wrap=True)
        else:
            print(printable(line), file=sys.stderr, flush=True)

    def _started(self, record: Record, path: Path) -> None:
        self._path = path
        chip = record.identity.chip or "no sheet"
        number = len(self._order.items)
        self._say(
            f"{record.device.name}: {chip} ({record.identity.state}), suite {record.suite}, "
            f"{number} measurement{'' if number == 1 else 's'} in about {self._order.whole_s:.0f} s"
        )

    def _item(self, item: Item, number: int, share: float) -> None:
        if self._bar is None:
            return
        seconds = self._order.seconds_of_items()
        done = (sum(seconds[:number]) + share * seconds[number]) / sum(seconds)
        task = self._bar.task_ids[0]
        self._bar.update(task, completed=done, description=item.label, left=self._left(done))

    def _left(self, done: float) -> str:
        """Returns what is left of the suite's time, in words."""
        return f"about {self._order.whole_s * (1 - done):.0f} s left"

    def _measured(self, record: Record, measurement: Measurement) -> None:
        self._say(line(row_of(record, measurement, self._catalogue, self._margin)))


def line(row: Row) -> str:
    """Returns a row in one line, as it is said while a run goes on."""
    published = row.published.text if isinstance(row.published, Paper) else ""
    words = [f"{row.verdict.value:<11}", row.title]
    if row.measured:
        words.append(with_interval(row.measured, row.dimension, published))
    if row.fraction:
        words.append(f"= {percent(row.fraction)} of {published}")
    elif row.reason:
        words.append(f"({row.reason})")
    return " ".join(words)
