"""Which figures behind an answer a single weak source gives, with no other to check it by.

Rival figures widen an interval; one figure alone cannot. How far sources of a kind are off is not
learnt either: a sheet keeps a second source where it disagrees, seldom where it agrees, so that
conflicts tell how far apart values are that are disputed, not how often a source is right.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.chips.paper import of_sheet
from bench.predict.tiers import Tier
from bench.report.markup import Report
from bench.report.scalar import Rows, Scalar

WEAK = ("press", "analyst-estimate")
"""Kinds of source that carry little, whatever else is said of them."""
TRIED = {
    str(Tier.HERE): ("matrix_", "memory_bandwidth"),
    str(Tier.CHIP): ("matrix_", "memory_bandwidth"),
    str(Tier.SILICON): ("matrix_",),
}
"""By what an answer rests on, how the keys begin of figures that measured times have put right."""
MOST = 6
"""So many chips are named."""


def weakly_sourced(chip: Chip, keys: Sequence[str], sheets: Catalogue) -> dict[str, str]:
    """Returns those of some figures that weak sources alone give, with why they are weak."""
    found = {}
    for key in keys:
        paper = of_sheet(chip, (key,))
        if paper is None or any(rival.alike for rival in paper.rivals):
            continue
        sources = [sheets.sources[one] for one in paper.sources]
        if sources and all(one.weak or one.kind in WEAK for one in sources):
            found[key] = "; ".join(dict.fromkeys(one.weak or one.kind for one in sources))
    return found


def untried(keys: Sequence[str], tier: str) -> list[str]:
    """Returns the figures that no measured time of the chip, or of its silicon, stands for."""
    tried = tuple(TRIED.get(tier, ()))
    return [key for key in keys if not (tried and key.startswith(tried))]


def with_weak(report: Report, rests: Mapping[str, Sequence[str]], sheets: Catalogue) -> Report:
    """Returns an answer that says which of its figures rest on a weak source alone.

    Args:
        report: a row a chip, or a row a chip and figure.
        rests: by chip, the keys of the figures that its answer rests on.
        sheets: the sheets and their sources.
    """
    found = {chip: weakly_sourced(sheets.chips[chip], keys, sheets) for chip, keys in rests.items()}
    flat = Rows(lambda: ({**row, "weakly_sourced": _keys(row, found)} for row in report.flat))
    told = list(_told({chip: figures for chip, figures in found.items() if figures}))
    table = replace(report.table, summary=(*report.table.summary, *told))
    return replace(report, table=table, flat=flat)


def _keys(row: Mapping[str, Scalar], found: Mapping[str, Mapping[str, str]]) -> str | None:
    """Returns the figures of a row that are weakly sourced; its own, where it is of one."""
    keys = found.get(str(row["chip"]), {})
    return ", ".join(key for key in keys if row.get("figure", key) == key) or None


def _told(found: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    if not found:
        return
    chips = "; ".join(f"{chip}: {_listed(found[chip])}" for chip in [*found][:MOST])
    more = f"; and {len(found) - MOST} more chips" if len(found) > MOST else ""
    yield (
        "From one weak source, with no second one to check it by (no interval allows for its "
        f"error): {chips}{more}."
    )


def _listed(figures: Mapping[str, str]) -> str:
    """Returns figures with why their source is weak, those of one reason together."""
    reasons: dict[str, list[str]] = {}
    for key, why in figures.items():
        reasons.setdefault(why, []).append(FIGURES[key].title)
    return ", ".join(f"{', '.join(titles)} ({why})" for why, titles in reasons.items())
