"""The catalogue, its rules, records and comparisons for use from Python, as ``bench.NAME``.

Chips are asked for by the words that the command line takes: an id, an alias, a local name, a
group such as ``export-tier``, a vendor or a pattern. Whatever means nothing raises
:class:`bench.errors.UsageError` with the nearest word that does.

In a notebook whatever is given back shows itself as the command line's table, with its sources.
"""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from bench import loaded, notebook, paths
from bench.chips.conflicts import Conflict
from bench.chips.conflicts import conflicts as open_conflicts
from bench.chips.load import catalogue
from bench.chips.model import Chip
from bench.chips.select import select
from bench.errors import UsageError
from bench.notebook import Recorded, Shown, Verdicts
from bench.rules.judge import Status, status
from bench.rules.load import rulebook
from bench.rules.model import Rule
from bench.rules.places import Question, day
from bench.rules.subject import subject
from bench.rules.timeline import Period
from bench.rules.timeline import timeline as all_periods
from bench.tables import frames
from bench.tables.figures import FigureRow, figure_rows
from bench.tables.model import Data
from bench.tables.registry import TABLES, table
from bench.tables.rules import StatusRow, status_row
from bench.tables.theory import ComparisonRow, comparison_rows
from bench.theory.comparison import Comparison
from bench.theory.comparison import compare as compared
from bench.theory.derived import Derived
from bench.theory.derived import derived as all_derived

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "TABLES",
    "catalogue",
    "chip",
    "classification_frame",
    "classify",
    "compare",
    "comparison_frame",
    "conflicts",
    "derived",
    "figures",
    "frame",
    "record",
    "reload",
    "rule",
    "rulebook",
    "timeline",
    "verdicts",
]

MARGIN = 0.10
"""How far from equal, or below the sheet, still counts as equal or reached, relative."""

notebook.attach()


def chip(word: str) -> Chip:
    """Returns the sheet of the chip that answers to ``word``.

    Example:
        >>> str(bench.chip("H20").figures["matrix_bf16"].value)
        '148 TFLOP/s'
    """
    return catalogue().find(word)


def figures(*chips: str) -> Shown[FigureRow]:
    """Returns every figure of these chips (default: all), one row a claim, rivals included.

    Example:
        >>> bench.figures("h20")[0].chip
        'nvidia-h20-sxm-96gb'
    """
    found = tuple(figure_rows(_data(chips)))
    return Shown(found, lambda: notebook.figures_report(found))


def derived(word: str) -> Shown[Derived]:
    """Returns all that follows from a chip's figures: TPP, densities, ridge points, per watt.

    Example:
        >>> bench.derived("h20")[0].text
        '2,368 TOPS x bit'
    """
    sheet = chip(word)
    found = all_derived(sheet, catalogue())
    return Shown(found, lambda: notebook.derived_report(sheet, found))


def conflicts(*chips: str) -> Shown[Conflict]:
    """Returns the figures of these chips (default: all) on which sources disagree."""
    found = open_conflicts(_chips(chips))
    return Shown(found, lambda: notebook.conflicts_report(found))


def rule(word: str) -> Rule:
    """Returns one export rule or Chinese measure by its key."""
    return rulebook().find(word)


def classify(
    word: str, *, on: str | date, destination: str = "CN", headquarters: str | None = None
) -> Status:
    """Returns what all rules together say of a chip on a day.

    Args:
        word: the chip.
        on: the day, ISO.
        destination: the country it goes to, by code or name.
        headquarters: the country of the buyer's ultimate parent; default: the destination.

    Example:
        >>> str(bench.classify("h100", on="2023-12-01").needs_licence)
        'yes'
    """
    question = _question(on, destination, headquarters)
    return status(subject(chip(word), catalogue()), question, rulebook())


def classification_frame(
    *chips: str, on: str | date, destination: str = "CN", headquarters: str | None = None
) -> "pd.DataFrame":
    """Returns :func:`classify` of these chips (default: all) as a frame, one row a chip."""
    found = (
        classify(one.id, on=on, destination=destination, headquarters=headquarters)
        for one in _chips(chips)
    )
    return frames.frame(StatusRow, (status_row(one) for one in found))


def timeline(
    word: str, *, destination: str = "CN", headquarters: str | None = None
) -> Shown[Period]:
    """Returns the status of a chip through time, a period for each change.

    Example:
        >>> bench.timeline("a800")[0].since
        '2022-08-25'
    """
    question = _question("2022-01-01", destination, headquarters)
    sheet = chip(word)
    found = tuple(all_periods(subject(sheet, catalogue()), question, rulebook()))
    return Shown(found, lambda: notebook.timeline_report(sheet, found, question))


def record(word: str = "latest", *, margin: float = MARGIN) -> Recorded:
    """Returns a record beside its sheet: by path, by its file's name or the beginning, or latest.

    Its rows are ``.rows`` and, as a frame, ``.frame()``; all else is the record's own.

    Args:
        word: the record; looked for where runs are left and among those that are shipped.
        margin: how far below the published figure still counts as reached, relative.

    Example:
        >>> found = bench.record("h200-sxm-full")
        >>> found.device.name, found.frame()["verdict"].iloc[0]
        ('NVIDIA H200', 'short')
    """
    from bench.records.store import find, read

    folders = [paths.runs_dir(), paths.data_dir("results") / "records"]
    return Recorded(read(find(str(word), folders)), _margin(margin))


def verdicts(first: str, second: str, *, margin: float = MARGIN) -> Verdicts:
    """Returns two chips put to the test against each other, on paper and in measurement.

    One finding a figure and kind of work on which anything is known: ``.findings``, as a frame
    ``.frame()``, in sentences ``.summary``. (``bench.verdict`` is the module of verdicts.)

    Args:
        first: a chip.
        second: the chip that it is divided by.
        margin: what counts as equal, relative.

    Example:
        >>> found = bench.verdicts("h20", "h100").frame().set_index("axis")
        >>> found.loc["matrix_bf16", "verdict"]
        'falls short'
    """
    from bench.claims.sensitivity import bench_of
    from bench.report.verdicts import pairing, verdict_report

    one, other = chip(first), chip(second)
    if one.id == other.id:
        raise UsageError(f"{first} and {second} are one chip, {one.id}: name another")
    known = bench_of(None, ())
    found = pairing(one, other, known, _margin(margin))
    return Verdicts(found, verdict_report(found, known, rows=False))


def reload() -> None:
    """Has sheets, rules, evidence, fits and all other data files read anew at the next call.

    After a file was edited, as in a notebook; another ``ONPAPER_SPECS`` is heeded without.
    """
    loaded.forget()


def _margin(margin: float) -> float:
    if not 0 < margin <= 0.9:
        raise UsageError(f"margin={margin:g} must be above 0 and at most 0.9")
    return margin


def compare(
    *chips: str, baseline: str | None = None, figures: Iterable[str] = (), per: str | None = None
) -> Comparison:
    """Returns chips side by side, each value with its ratio to the baseline's.

    Args:
        chips: the chips.
        baseline: the chip that the others are divided by; default: the first of them.
        figures: keys of figures, facts or derived figures; default: what the command shows.
        per: what rates, capacities and bandwidths are divided by: watt, usd, cny, mm2, transistor.

    Example:
        >>> row = bench.compare("h20", "h100", baseline="h100", figures=["matrix_bf16"]).rows[0]
        >>> [round(cell.ratio.value, 2) for cell in row.cells if cell.ratio]
        [1.0, 0.15]
    """
    if not chips:
        raise UsageError("compare needs chips, such as compare('h20', 'h100')")
    found = _chips(chips)
    base = chip(baseline) if baseline else found[0]
    return compared(found, base, tuple(figures), catalogue(), per=per)


def comparison_frame(comparison: Comparison) -> "pd.DataFrame":
    """Returns a comparison as a tidy frame, one row a figure and chip, the baseline first."""
    return frames.frame(ComparisonRow, comparison_rows(comparison))


def frame(name: str, *chips: str) -> "pd.DataFrame":
    """Returns one of ``bench.TABLES`` as a tidy frame; the columns are those of the export.

    Args:
        name: chips, figures, facts, derived, crosschecks, conflicts, sources, rules, reported or
            claims.
        chips: the chips whose rows are wanted; default: all.

    Example:
        >>> first = bench.frame("figures").query("stands == 'first'")
        >>> wide = first.pivot(index="chip", columns="figure", values="value")
        >>> float(wide.loc["nvidia-h20-sxm-96gb", "matrix_bf16"])
        148000000000000.0
    """
    wanted = table(name)
    return frames.frame(wanted.shape, wanted.rows(_data(chips)))


def _chips(words: tuple[str, ...]) -> tuple[Chip, ...]:
    known = catalogue()
    return tuple(select(words, known) if words else known.chips.values())


def _data(words: tuple[str, ...]) -> Data:
    return Data(_chips(words), catalogue(), rulebook())


def _question(on: str | date, destination: str, headquarters: str | None) -> Question:
    places, asked = rulebook().places, day(on)
    there = places.find(destination)
    return Question(asked, there, places.find(headquarters) if headquarters else there)
