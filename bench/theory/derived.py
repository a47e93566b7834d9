"""Figures that are derived from a sheet's figures, each with its formula, inputs and unit.

Nothing is assumed: if an input is missing, there is no value, and the reason names the input.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Chip, Gap
from bench.theory.systems import complete
from bench.theory.tpp import Tpp, area_key, density, tpp
from bench.units import Dimension, significant

LEADS = ("matrix_bf16", "matrix_fp16", "matrix_fp8", "matrix_int8")
"""The rate that stands for the chip in ratios: the first of these that its sheet has."""
RIDGED = (
    "matrix_fp64", "matrix_fp32", "matrix_tf32", "matrix_bf16", "matrix_fp16", "matrix_fp8",
    "matrix_fp4", "matrix_int8", "vector_fp64", "vector_fp32",
)  # fmt: skip
"""The rates for which a ridge point is derived."""
TPP_UNIT = "TOPS x bit"
"""Unit of TPP."""
H100_TPP = 15832.0
"""TPP of an H100, by which the diffusion framework of January 2025 counts chips (90 FR 4544)."""
PER = {
    "watt": ("tdp", 1.0, "W"),
    "usd": ("price_usd", 1.0, "USD"),
    "cny": ("price_cny", 1.0, "CNY"),
    "mm2": ("die_area", 1.0, "mm²"),
    "transistor": ("transistors", 1e9, "billion transistors"),
}
"""Possible divisors: key of the figure, base units per unit, name of the unit."""


@dataclass(frozen=True)
class Derived:
    """One figure derived from others.

    Attributes:
        key: its name, stable across versions.
        title: its name in words.
        value: the value in ``unit``; None if an input is missing.
        unit: unit of the value, such as ``FLOP/B``.
        formula: the formula with its values; empty without a value.
        inputs: keys of the figures that it is derived from.
        sources: keys of the sources behind them.
        why: what is missing; with a value, a remark or empty.
        at_least: whether the value is a lower limit: a rate that nobody published may be higher.
    """

    key: str
    title: str
    value: float | None
    unit: str
    formula: str
    inputs: tuple[str, ...]
    sources: tuple[str, ...] = ()
    why: str = ""
    at_least: bool = False

    @property
    def text(self) -> str:
        """Returns the value with four digits and its unit."""
        return "–" if self.value is None else f"{significant(self.value, 4)} {self.unit}".strip()


def lead(chip: Chip) -> str | None:
    """Returns the key of the chip's representative rate; None if it has none."""
    return next((key for key in LEADS if chip.number(key) is not None), None)


def derived(chip: Chip, catalogue: Catalogue) -> tuple[Derived, ...]:
    """Returns all derived figures of a sheet; for a system, of its members' sums."""
    whole = complete(chip, catalogue)
    return (*_all(whole, catalogue), *_power_of_members(chip, catalogue))


def _all(chip: Chip, catalogue: Catalogue) -> Iterator[Derived]:
    yield from tpp_figures(chip, catalogue)
    yield from (ridge(chip, key) for key in RIDGED if chip.number(key) is not None)
    rate = lead(chip)
    if rate is None:
        return
    operation = FIGURES[rate].dimension.value.removesuffix("/s")
    for above, name in OVER_LEAD.items():
        unit = name.unit.replace("FLOP", operation)
        yield ratio(chip, above, rate, replace(name, unit=unit))
    for divisor in PER:
        yield per(chip, rate, divisor)


def _power_of_members(chip: Chip, catalogue: Catalogue) -> Iterator[Derived]:
    """Yields the power of a system's chips alone, without hosts, links and cooling."""
    parts = [(one.count, catalogue.chips[one.chip].figures.get("tdp")) for one in chip.members]
    known = [(count, figure) for count, figure in parts if figure and figure.number is not None]
    if chip.members and len(known) == len(parts):
        total = sum(count * (figure.number or 0.0) for count, figure in known)
        words = " + ".join(f"{count} x {figure.value}" for count, figure in known)
        sources = tuple(dict.fromkeys(figure.source for _, figure in known))
        title = "power of its chips alone"
        yield Derived("power_of_chips", title, total / 1e3, "kW", words, ("tdp",), sources)


def tpp_figures(chip: Chip, catalogue: Catalogue) -> Iterator[Derived]:
    """Yields TPP (the highest of all formats), density, H100 equivalents, and TPP by format."""
    found = tpp(chip, catalogue)
    yield _highest(found)
    yield _density(chip, catalogue, found)
    yield _equivalents(found)
    for one in found.claims:
        title = f"TPP, {FIGURES[one.figure].title}"
        remark = "" if one.least == one.tpp else f"sparsity not said: at least {one.least:g}"
        key, inputs, sources = f"tpp_{one.figure}", (one.figure,), (one.source,)
        yield Derived(key, title, one.tpp, TPP_UNIT, one.formula, inputs, sources, remark)


def _highest(found: Tpp) -> Derived:
    """Returns the highest TPP over number formats."""
    if not found.claims:
        return Derived("tpp", "TPP", None, TPP_UNIT, "", (), (), found.why)
    best, remark = found.claims[0], _open(found.open)
    words = f"{best.formula}, the highest of {len(found.claims)}"
    inputs, sources, is_open = (best.figure,), (best.source,), bool(found.open)
    return Derived("tpp", "TPP", best.tpp, TPP_UNIT, words, inputs, sources, remark, is_open)


def _density(chip: Chip, catalogue: Catalogue, found: Tpp) -> Derived:
    key, title, unit = "performance_density", "performance density", "TPP/mm²"
    area, below = density(chip, catalogue), area_key(chip)
    if not area.area_mm2 or area.value is None:
        return Derived(key, title, None, unit, "", (below,), (), area.why)
    best, remark, is_open = found.claims[0], _open(found.open), bool(found.open)
    words, inputs = f"TPP {best.tpp:,g} / {area.area_mm2:g} mm²", (best.figure, below)
    sources = tuple(filter(None, (best.source, area.source)))
    return Derived(key, title, area.value, unit, words, inputs, sources, remark, is_open)


def _equivalents(found: Tpp) -> Derived:
    """Returns how many H100 the diffusion framework of January 2025 counts a chip as."""
    key, title, of = "h100_equivalents", "equivalents by TPP", _highest(found)
    if of.value is None:
        return Derived(key, title, None, "H100", "", (), (), "TPP is not known")
    words = f"TPP {of.value:,g} / {H100_TPP:,g} of an H100, 90 FR 4544"
    return replace(of, key=key, title=title, value=of.value / H100_TPP, unit="H100", formula=words)


def _open(keys: tuple[str, ...]) -> str:
    """Returns a remark on unpublished rates; empty if there are none."""
    names = ", ".join(FIGURES[key].title for key in keys)
    return f"the {names} rate is unknown and may be higher" if keys else ""


def ridge(chip: Chip, key: str) -> Derived:
    """Returns the ridge point: the arithmetic intensity above which compute is the limit."""
    unit = "OP/B" if key.startswith("matrix_int") else "FLOP/B"
    name = Name(f"ridge_{key}", f"ridge point, {FIGURES[key].title}", unit)
    return ratio(chip, key, "memory_bandwidth", name)


@dataclass(frozen=True)
class Name:
    """Names of a ratio.

    Attributes:
        key: key of the derived figure.
        title: its name in words.
        unit: its unit.
        factor: factor from base units to the unit.
    """

    key: str
    title: str
    unit: str
    factor: float = 1.0


OVER_LEAD = {
    "memory_bandwidth": Name("bytes_per_flop", "memory bandwidth per operation", "B/FLOP"),
    "memory_capacity": Name(
        "capacity_per_rate", "memory capacity per rate", "GB per TFLOP/s", 1e12 / 1e9
    ),
    "link_bandwidth": Name("interconnect_per_flop", "link bandwidth per operation", "B/FLOP"),
}
"""Figures that are divided by the representative rate, with the names of the ratios."""


def ratio(chip: Chip, above: str, below: str, name: Name) -> Derived:
    """Returns one figure of a sheet over another."""
    over, under = chip.number(above), chip.number(below)
    if over is None or under is None:
        missing = above if over is None else below
        figure = chip.figures.get(missing)
        has = "is unsupported" if figure and figure.value is Gap.UNSUPPORTED else "is not known"
        why = f"{FIGURES[missing].title} {has}"
        return Derived(name.key, name.title, None, name.unit, "", (above, below), (), why)
    figures = (chip.figures[above], chip.figures[below])
    words = " / ".join(str(one.value) for one in figures)
    sources = tuple(dict.fromkeys(one.source for one in figures))
    value = over / under * name.factor
    return Derived(name.key, name.title, value, name.unit, words, (above, below), sources)


def per(chip: Chip, key: str, name: str) -> Derived:
    """Returns a figure per watt, US dollar, yuan, mm² or transistor."""
    below, factor, unit = PER[name]
    if name == "mm2" and chip.number("logic_area") is not None:
        below = "logic_area"
    scale, named = PREFIXES.get(FIGURES[key].dimension, (1.0, FIGURES[key].dimension.value))
    title = f"{FIGURES[key].title} per {unit}"
    words = Name(f"{key}_per_{name}", title, f"{named} per {unit}", factor / scale)
    return ratio(chip, key, below, words)


PREFIXES = {
    Dimension.FLOP_RATE: (1e12, "TFLOP/s"),
    Dimension.OP_RATE: (1e12, "TOP/s"),
    Dimension.BYTE_RATE: (1e9, "GB/s"),
    Dimension.BYTES: (1e9, "GB"),
}
"""Base units per unit, and the unit, in which a figure is divided."""
