"""Confines a comparison with earlier runs to the figures that ``figures=`` names."""

from collections.abc import Sequence
from dataclasses import replace

from bench.chips.figures import FIGURES
from bench.errors import UsageError, did_you_mean
from bench.gate.compare import compare, sort_key, title
from bench.gate.model import Finding, Row, Run, Taken, Terms, Verdict

LACKS = "it is not in this run"


def compare_figures(
    now: Run, before: Sequence[Run], terms: Terms, unread: Sequence[str], keys: Sequence[str]
) -> Finding:
    """Returns the verdict on the measurements that test the chosen figures, on all if none is.

    A chosen figure that this run did not measure is missing, whether the earlier ones did or not.

    Args:
        now: the run.
        before: the runs that it is compared with.
        terms: the strictness; the level holds for the chosen measurements together.
        unread: files of the set that could not be read, and why.
        keys: keys of figures; empty for every measurement.

    Raises:
        UsageError: a key names no figure; or as by ``compare``.
    """
    if not keys:
        return compare(now, before, terms, unread)
    known = {key for run in (now, *before) for key in _figures(run)}
    for key in keys:
        if key not in FIGURES:
            raise UsageError(f"figures=: {key} is no figure; {did_you_mean(key, known or FIGURES)}")
    chosen = [_only(run, keys) for run in before]
    lacking = [absent(key) for key in keys if key not in known]
    found = compare(_only(now, keys), chosen, terms, unread, lacking)
    has = {row.taken.of.get("figure") for row in found.rows}
    rows = [*found.rows, *(absent(key) for key in keys if key not in has)]
    rows.sort(key=sort_key)
    return replace(found, rows=tuple(rows), title=title(rows, found.ended))


def _figures(run: Run) -> set[str]:
    return {one.of["figure"] for one in run.taken if one.of.get("figure")}


def _only(run: Run, keys: Sequence[str]) -> Run:
    return replace(run, taken=tuple(one for one in run.taken if one.of.get("figure") in keys))


def absent(key: str, limit: float | None = None) -> Row:
    """Returns the row of a figure that was asked for and that no measurement tests.

    Args:
        key: the figure's key.
        limit: against a sheet, the share of the published figure that counts as reached.
    """
    kind = FIGURES[key]
    now = Taken(
        name=(key,), title=kind.title, parameters={}, shape="", moves=False, status="skipped",
        reason=LACKS, speed=None, shown="", dimension=kind.dimension, of={"figure": key},
    )  # fmt: skip
    judged = "" if limit is None else "missing"
    return Row(now, (), Verdict.MISSING, LACKS, counts=True, judged=judged, limit=limit)
