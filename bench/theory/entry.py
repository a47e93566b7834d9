"""Looks up any key of a chip: a figure, a fact, a descriptive field or a derived figure.

One table, ``KEYS``, names everything that can be listed, compared, sorted or filtered by.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from bench.chips.figures import FACTS, FIGURES
from bench.chips.load import Catalogue
from bench.chips.model import SERVER, Basis, Chip, Figure, Gap, Published
from bench.chips.variants import is_of_all
from bench.errors import UsageError, did_you_mean
from bench.theory.derived import (
    LEADS,
    OVER_LEAD,
    PER,
    PREFIXES,
    RIDGED,
    TPP_UNIT,
    Derived,
    lead,
    per,
    ratio,
    ridge,
    tpp_figures,
)
from bench.theory.readings import readings, same
from bench.theory.tpp import BITS
from bench.units import Dimension, Quantity

WORDS = ("id", "name", "vendor", "kind", "status", "tier", "architecture", "form", "local_name",
         "aliases", "members")  # fmt: skip
"""Descriptive fields of a sheet, which are not facts with a source."""
MEMORY = "memory_capacity"
ABSENT = {
    Gap.UNKNOWN: "nobody published it",
    Gap.UNSUPPORTED: "the chip has no such unit",
    None: "no sourced figure",
}
"""Why there is no value, by what the sheet says of the gap."""


@dataclass(frozen=True)
class Key:
    """What one key stands for.

    Attributes:
        name: the key itself.
        title: its name in words.
        unit: unit of its values; empty for counts and texts.
        dimension: dimension of a published figure; None for anything else.
        is_number: whether its values are numbers, which can be divided and sorted by size.
    """

    name: str
    title: str
    unit: str = ""
    dimension: Dimension | None = None
    is_number: bool = True

    @property
    def is_derived(self) -> bool:
        """Tells whether its values are derived from a sheet's figures."""
        return self.is_number and self.dimension is None

    @property
    def heading(self) -> str:
        """Returns the title, with the unit if the values are shown without it."""
        return f"{self.title}, {self.unit}" if self.is_derived else self.title


@dataclass(frozen=True)
class Entry:
    """A chip's value for one key.

    Attributes:
        key: the key.
        value: the number in the unit of the key; None if there is none, or if it is not a number.
        text: the value as published or derived; empty if there is none.
        basis: how the rate, or the least certain rate behind it, is known to be dense.
        origin: ``published``, ``computed`` (for the sheet, from what its source gives) or
            ``derived`` (here, from the sheet's figures).
        formula: how it was computed or derived.
        why: why there is no value; with a value, a remark or empty.
        gap: whether nobody published it or the chip has no such unit, if the sheet says so.
        sources: keys of the sources behind it.
        rivals: figures that other sources publish.
        others: values according to rival figures that measure the same thing.
        sizes: of a memory, its value and ``others`` in bytes, with GB counted as GiB: sheets print
            either for the same memory chips.
        at_least: whether the value is a lower limit: a rate that nobody published may be higher.
        bits: bits of the inputs of the rate that stands for the chip in this ratio; 0 for others.
        has_server: whether the price in it has a share of the server that holds the chip.
    """

    key: Key
    value: float | None = None
    text: str = ""
    basis: Basis | None = None
    origin: str = "published"
    formula: str = ""
    why: str = ""
    gap: Gap | None = None
    sources: tuple[str, ...] = ()
    rivals: tuple[Published, ...] = ()
    others: tuple[float, ...] = ()
    sizes: tuple[float, ...] = ()
    at_least: bool = False
    bits: int = 0
    has_server: bool = False

    @property
    def compared(self) -> tuple[float, ...]:
        """Returns the value and ``others`` as chips are compared by them; empty without a value."""
        return self.sizes or (() if self.value is None else (self.value, *self.others))

    @property
    def number(self) -> str:
        """Returns the text, without the unit if the key's heading has the unit."""
        return self.text.removesuffix(f" {self.key.unit}") if self.key.is_derived else self.text


def key_of(word: str, what: str = "figure") -> Key:
    """Returns the key with a name.

    Args:
        word: name of the key.
        what: what the message calls it.

    Raises:
        UsageError: there is none; the message names similar ones.
    """
    if word in KEYS:
        return KEYS[word]
    sheet = (key for key in KEYS.values() if not key.is_derived)
    close = [key.name for key in sheet if word.lower() in f"{key.name} {key.title}".lower()]
    near = f"did you mean {' or '.join(map(repr, close[:3]))}?" if close else ""
    raise UsageError(f"no {what} {word!r}: {near or did_you_mean(word, KEYS)}")


def look_up(chip: Chip, key: Key, catalogue: Catalogue) -> Entry:
    """Returns a chip's value for a key.

    Args:
        chip: the chip; a system as ``complete`` returns it.
        key: the key.
        catalogue: all sheets.
    """
    if key.name in WORDS:
        found = getattr(chip, key.name)
        words = map(str, found) if isinstance(found, tuple) else [found or ""]
        return Entry(key, text=", ".join(words))
    if key.name in FACTS:
        fact = chip.facts.get(key.name)
        if fact is None:
            return Entry(key, why=ABSENT[None])
        return Entry(key, text=fact.value, why=fact.note or "", sources=(fact.source,))
    if key.name in FIGURES:
        return _figure(chip.figures.get(key.name), key)
    return _derived(chip, key, catalogue)


def _figure(figure: Figure | None, key: Key) -> Entry:
    rivals = figure.rivals if figure else ()
    alike = [rival for rival in rivals if same(rival) is not None]
    others = tuple(rival.number for rival in alike if rival.number is not None)
    if figure is None or figure.number is None:
        gap = figure.value if figure and isinstance(figure.value, Gap) else None
        sources = (figure.source,) if figure else ()
        return Entry(key, why=ABSENT[gap], gap=gap, sources=sources, rivals=rivals)
    return Entry(
        key, figure.number, str(figure.value), figure.basis, figure.origin, figure.formula or "",
        figure.note or "", None, (figure.source,), rivals, others, _sizes(key, figure, *alike),
        has_server=figure.counts == SERVER,
    )  # fmt: skip


def _sizes(key: Key, *published: Published) -> tuple[float, ...]:
    values = [one.value for one in published if isinstance(one.value, Quantity)]
    return tuple(one.memory for one in values) if key.name == MEMORY else ()


def _derived(chip: Chip, key: Key, catalogue: Catalogue) -> Entry:
    made = DERIVED[key.name](chip, catalogue)
    if made is None or made.value is None:
        return Entry(key, origin="derived", why=made.why if made and made.why else ABSENT[None])
    claims = ("tpp", "performance_density", "h100_equivalents")
    read = readings(chip, claimed=key.name.startswith(claims))
    again = (DERIVED[key.name](one, catalogue) for one in read)
    values = {one.value for one in again if one and one.value is not None}
    return Entry(
        key, made.value, made.text, _basis(chip, made), "derived", made.formula,
        made.why or _shared(chip, made),
        sources=made.sources, others=tuple(sorted(values - {made.value})),
        at_least=made.at_least, bits=_bits(made.inputs[-1]) if key.name in _OVER else 0,
        has_server=any(one.counts == SERVER for one in map(chip.figures.get, made.inputs) if one),
    )  # fmt: skip


def _shared(chip: Chip, made: Derived) -> str:
    """Returns whose figure is behind it, if it is of a name that several chips share."""
    found = [(key, one.formula) for key in made.inputs if (one := chip.figures.get(key))]
    return "; ".join(f"{FIGURES[key].title} {how}" for key, how in found if is_of_all(how))


def _basis(chip: Chip, made: Derived) -> Basis | None:
    """Returns the least certain basis among the figures behind a derived one."""
    known = [figure.basis for key in made.inputs if (figure := chip.figures.get(key))]
    return max((one for one in known if one), key=list(Basis).index, default=None)


Maker = Callable[[Chip, Catalogue], Derived | None]
"""Derives a chip's value for one key."""


def _of_tpp(key: str, chip: Chip, catalogue: Catalogue) -> Derived | None:
    return next((one for one in tpp_figures(chip, catalogue) if one.key == key), None)


def _over_lead(above: str, chip: Chip, _: Catalogue) -> Derived | None:
    rate, name = lead(chip), OVER_LEAD[above]
    if rate is None:
        return Derived(name.key, name.title, None, name.unit, "", (), (), "no matrix rate is known")
    made = ratio(chip, above, rate, name)
    usual = made.why or _bits(rate) == _bits(LEADS[0])
    return made if usual else replace(made, why=f"over its {FIGURES[rate].title} rate")


_OVER = tuple(one.key for one in OVER_LEAD.values())


def _bits(rate: str) -> int:
    """Returns the bits of the inputs of a rate."""
    return BITS[rate.partition("_")[2]]


def _ridge(rate: str, chip: Chip, _: Catalogue) -> Derived:
    return ridge(chip, rate)


def _per(figure: str, divisor: str, chip: Chip, _: Catalogue) -> Derived:
    return per(chip, figure, divisor)


DIVISIBLE = tuple(key for key, kind in FIGURES.items() if kind.dimension in PREFIXES)
"""Figures that can be divided by power, price, area or transistors."""
_RATES = tuple(key for key in DIVISIBLE if FIGURES[key].is_rate and key[:6] != "sparse")
"""Dense rates, which have a TPP."""


def _keys() -> Iterator[tuple[Key, Maker | None]]:
    """Yields every key, and for derived figures the function that derives them."""
    yield from ((Key(name, name.replace("_", " "), is_number=False), None) for name in WORDS)
    yield from ((Key(name, name.replace("_", " "), is_number=False), None) for name in FACTS)
    for kind in FIGURES.values():
        unit = "" if kind.dimension is Dimension.COUNT else kind.dimension.value
        yield Key(kind.key, kind.title, unit, kind.dimension), None
    yield Key("tpp", "TPP", TPP_UNIT), partial(_of_tpp, "tpp")
    density = "performance_density"
    yield Key(density, "performance density", "TPP/mm²"), partial(_of_tpp, density)
    equivalents = "h100_equivalents"
    yield Key(equivalents, "equivalents by TPP", "H100"), partial(_of_tpp, equivalents)
    for rate in RIDGED:
        unit = "OP/B" if FIGURES[rate].dimension is Dimension.OP_RATE else "FLOP/B"
        title = f"ridge point, {FIGURES[rate].title}"
        yield Key(f"ridge_{rate}", title, unit), partial(_ridge, rate)
    for above, one in OVER_LEAD.items():
        yield Key(one.key, one.title, one.unit), partial(_over_lead, above)
    for rate in _RATES:
        key, title = f"tpp_{rate}", f"TPP, {FIGURES[rate].title}"
        yield Key(key, title, TPP_UNIT), partial(_of_tpp, key)
    for figure in DIVISIBLE:
        unit, title = PREFIXES[FIGURES[figure].dimension][1], FIGURES[figure].title
        for divisor, (_, _, below) in PER.items():
            made = partial(_per, figure, divisor)
            yield Key(f"{figure}_per_{divisor}", title, f"{unit} per {below}"), made


_ALL = tuple(_keys())
KEYS: dict[str, Key] = {key.name: key for key, _ in _ALL}
"""Every key by its name."""
DERIVED: dict[str, Maker] = {key.name: maker for key, maker in _ALL if maker}
"""By name of a derived key, the function that derives it."""
