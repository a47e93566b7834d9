"""Progress of a run on stderr: a bar on a terminal, and a line per verdict everywhere."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import get_terminal_size
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bench.chips.load import Catalogue
from bench.commands.running.titled import Titled
from bench.judging.verdict import Row, Verdict
from bench.measure.item import Item
from bench.measure.runner import Order, Watcher
from bench.records.model import Measurement, Record
from bench.report.text.digits import percent, with_interval
from bench.report.text.markup import printable
from bench.report.text.screen import is_terminal
from bench.report.text.wrap import head, width_of, wrapped
from bench.words import counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


REFRESH_PER_S = 2
"""Slow enough not to take time from a CPU that is being measured."""
WORD = 11
"""Width of the verdict at the beginning of a line, in columns."""
COLOURS = {
    Verdict.REACHED: "green",
    Verdict.SHORT: "red",
    Verdict.UNDECIDED: "yellow",
    Verdict.IMPLAUSIBLE: "magenta",
    Verdict.FAILED: "magenta",
}
BAR_MOST, BAR_LEAST, BESIDE = 40, 8, 46
"""Most and fewest columns of the bar, and the columns beside it: label, per cent, time left."""
LABEL = 22
"""Columns of the label, which names what is being measured."""
PLANNED = 0.3
"""Weight of the planned pace in an estimate of the time left, relative to the whole plan."""
SOON_S, TENTHS_S, MINUTES_S = 1.0, 10.0, 120.0
"""Times in s: below the first a run is done soon, below the second tenths are shown, and from the
third on minutes."""


class Live:
    """Shows the progress of a run; a context manager that lasts as long as the run."""

    def __init__(self, order: Order, catalogue: Catalogue, *, margin: float, quiet: bool) -> None:
        self._order, self._quiet = order, quiet
        self._titled = Titled(order.items, catalogue, margin)
        self._console: Console | None = None
        self._bar: Progress | None = None
        self._path: Path | None = None
        self._seconds = order.seconds_of_items()
        self._at = (0, 0.0)
        self._began_s: float | None = None

    def __enter__(self) -> Self:
        dumb = os.environ.get("TERM", "") in ("", "dumb")
        if self._quiet or dumb or not is_terminal(sys.stderr):
            return self
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)
        self._bar = self._drawn(self._console)
        self._bar.start()
        return self

    def _drawn(self, console: "Console") -> "Progress":
        """Returns the bar; the time left is computed whenever it is drawn."""
        from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
        from rich.text import Text

        live = self

        class Left(ProgressColumn):
            def render(self, task: Task) -> Text:  # noqa: ARG002 -- rich's signature
                return Text(live.left(), no_wrap=True)

        bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(max(BAR_LEAST, min(BAR_MOST, console.width - BESIDE))),
            TextColumn("{task.percentage:>3.0f}%"),
            Left(),
            console=console,
            transient=True,
            refresh_per_second=REFRESH_PER_S,
        )
        bar.add_task("setting up", total=1.0)
        return bar

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
        """Returns the watcher for the run."""
        return Watcher(self._started, self._item, self._measured, self._say)

    def _say(self, line: str, colour: str = "") -> None:
        """Prints a line, wrapped on a terminal."""
        if self._quiet:
            return
        lines = "\n".join(fitting(printable(line), self._width()))
        if self._console is None:
            print(lines, file=sys.stderr, flush=True)
            return
        from rich.text import Text

        text = Text(lines)
        if colour:
            text.stylize(colour, 0, len(lines.partition(" ")[0]))
        self._console.print(text, soft_wrap=True)

    def _width(self) -> int | None:
        """Returns the number of columns of the terminal; None without one."""
        if self._console:
            return self._console.width
        return get_terminal_size().columns if is_terminal(sys.stderr) else None

    def _started(self, record: Record, path: Path) -> None:
        self._path, self._began_s = path, time.monotonic()
        chip = record.identity.chip or "no sheet"
        number, most = len(self._order.items), _spelled_s(self._order.whole_s)
        name, of = record.device.name, record.identity.state
        simulated = " (simulated)" if record.device.is_fake else ""
        self._say(
            f"{name}{simulated}: {chip} ({of}), suite {record.suite}, "
            f"{counted(number, 'measurement')} in up to {most}"
        )

    def _item(self, item: Item, number: int, share: float) -> None:
        if self._bar is None:
            return
        self._at = (number, share)
        done = done_s(self._seconds, number, share) / sum(self._seconds)
        task, label = self._bar.task_ids[0], printable(item.label)
        self._bar.update(task, completed=done, description=head(label, LABEL))

    def left(self) -> str:
        """Returns the time that the run will still take, in words."""
        elapsed_s = time.monotonic() - self._began_s if self._began_s is not None else 0.0
        return left_words(left_s(self._seconds, *self._at, elapsed_s))

    def _measured(self, record: Record, measurement: Measurement) -> None:
        row = self._titled.row(record, measurement)
        self._say(line(row), COLOURS.get(row.verdict, ""))


def _spelled_s(seconds: float) -> str:
    """Formats a time in seconds, with tenths below ten."""
    return f"{seconds:.0f} s" if seconds >= TENTHS_S else f"{round(seconds, 1):g} s"


def done_s(seconds: Sequence[float], number: int, share: float) -> float:
    """Returns the planned seconds that are done: all items before ``number``, and its ``share``."""
    return sum(seconds[:number]) + min(max(share, 0.0), 1.0) * seconds[number]


def left_s(seconds: Sequence[float], number: int, share: float, elapsed_s: float) -> float:
    """Returns the seconds that a run will still take, by its plan and by its pace so far.

    The plan excludes set-up, and items that settle early take less than planned. So the rest of
    the plan is scaled by time taken over time planned, with the plan itself weighted by
    ``PLANNED`` of its length, so that it dominates at the start.

    Args:
        seconds: the planned time of each item.
        number: the current item.
        share: the share of its time that is spent.
        elapsed_s: time since the run began, including set-up.
    """
    whole, done = sum(seconds), done_s(seconds, number, share)
    weight_s = PLANNED * whole
    return max(0.0, whole - done) * (max(elapsed_s, 0.0) + weight_s) / (done + weight_s)


def left_words(seconds: float) -> str:
    """Formats the time left, no more precisely than it is known."""
    if seconds < SOON_S:
        return "done soon"
    if seconds < MINUTES_S:
        return f"about {seconds:.0f} s left"
    return f"about {seconds / 60:.0f} min left"


def fitting(line: str, width: int | None) -> Iterator[str]:
    """Yields a line wrapped to a width; a path, which users copy, is not broken."""
    if width is None or line.startswith("record: ") or width_of(line) <= width:
        yield line
    else:
        yield from wrapped(line, width, WORD + 1)


def line(row: Row) -> str:
    """Formats a row as one line of progress."""
    published = row.paper.text if row.paper else ""
    words = [f"{row.verdict.value:<{WORD}}", row.title]
    if row.measured:
        words.append(with_interval(row.measured, row.dimension, published))
    if row.fraction:
        words.append(f"= {percent(row.fraction)} of {published}")
        if row.verdict in (Verdict.UNDECIDED, Verdict.IMPLAUSIBLE):
            words.append(f"({row.reasons[0]})")
    elif row.reason:
        words.append(f"({row.reason})")
    return " ".join(words)
