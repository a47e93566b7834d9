"""Displays the library's results in notebooks, as the tables of the command line.

The types stay the same: a chip is a :class:`bench.chips.model.Chip`, a tuple is a tuple. They only
gain the display methods of notebooks and IPython, so that no lower layer depends on reports.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partialmethod
from typing import TYPE_CHECKING, Any, Protocol, SupportsIndex, TypeVar

from bench.chips.conflicts import Conflict
from bench.chips.figures import FIGURES
from bench.chips.load import catalogue
from bench.chips.model import Chip
from bench.rules.judge import Status
from bench.rules.load import rulebook
from bench.rules.places import Question
from bench.rules.timeline import Period
from bench.tables import frames
from bench.tables.figures import FigureRow
from bench.theory.comparison import Comparison
from bench.theory.derived import Derived

if TYPE_CHECKING:
    import pandas as pd

    from bench.claims.weigh import Finding
    from bench.judging.verdict import Row
    from bench.records.model import Record
    from bench.report.chips.verdicts import Pairing
    from bench.report.text.markup import Report

T_co = TypeVar("T_co", covariant=True)

HTML, TEXT = "_repr_html_", "_repr_pretty_"
"""The display methods that notebooks and IPython in a terminal call."""
MOST = 300
"""Most rows of a tuple that are shown."""


class Printer(Protocol):
    """IPython's pretty printer; ``stack`` holds the ids of the values that are being printed."""

    stack: list[int]

    def text(self, text: str) -> None:
        """Prints a text."""


class Displayed:
    """Base class of values that a notebook shows as a report, and IPython as a table."""

    def _report(self) -> "Report":
        raise NotImplementedError

    def _repr_html_(self) -> str:
        from bench.report.formats.fragment import fragment

        return fragment(self._report())

    def _repr_pretty_(self, printer: Printer, cycle: bool) -> None:  # noqa: FBT001 -- IPython's
        _print(self, self._report, printer, inner=cycle)


def _print(
    value: object, report: "Callable[[], Report | None]", printer: Printer, *, inner: bool
) -> None:
    """Prints a value as a table; a nested value, or one without a report, as its ``repr``."""
    from bench.report.formats.terminal import set_for
    from bench.report.text.markup import cleaned
    from bench.report.text.screen import Screen

    found = None if inner or len(printer.stack) > 1 else report()
    printer.text(set_for(cleaned(found), Screen()).rstrip() if found else repr(value))


class Shown(Displayed, tuple[T_co, ...]):
    """A tuple that a notebook shows as a table; a copy or a pickle of it is a plain tuple."""

    _make: "Callable[[], Report]"

    def __new__(cls, items: Iterable[T_co], report: "Callable[[], Report]") -> "Shown[T_co]":
        """Returns the tuple of ``items``; ``report`` is called when it is shown."""
        made = super().__new__(cls, items)
        made._make = report
        return made

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Pickles and copies as a plain tuple, without the report."""
        return tuple, (tuple(self),)

    def _report(self) -> "Report":
        return self._make()


@dataclass(frozen=True, repr=False)
class Recorded(Displayed):
    """A record with its rows beside the sheet; every other attribute is the record's own.

    Attributes:
        record: the record of the run.
        margin: relative shortfall that still counts as reached.
    """

    record: "Record"
    margin: float

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever a record has
        """Returns an attribute of the record."""
        if name.startswith("__") or name in ("record", "margin"):
            raise AttributeError(name)
        return getattr(self.record, name)

    @property
    def rows(self) -> "list[Row]":
        """Returns each measurement with its published figure and its verdict."""
        from bench.judging.verdict import rows

        return rows(self.record, catalogue(), self.margin)

    def frame(self) -> "pd.DataFrame":
        """Returns the rows as a frame, one per measurement, with the columns of ``report=csv``."""
        from bench.report.record.flat import flat

        return frames.loose(flat(self.record, row) for row in self.rows)

    _repr_pretty_ = Displayed._repr_pretty_  # IPython prefers a class's own __repr__ to a base's

    def __repr__(self) -> str:
        return f"<record {self.record.id} of {self.record.device.name}>"

    def _report(self) -> "Report":
        from bench.report.registry import report_of

        return report_of(self.record, catalogue(), self.margin)


@dataclass(frozen=True, repr=False)
class Verdicts(Displayed):
    """Two chips compared with each other, on paper and in measurement.

    Attributes:
        pairing: the two chips with every finding on the first over the second.
        report: the findings as text and as rows.
    """

    pairing: "Pairing"
    report: "Report"

    @property
    def findings(self) -> "tuple[Finding, ...]":
        """Returns one finding per figure or kind of work: paper, measurement and verdict."""
        return self.pairing.findings

    @property
    def summary(self) -> tuple[str, ...]:
        """Returns the conclusions as sentences."""
        return self.report.table.summary

    def frame(self) -> "pd.DataFrame":
        """Returns the findings as a frame, with the columns of ``verdict report=csv``."""
        return frames.loose(self.report.flat)

    _repr_pretty_ = Displayed._repr_pretty_

    def __repr__(self) -> str:
        return f"<verdicts on {self.pairing.first.id} over {self.pairing.second.id}>"

    def _report(self) -> "Report":
        return self.report


def attach() -> None:
    """Adds display methods to chips, statuses and comparisons, for notebooks."""
    for shape, report in SHOWN.items():
        setattr(shape, HTML, partialmethod(_html, report))
        setattr(shape, TEXT, partialmethod(_pretty, report))


def _html(value: object, report: "Maker") -> str | None:
    from bench.report.formats.fragment import fragment

    found = report(value)
    return fragment(found) if found else None


def _pretty(value: object, report: "Maker", printer: Printer, cycle: bool) -> None:  # noqa: FBT001 -- as IPython calls it
    _print(value, lambda: report(value), printer, inner=cycle)


def chip_report(chip: Chip) -> "Report | None":
    """Returns the sheet of a chip with its sources; None if the chip is not in the catalogue."""
    from bench.report.chips.dossier import dossier

    known = catalogue()
    if known.chips.get(chip.id) != chip:
        return None
    return dossier(chip, known, rulebook(), [])


def status_report(found: Status) -> "Report | None":
    """Returns the export status of a chip with its sources; None if not in the catalogue."""
    from bench.report.rules.rulings import statuses
    from bench.rules.judged import judged

    known, book = catalogue(), rulebook()
    chip = known.chips.get(found.name)
    if chip is None:
        return None
    one = replace(judged(chip, found.question, known, book), status=found)
    return statuses([one], found.question, book, known)


def comparison_report(found: Comparison) -> "Report | None":
    """Returns the table of a comparison; None if a chip is not in the catalogue."""
    from bench.report.chips.comparison import side_by_side

    known = catalogue()
    if not all(one.id in known.chips for one in found.chips):
        return None
    return side_by_side(found, known, cite=True)


def timeline_report(chip: Chip, found: tuple[Period, ...], question: Question) -> "Report":
    """Returns a chip's export status over time as a report."""
    from bench.report.rules.timeline import periods
    from bench.rules.judged import judged

    known, book = catalogue(), rulebook()
    last = judged(chip, replace(question, on=found[-1].since), known, book)
    return periods(last, found, book, known)


def figures_report(found: tuple[FigureRow, ...]) -> "Report":
    """Returns figures as a report, one row per published value, with their sources."""
    columns = ("chip", "figure", "as written", "density", "stands", "source", "note")
    return _listed("Published figures", columns, found, _figure)


def _figure(one: FigureRow, cite: "Callable[[str], str]") -> tuple[str, ...]:
    note = "; ".join(text for text in (one.why, one.explained, one.note, one.refuted) if text)
    return one.chip, one.title, one.as_written, one.density, one.stands, cite(one.source), note


def derived_report(chip: Chip, found: tuple[Derived, ...]) -> "Report":
    """Returns a chip's derived figures as a report."""
    columns = ("derived figure", "value", "formula", "sources", "note")
    return _listed(f"What follows from the figures of {chip.name}", columns, found, _derived)


def _derived(one: Derived, cite: "Callable[[str], str]") -> tuple[str, ...]:
    return one.title, one.text, one.formula, " ".join(map(cite, one.sources)), one.why


def conflicts_report(found: tuple[Conflict, ...]) -> "Report":
    """Returns a report of the figures on which sources disagree."""
    columns = ("chip", "figure", "first", "others", "highest / lowest")
    return _listed("Figures on which sources disagree", columns, found, _conflict)


def _conflict(one: Conflict, cite: "Callable[[str], str]") -> tuple[str, ...]:
    rivals = "; ".join(f"{rival.value} {cite(rival.source)}" for rival in one.rivals)
    spread = f"{one.spread:.3g}" if one.spread else ""
    first = f"{one.first.value} {cite(one.first.source)}"
    return one.chip, FIGURES[one.figure].title, first, rivals, spread


Cells = Callable[[Any, Callable[[str], str]], tuple[str, ...]]


def _listed(title: str, columns: tuple[str, ...], found: tuple[Any, ...], cells: Cells) -> "Report":
    """Returns a report of a tuple's first ``MOST`` items, with their sources as footnotes."""
    from bench.report.table import Notes, Table, source_line
    from bench.report.text.markup import Report

    notes, known = Notes(), catalogue()

    def cite(key: str) -> str:
        return notes.mark(source_line(key, known)) if key in known.sources else key

    rows = tuple(cells(one, cite) for one in found[:MOST])
    more = (f"The first {MOST} of {len(found)}.",) if len(found) > MOST else ()
    return Report(Table(f"{title}: {len(found)}", more, columns, rows, (), notes.lines()), [])


Maker = Callable[[Any], "Report | None"]

SHOWN: dict[type, Maker] = {
    Chip: chip_report,
    Status: status_report,
    Comparison: comparison_report,
}
"""The classes that gain display methods, and the function that makes the report of each."""
