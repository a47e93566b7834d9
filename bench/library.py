"""The Python interface, as ``bench.NAME``: the catalogue, rules, records and comparisons.

Chips are named as on the command line, by an id, an alias, a local name, a group such as
``export-tier``, a vendor or a pattern; several one by one or in a list. An unknown word raises
:class:`bench.errors.UsageError` with the nearest known one. A notebook displays every result as
the command line's table, with its sources.
"""

import warnings
from collections.abc import Iterable
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING

from bench import notebook
from bench.chips.conflicts import Conflict
from bench.chips.conflicts import conflicts as open_conflicts
from bench.chips.load import catalogue
from bench.chips.model import Chip
from bench.chips.select import select, spread
from bench.errors import UsageError
from bench.files import caches as loaded
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
    "prediction_frame",
    "record",
    "reload",
    "rule",
    "rulebook",
    "timeline",
    "verdicts",
]

Names = Iterable[str]
"""A name of chips, or several in a list."""
MARGIN = 0.10
"""Relative difference that still counts as equal, or shortfall that still counts as reached."""

notebook.attach()


def chip(word: str) -> Chip:
    """Returns the sheet of the chip that answers to ``word``.

    Example:
        >>> str(bench.chip("H20").figures["matrix_bf16"].value)
        '148 TFLOP/s'
    """
    return catalogue().find(word)


def figures(*chips: Names) -> Shown[FigureRow]:
    """Returns every figure of these chips (default: all), one row per value, rivals included.

    Example:
        >>> bench.figures("h20")[0].chip
        'nvidia-h20-sxm-96gb'
    """
    found = tuple(figure_rows(_data(chips)))
    return Shown(found, lambda: notebook.figures_report(found))


def derived(word: str) -> Shown[Derived]:
    """Returns the derived figures of a chip: TPP, densities, ridge points, rates per watt.

    Example:
        >>> bench.derived("h20")[0].text
        '2,368 TOPS x bit'
    """
    sheet = chip(word)
    found = all_derived(sheet, catalogue())
    return Shown(found, lambda: notebook.derived_report(sheet, found))


def conflicts(*chips: Names) -> Shown[Conflict]:
    """Returns the figures of these chips (default: all) on which sources disagree."""
    found = open_conflicts(_chips(chips))
    return Shown(found, lambda: notebook.conflicts_report(found))


def rule(word: str) -> Rule:
    """Returns one export rule or Chinese measure by its key."""
    return rulebook().find(word)


def classify(
    word: str, *, on: str | date, destination: str = "CN", headquarters: str | None = None
) -> Status:
    """Returns the export status of a chip on a day, under all rules together.

    Args:
        word: the chip.
        on: the day, as a date or in ISO format.
        destination: the country it goes to, by code or name.
        headquarters: the country of the buyer's ultimate parent; default: the destination.

    Example:
        >>> str(bench.classify("h100", on="2023-12-01").needs_licence)
        'yes'
    """
    question = _question(on, destination, headquarters)
    return status(subject(chip(word), catalogue()), question, rulebook())


def classification_frame(
    *chips: Names, on: str | date, destination: str = "CN", headquarters: str | None = None
) -> "pd.DataFrame":
    """Returns :func:`classify` of these chips (default: all) as a frame, one row per chip."""
    found = (
        classify(one.id, on=on, destination=destination, headquarters=headquarters)
        for one in _chips(chips)
    )
    return frames.frame(StatusRow, (status_row(one) for one in found))


def timeline(
    word: str, *, destination: str = "CN", headquarters: str | None = None
) -> Shown[Period]:
    """Returns the export status of a chip over time, one period per change.

    Example:
        >>> bench.timeline("a800")[0].since
        '2022-08-25'
    """
    question = _question("2022-01-01", destination, headquarters)
    sheet = chip(word)
    found = tuple(all_periods(subject(sheet, catalogue()), question, rulebook()))
    return Shown(found, lambda: notebook.timeline_report(sheet, found, question))


def record(word: str = "latest", *, margin: float = MARGIN) -> Recorded:
    """Returns a record with each measurement beside its published figure.

    Its rows are ``.rows`` and, as a frame, ``.frame()``; every other attribute is the record's.

    Args:
        word: path of the record, its file name or the beginning of that, or ``latest``. Names are
            looked up in the folder of your own runs and among the shipped records. Without a
            record of yours ``latest`` is the latest shipped one, and a warning says so.
        margin: relative shortfall that still counts as reached.

    Example:
        >>> found = bench.record("h200-sxm-full")
        >>> found.device.name, found.frame()["verdict"].iloc[0]
        ('NVIDIA H200', 'short')
    """
    from bench.records.latest import find_to_show, record_folders
    from bench.records.store import read

    path, note = find_to_show(str(word), record_folders())
    if note:
        warnings.warn(note, stacklevel=2)
    return Recorded(read(path), _margin(margin))


def verdicts(first: str, second: str, *, margin: float = MARGIN) -> Verdicts:
    """Returns the comparison of two chips, on paper and in measurement.

    There is one finding per figure and kind of work on which anything is known: ``.findings``, as a
    frame ``.frame()``, in sentences ``.summary``.

    Args:
        first: the chip that is compared.
        second: the baseline, by whose values those of ``first`` are divided.
        margin: relative difference that counts as equal.

    Example:
        >>> found = bench.verdicts("h20", "h100").frame().set_index("axis")
        >>> found.loc["matrix_bf16", "verdict"]
        'falls short'
    """
    from bench.claims.sensitivity import evidence_base
    from bench.report.chips.verdicts import pairing, verdict_report

    one, other = chip(first), chip(second)
    if one.id == other.id:
        raise UsageError(f"{first} and {second} are one chip, {one.id}: name another")
    known = evidence_base(None, ())
    found = pairing(one, other, known, _margin(margin))
    return Verdicts(found, verdict_report(found, known, rows=False))


def reload() -> None:
    """Drops all cached data, so that sheets, rules, evidence and fits are read again.

    Needed after a file was edited. A change of ``ONPAPER_SPECS`` takes effect without it.
    """
    loaded.forget()


def _margin(margin: float) -> float:
    if not 0 < margin <= 0.9:
        raise UsageError(f"margin={margin:g} must be above 0 and at most 0.9")
    return margin


def compare(
    *chips: Names, baseline: str | None = None, figures: Iterable[str] = (), per: str | None = None
) -> Comparison:
    """Returns chips side by side, each value with its ratio to the baseline's.

    Args:
        chips: the chips.
        baseline: the chip by whose values the others are divided; default: the first chip.
        figures: keys of figures, facts or derived figures; default: those that the command shows.
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
    """Returns a comparison as a tidy frame, one row per figure and chip, the baseline first."""
    return frames.frame(ComparisonRow, comparison_rows(comparison))


def prediction_frame(*chips: Names, **keys: object) -> "pd.DataFrame":
    """Returns predictions of chips as a frame, with the columns of ``predict report=csv``.

    Args:
        chips: the chips.
        keys: keys of the command ``predict``; a list for ``[1,8]``, a dict for ``[h20:12000]``.

    Example:
        >>> bench.prediction_frame("h20", workload="llama-3.1-8b", batch=[1, 64])["batch"].tolist()
        [1, 64]
    """
    command = import_module("bench.commands.predict")  # by its name, as the command line loads it
    return frames.loose(command.rows({"chips": spread(chips) or None, **keys}))


def frame(name: str, *chips: Names) -> "pd.DataFrame":
    """Returns one of ``bench.TABLES`` as a tidy frame; the columns are those of the export.

    Args:
        name: chips, figures, facts, derived, crosschecks, conflicts, sources, rules, reported or
            claims.
        chips: the chips to include; default: all.

    Example:
        >>> first = bench.frame("figures").query("stands == 'first'")
        >>> wide = first.pivot(index="chip", columns="figure", values="value")
        >>> float(wide.loc["nvidia-h20-sxm-96gb", "matrix_bf16"])
        148000000000000.0
    """
    wanted = table(name)
    return frames.frame(wanted.shape, wanted.rows(_data(chips)))


def _chips(names: tuple[Names, ...]) -> tuple[Chip, ...]:
    return tuple(select(spread(names), catalogue()) if names else catalogue().chips.values())


def _data(names: tuple[Names, ...]) -> Data:
    return Data(_chips(names), catalogue(), rulebook())


def _question(on: str | date, destination: str, headquarters: str | None) -> Question:
    places = rulebook().places
    return Question(day(on), places.find(destination), places.find(headquarters or destination))
