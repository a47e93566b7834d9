"""Remarks on figures behind an answer that come from a single weak source, with none to check it.

Rival figures widen an interval; a single figure cannot. The error of a kind of source is not
learnt either: sheets keep a second source where it disagrees, and seldom where it agrees, so that
the conflicts show how far disputed values differ, not how often a source is right.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import of_sheet
from bench.predict.tiers import Tier
from bench.report.text.markup import Report
from bench.report.text.scalar import Rows, Scalar
from bench.words import some_of

WEAK = ("press", "analyst-estimate")
"""Kinds of source that are always weak."""
CORRECTED = {
    str(Tier.HERE): ("matrix_", "memory_bandwidth"),
    str(Tier.CHIP): ("matrix_", "memory_bandwidth"),
    str(Tier.SILICON): ("matrix_",),
}
"""The starts of figures' keys that measured times have corrected, by the tier of an answer."""
MOST = 6
"""Maximum number of chips that are named."""


def weakly_sourced(chip: Chip, keys: Sequence[str], sheets: Catalogue) -> dict[str, str]:
    """Returns the keys of those figures that only weak sources give, each with the weakness."""
    reasons = {}
    for key in keys:
        paper = of_sheet(chip, (key,))
        if paper is None or any(rival.alike for rival in paper.rivals):
            continue
        sources = [sheets.sources[one] for one in paper.sources]
        if sources and all(one.weak or one.kind in WEAK for one in sources):
            reasons[key] = "; ".join(dict.fromkeys(one.weak or one.kind for one in sources))
    return reasons


def untested_figures(keys: Sequence[str], tier: str) -> list[str]:
    """Returns the figures that no measured time of the chip, or of its silicon, has corrected."""
    corrected = tuple(CORRECTED.get(tier, ()))
    return [key for key in keys if not (corrected and key.startswith(corrected))]


def with_weak(report: Report, rests: Mapping[str, Sequence[str]], sheets: Catalogue) -> Report:
    """Returns an answer with a remark on the figures that come from weak sources only.

    Args:
        report: a report with a row per chip, or per chip and figure.
        rests: keys of the figures that an answer is computed from, by chip.
        sheets: the catalogue.
    """
    weak = {chip: weakly_sourced(sheets.chips[chip], keys, sheets) for chip, keys in rests.items()}
    flat = Rows(lambda: ({**row, "weakly_sourced": _keys(row, weak)} for row in report.flat))
    remark = _remark({chip: figures for chip, figures in weak.items() if figures})
    table = replace(report.table, summary=(*report.table.summary, *remark))
    return replace(report, table=table, flat=flat)


def _keys(row: Mapping[str, Scalar], weak: Mapping[str, Mapping[str, str]]) -> str | None:
    """Returns the weakly sourced figures behind a row; only its own if it is about one figure."""
    keys = weak.get(str(row["chip"]), {})
    return ", ".join(key for key in keys if row.get("figure", key) == key) or None


def _remark(weak: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yields the sentence about weakly sourced figures, if there are any."""
    if not weak:
        return
    texts = [f"{chip}: {_listed(figures)}" for chip, figures in weak.items()]
    chips = some_of(texts, MOST, "; ", "; and {} more chips")
    yield (
        "From one weak source, with no second one to check it by (no interval allows for its "
        f"error): {chips}."
    )


def _listed(figures: Mapping[str, str]) -> str:
    """Returns figures with the weakness of their source, grouped by weakness."""
    reasons: dict[str, list[str]] = {}
    for key, why in figures.items():
        reasons.setdefault(why, []).append(FIGURES[key].title)
    return ", ".join(f"{', '.join(titles)} ({why})" for why, titles in reasons.items())
