"""Chips side by side: for each figure, every chip's value and its ratio to the baseline's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip
from bench.errors import UsageError, check_known
from bench.theory.derived import PER
from bench.theory.entry import DIVISIBLE, KEYS, Entry, Key, key_of, look_up
from bench.theory.systems import complete

MANY = 5
"""With more chips than this, baseline included, a comparison shows fewer figures by default."""
FULL = (
    "matrix_bf16", "matrix_fp16", "matrix_fp8", "matrix_fp4", "matrix_int8", "matrix_fp64",
    "vector_fp32", "vector_fp64", "memory_capacity", "memory_bandwidth", "link_bandwidth", "tdp",
    "die_area", "price_usd", "price_cny", "price", "tpp", "performance_density",
    "ridge_matrix_bf16", "ridge_matrix_fp16", "process", "memory_type", "status", "tier",
)  # fmt: skip
"""Default figures for up to ``MANY`` chips."""
BRIEF = (
    "matrix_bf16", "matrix_fp16", "matrix_fp8", "memory_capacity", "memory_bandwidth",
    "link_bandwidth", "tdp", "tpp",
)  # fmt: skip
"""Default figures for more chips."""
TOTALS = (
    "matrix_bf16", "matrix_fp16", "matrix_fp8", "matrix_int8", "memory_capacity",
    "memory_bandwidth", "tdp", "price_usd", "tpp", "h100_equivalents",
)  # fmt: skip
"""Default figures for numbers of chips."""


@dataclass(frozen=True)
class Ratio:
    """A value over the baseline's, and its range with the rival figures of both."""

    value: float
    low: float
    high: float

    @property
    def is_disputed(self) -> bool:
        """Tells whether sources give different ratios."""
        return self.low < self.high


@dataclass(frozen=True)
class Cell:
    """One chip's cell in a row.

    Attributes:
        chip: id of the chip.
        entry: its value.
        ratio: value over the baseline's; None if one of the two has no number.
        why: why there is no ratio; else empty.
    """

    chip: str
    entry: Entry
    ratio: Ratio | None
    why: str = ""


@dataclass(frozen=True)
class Row:
    """One figure of every chip, with the baseline first."""

    key: Key
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Comparison:
    """Chips side by side.

    Attributes:
        chips: the chips, systems with sums of their members, with the baseline first.
        rows: one row per figure.
        per: key of ``PER`` that rates, capacities and bandwidths are divided by; None for none.
    """

    chips: tuple[Chip, ...]
    rows: tuple[Row, ...]
    per: str | None = None

    @property
    def baseline(self) -> Chip:
        """Returns the chip that the others are divided by."""
        return self.chips[0]


def compare(
    chips: Iterable[Chip],
    baseline: Chip,
    figures: Sequence[str],
    catalogue: Catalogue,
    per: str | None = None,
) -> Comparison:
    """Returns a comparison of chips with a baseline.

    Args:
        chips: the chips to compare.
        baseline: the chip that the others are divided by.
        figures: keys of the figures; if empty, the default ones that at least one chip has.
        catalogue: all sheets.
        per: key of ``PER`` to divide by, or None.

    Raises:
        UsageError: there are fewer than two chips, or no such figure or divisor.
    """
    check_known("per", per, PER)
    others = {chip.id: chip for chip in chips if chip.id != baseline.id}
    if not others:
        raise UsageError(f"{baseline.id} alone: name a second chip or another baseline=")
    whole = tuple(complete(chip, catalogue) for chip in (baseline, *others.values()))
    names = figures or _usual(len(whole), per)
    keys = [_divided(key_of(name), per) for name in dict.fromkeys(names)]
    rows = [_row(whole, key, catalogue) for key in keys]
    return Comparison(whole, tuple(row for row in rows if figures or _has_values(row)), per)


def _usual(number: int, per: str | None) -> tuple[str, ...]:
    """Returns the default figures for a number of chips; divided ones with their divisor."""
    names = BRIEF if number > MANY else FULL
    if per is None:
        return names
    return (*(name for name in names if name in DIVISIBLE), PER[per][0])


def _divided(key: Key, per: str | None) -> Key:
    """Returns the key of a figure per watt, dollar, ...; the same key if it is not divisible."""
    return KEYS[f"{key.name}_per_{per}"] if per and key.name in DIVISIBLE else key


def _has_values(row: Row) -> bool:
    return any(cell.entry.text for cell in row.cells)


def _row(chips: Sequence[Chip], key: Key, catalogue: Catalogue) -> Row:
    entries = [look_up(chip, key, catalogue) for chip in chips]
    pairs = zip(chips, entries, strict=True)
    return Row(key, tuple(_cell(chip, entry, entries[0]) for chip, entry in pairs))


def _cell(chip: Chip, entry: Entry, base: Entry) -> Cell:
    if entry is base and entry.value:
        return Cell(chip.id, entry, Ratio(1.0, 1.0, 1.0))
    found = ratio(entry, base)
    return Cell(chip.id, entry, found, "" if found else _why(entry, base))


def _why(entry: Entry, base: Entry) -> str:
    """Returns why there is no ratio; empty for keys that are not numbers."""
    if not entry.key.is_number:
        return ""
    if entry.value is None or entry.at_least:
        return entry.why
    if base.value and entry.bits != base.bits:
        return f"over a rate of {entry.bits} bits, the baseline's of {base.bits}"
    return f"of the baseline: {base.why or 'it is nought'}"


def ratio(entry: Entry, base: Entry) -> Ratio | None:
    """Returns one value over another, and its range with the rival figures of both."""
    if entry.value is None or not base.value or entry.at_least or base.at_least:
        return None
    if entry.bits != base.bits:
        return None
    over, under = entry.compared, base.compared
    return Ratio(over[0] / under[0], min(over) / max(under), max(over) / min(under))


def in_words(key: Key) -> str:
    """Returns a key's name for use in a sentence, such as ``bf16 matrix rate``."""
    figure, _, divisor = key.name.partition("_per_")
    if figure not in FIGURES:
        return key.title
    below = f" per {key.unit.partition(' per ')[2]}" if divisor else ""
    return f"{key.title}{' rate' if FIGURES[figure].is_rate else ''}{below}"
