"""Ratios on paper, for a figure or for the figure that bounds a kind of work."""

from dataclasses import dataclass, replace
from statistics import median

from bench.chips.load import Catalogue
from bench.chips.model import Basis, Chip, Gap
from bench.theory.entry import KEYS, Entry, look_up
from bench.theory.systems import complete

BOUND_BY = {
    "prefill": "matrix",
    "training": "matrix",
    "attention": "matrix",
    "inference": "matrix",
    "product": "matrix",
    "decode": "memory_bandwidth",
    "serving": "memory_bandwidth",
    "collective": "link_bandwidth",
}
"""The figure that bounds each kind of work in a roofline."""
RATES = ("matrix_bf16", "matrix_fp16", "matrix_int8", "matrix_fp8", "vector_fp32")
TWINS = {"matrix_bf16": "matrix_fp16", "matrix_fp16": "matrix_bf16"}
"""Figures that substitute for each other if their paper ratios agree and only one was measured on
both chips."""
AGREE = 1.02
"""Largest quotient of two ratios that agree."""


@dataclass(frozen=True)
class PaperRatio:
    """A ratio of published figures.

    Attributes:
        key: the figure.
        value: by each sheet's first figure; the median over variants if none is named.
        low, high: by all published values that count the same.
        remark: what qualifies it.
        computed: names of the chips whose figure nobody published: it was computed for the sheet.
    """

    key: str
    value: float
    low: float
    high: float
    remark: str = ""
    computed: tuple[str, ...] = ()

    @property
    def is_disputed(self) -> bool:
        """Returns whether other sources give another ratio."""
        return self.high > self.low * 1.001


def family(chip: Chip, catalogue: Catalogue) -> tuple[Chip, ...]:
    """Returns a chip, or the variants that share its name."""
    return tuple(catalogue.chips[one] for one in chip.variants) or (chip,)


def ids(chip: Chip) -> frozenset[str]:
    """Returns the ids of a chip's sheets: its own and its variants'."""
    return frozenset((chip.id, *chip.variants))


def paper_ratio(
    key: str, first: Chip, second: Chip, catalogue: Catalogue
) -> tuple[PaperRatio | None, str, bool]:
    """Returns a figure's ratio; without one, the reason, and whether a chip lacks the unit."""
    above, below = (_entries(key, one, catalogue) for one in (first, second))
    empty = [
        (chip.name, any(one.gap is Gap.UNSUPPORTED for one in entries))
        for chip, entries in ((first, above), (second, below))
        if not any(_is_known(one) for one in entries)
    ]
    for name, lacks in sorted(empty, key=lambda one: not one[1]):
        why = "has no such unit" if lacks else f"has no sourced figure for {KEYS[key].title}"
        return None, f"{name} {why}", lacks
    computed = tuple(
        chip.short
        for chip, entries in ((first, above), (second, below))
        if any(one.origin == "computed" for one in entries if _is_known(one))
    )
    return replace(_ratio(key, above, below), computed=computed), "", False


def twin(key: str, first: Chip, second: Chip, catalogue: Catalogue) -> str | None:
    """Returns the figure whose measurement may substitute for this one's, None if none may."""
    other = TWINS.get(key)
    found = [paper_ratio(one, first, second, catalogue)[0] for one in (key, other) if one]
    if other is None or None in found:
        return None
    low, high = sorted(one.value for one in found if one)
    return other if high <= AGREE * low else None


def _entries(key: str, chip: Chip, catalogue: Catalogue) -> list[Entry]:
    found = (complete(one, catalogue) for one in family(chip, catalogue))
    return [look_up(one, KEYS[key], catalogue) for one in found]


def _ratio(key: str, above: list[Entry], below: list[Entry]) -> PaperRatio:
    (first, all_first), (second, all_second) = _values(above), _values(below)
    unsaid = any(one.basis is Basis.UNSPECIFIED for one in (*above, *below))
    words = ["sparsity not said"] if unsaid else []
    words += ["the variant is not named"] if max(len(above), len(below)) > 1 else []
    low, high = min(all_first) / max(all_second), max(all_first) / min(all_second)
    return PaperRatio(key, first / second, low, high, ", ".join(words))


def _is_known(entry: Entry) -> bool:
    """Returns whether there is a value that is no mere lower limit."""
    return bool(entry.value) and not entry.at_least


def _values(entries: list[Entry]) -> tuple[float, list[float]]:
    known = [one for one in entries if _is_known(one)]
    first = [one.value for one in known if one.value]
    return median(first), [*first, *(other for one in known for other in one.others if other)]


def bounding(
    work: str, dtype: str | None, first: Chip, second: Chip, catalogue: Catalogue
) -> PaperRatio | None:
    """Returns the ratio of the figure that bounds a kind of work: a rate or a bandwidth."""
    bound = BOUND_BY.get(work, "")
    keys = (f"matrix_{dtype}", *RATES) if bound == "matrix" else (bound,)
    for key in keys:
        if key in KEYS:
            found, _, _ = paper_ratio(key, first, second, catalogue)
            if found:
                return found
    return None
