"""TPP and performance density as ECCN 3A090 defines them, from the rates that makers claim.

TPP = 2 x MacTOPS x bit length = dense TOPS x bits of the multiply's inputs, for the format with the
highest product, summed over the units of the whole chip. PD = TPP / area of the non-planar logic
dies in mm². Source: 15 CFR 774 Supp. 1, ECCN 3A090, Note 2 and technical notes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import Basis, Chip, Gap, Published

BITS = {
    "fp64": 64, "fp32": 32, "tf32": 19, "bf16": 16, "fp16": 16, "fp16_acc16": 16, "fp8": 8,
    "fp8_acc16": 8, "fp6": 6, "fp4": 4, "mxfp8": 8, "mxfp4": 4, "int32": 32, "int16": 16,
    "int8": 8, "int4": 4,
}  # fmt: skip
"""Bits of a multiply's inputs. TF32 has 19 significant bits; those of hf32 are not documented."""
_NODE = re.compile(
    r"(\d+(?:\.\d+)?)(?:/\d+)* ?nm|\bN(\d+)[A-Z]?\b|\b(\d+)N[A-Z]?\b|\b(\d+)(?:LPP?|FFC?)\b"
)
"""Matches process nodes such as ``7 nm``, ``N7``, ``4N`` and ``14LPP``."""
PLANAR_FROM_NM = 20
"""The smallest node that foundries made with planar transistors, nm."""


@dataclass(frozen=True)
class Claim:
    """The TPP of one published rate.

    Attributes:
        figure: key of the rate.
        tpp: its TPP, TOPS x bit.
        least: the same, but half of it if the source does not say whether the rate is dense.
        formula: the product, such as ``296 TFLOP/s x 8 bit``.
        source: key of the source.
    """

    figure: str
    tpp: float
    least: float
    formula: str
    source: str


@dataclass(frozen=True)
class Tpp:
    """A chip's TPP by number format, the highest first.

    Attributes:
        claims: TPP of each format; empty if no rate is published.
        open: keys of rates that the chip has but nobody published; they may be higher.
        why: why there is no claim; else empty.
        floor: without a claim, the highest TPP that the maker's own pass marks imply, if any.
    """

    claims: tuple[Claim, ...]
    open: tuple[str, ...] = ()
    why: str = ""
    floor: Claim | None = None

    @property
    def value(self) -> float | None:
        """Returns the highest TPP; None if there is no claim."""
        return self.claims[0].tpp if self.claims else None

    @property
    def least(self) -> float | None:
        """Returns the highest TPP that is certain to be dense; None if there is no claim."""
        return max((one.least for one in self.claims), default=None)


def tpp(chip: Chip, catalogue: Catalogue) -> Tpp:
    """Returns the TPP of a chip by format, without rates that were computed, not published."""
    if chip.kind == "system":
        return Tpp((), (), "it is asked of a chip, not of a system of them")
    claims = sorted(_claims(chip, catalogue), key=lambda one: -one.tpp)
    gaps = tuple(
        key
        for key, figure in chip.figures.items()
        if key.startswith("matrix_") and figure.value is Gap.UNKNOWN
    )
    if claims:
        return Tpp(tuple(claims), gaps)
    floor = _floor(chip, catalogue)
    return Tpp((), gaps, _why(chip, floor), floor)


def _why(chip: Chip, floor: Claim | None) -> str:
    """Returns why there is no claim, and the rates that other sources give all the same."""
    rates = [(key, one) for key, one in chip.figures.items() if _bits(key)]
    rivals = [
        f"{claim.formula} = {claim.tpp:,g} ({claim.source})"
        for key, figure in rates
        for claim in (_claim(key, one, _bits(key)) for one in figure.rivals if _is_plain(one))
    ]
    words = ["the maker publishes no rate" if rivals else "no rate is published"]
    if any(one.origin == "computed" for _, one in rates):
        words.append("rates worked out of units and clocks are no claim of the maker's")
    words += [f"other sources give {', '.join(rivals)}"] if rivals else []
    if floor:
        told = f"at least {floor.tpp:,g} ({floor.formula}, {floor.source})"
        words.append(f"the maker's own tests imply {told}")
    return "; ".join(words)


def _floor(chip: Chip, catalogue: Catalogue) -> Claim | None:
    """Returns the highest TPP of the maker's pass marks; None if it has published none."""
    marks = [
        _claim(key, one, _bits(key))
        for key, figure in chip.figures.items()
        for one in figure.rivals
        if _bits(key) and one.counts == "pass mark" and _is_makers(one, catalogue)
    ]
    return max(marks, key=lambda one: one.tpp, default=None)


def _bits(key: str) -> int:
    """Returns the bits of a rate's inputs; 0 for a figure that is no dense rate."""
    unit, _, dtype = key.partition("_")
    return BITS.get(dtype, 0) if unit in ("matrix", "vector") else 0


def _claims(chip: Chip, catalogue: Catalogue) -> Iterator[Claim]:
    """Yields the highest TPP of each number format, over the figure and the maker's own sums."""
    for key, figure in chip.figures.items():
        bits = _bits(key)
        if not bits:
            continue
        known = figure.number is not None  # a rival of what is unknown decides nothing
        headlines = [one for one in figure.rivals if known and _is_headline(one, catalogue)]
        counted = [_claim(key, one, bits) for one in (figure, *headlines) if _is_claim(one)]
        if counted:
            yield max(counted, key=lambda one: one.tpp)


def _is_claim(one: Published) -> bool:
    """Tells whether a figure is a published number."""
    return one.number is not None and one.origin == "published"


def _is_plain(rival: Published) -> bool:
    """Tells whether a rival is a published number of the same quantity, not refuted."""
    return _is_claim(rival) and not rival.refuted and not rival.counts


def _is_headline(one: Published, catalogue: Catalogue) -> bool:
    """Tells whether a rival is the maker's own sum over matrix and vector units."""
    if one.counts != "matrix+vector" or one.basis is Basis.UNSPECIFIED or one.refuted:
        return False
    return _is_makers(one, catalogue)


def _is_makers(one: Published, catalogue: Catalogue) -> bool:
    """Tells whether a figure's source is the maker's own."""
    return catalogue.sources[one.source].kind.startswith("vendor-")


def _claim(key: str, one: Published, bits: int) -> Claim:
    """Returns the TPP of one published rate."""
    value = _rounded((one.number or 0.0) / 1e12 * bits)
    least = value / 2 if one.basis is Basis.UNSPECIFIED else value
    words = f"{FIGURES[key].title} {one.value} x {bits} bit"
    words += ", vector units counted in" if one.counts == "matrix+vector" else ""
    return Claim(key, value, least, words, one.source)


def _rounded(value: float) -> float:
    """Returns a value without binary rounding errors, so that 2,400 is not slightly below 2,400."""
    return float(f"{value:.10g}")


@dataclass(frozen=True)
class Density:
    """Performance density.

    Attributes:
        area_mm2: applicable die area; None if unknown, 0 if no die is non-planar.
        value: TPP per mm²; None if unknown, 0 if undefined.
        why: why it is unknown or undefined; else empty.
        source: key of the source of the area.
    """

    area_mm2: float | None
    value: float | None
    why: str = ""
    source: str | None = None


def density(chip: Chip, catalogue: Catalogue, at_tpp: float | None = None) -> Density:
    """Returns the performance density at the chip's TPP, or at ``at_tpp`` if it is given."""
    key, node = area_key(chip), node_nm(chip)
    figure = chip.figures.get(key)
    if node is not None and node >= PLANAR_FROM_NM:
        return Density(0.0, 0.0, f"no non-planar die ({node:g} nm): no performance density")
    if figure is None or figure.number is None:
        return Density(None, None, f"{FIGURES[key].title} is not known")
    total = at_tpp if at_tpp is not None else tpp(chip, catalogue).value
    if total is None:
        return Density(figure.number, None, "TPP is not known", figure.source)
    return Density(figure.number, _rounded(total / figure.number), "", figure.source)


def area_key(chip: Chip) -> str:
    """Returns the key of the applicable area: that of all non-planar logic if the sheet has it."""
    return "logic_area" if "logic_area" in chip.figures else "die_area"


def node_nm(chip: Chip) -> float | None:
    """Returns the process node of the compute dies in nm, as the sheet names it; else None."""
    fact = chip.facts.get("process")
    if fact is None:
        return None
    found = _NODE.search(fact.value)
    return float(next(one for one in found.groups() if one)) if found else None
