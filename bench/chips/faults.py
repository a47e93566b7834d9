"""Faults of sheets that the schema does not catch: units, sources, order, names."""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping

from bench.chips.figures import FACTS, FIGURES, dense_twin
from bench.chips.model import Architecture, Chip, Fact, Figure, Published
from bench.chips.names import name_faults
from bench.errors import Fault, did_you_mean
from bench.units import Dimension, Quantity


def chip_faults(chip: Chip, sources: Container[str], file: str) -> list[Fault]:
    """Returns the faults of one sheet: unknown figures, wrong units, unlisted sources."""
    found = [
        Fault(file, f"figures.{key}", problem, fix)
        for key, figure in chip.figures.items()
        for problem, fix in _figure_faults(key, figure, sources)
    ]
    found += [
        Fault(file, f"facts.{key}", problem, fix)
        for key, fact in chip.facts.items()
        for problem, fix in _fact_faults(key, fact, sources)
    ]
    found += [Fault(file, where, problem, fix) for where, problem, fix in _sheet_faults(chip)]
    return found


def _figure_faults(key: str, figure: Figure, sources: Container[str]) -> Iterator[tuple[str, str]]:
    if key not in FIGURES:
        yield "is no figure", did_you_mean(key, FIGURES)
        return
    for one in (figure, *figure.rivals):
        yield from _published_faults(key, one, sources)
    if figure.refuted:
        yield "stands first and is refuted", "put a better value first, or leave it out"
    if figure.rivals and not figure.why:
        yield "has rivals but no 'why'", "say why this value stands first"


def _published_faults(
    key: str, one: Published, sources: Container[str]
) -> Iterator[tuple[str, str]]:
    kind = FIGURES[key]
    if isinstance(one.value, Quantity):
        if one.value.dimension is not kind.dimension:
            yield _unit_flaw(one.value, kind.dimension)
        if kind.is_rate and one.basis is None and not key.startswith("sparse_"):
            yield f"{one.value} has no basis", "say dense, inferred, halved or unspecified"
    if one.origin == "computed" and not one.formula:
        yield f"{one.value} is computed without a formula", "say how in 'formula'"
    if one.source not in sources:
        yield f"cites {one.source!r}, which is not in specs/sources.yaml", "add the source"


EXAMPLES = {
    Dimension.FLOP_RATE: "148 TFLOP/s",
    Dimension.OP_RATE: "296 TOP/s",
    Dimension.BYTE_RATE: "4 TB/s",
    Dimension.BYTES: "96 GB",
    Dimension.FREQUENCY: "1.98 GHz",
    Dimension.POWER: "400 W",
}


def _unit_flaw(value: Quantity, wanted: Dimension) -> tuple[str, str]:
    """Returns problem and fix of a quantity that is not in the unit wanted."""
    plain = value.dimension is Dimension.COUNT
    problem = f"{value} has no unit" if plain else f"{value} is in {value.dimension.value}"
    if wanted is Dimension.COUNT:
        return problem, "write a number without a unit"
    example = EXAMPLES.get(wanted, f"100 {wanted.value}")
    return problem, f"write it in {wanted.value}, such as {example}"


def _fact_faults(key: str, fact: Fact, sources: Container[str]) -> Iterator[tuple[str, str]]:
    if key not in FACTS:
        yield "is no fact", did_you_mean(key, FACTS)
    elif FACTS[key].words and fact.value not in FACTS[key].words:
        yield f"{fact.value!r} is not a word for it", f"write {' or '.join(FACTS[key].words)}"
    if fact.source not in sources:
        yield f"cites {fact.source!r}, which is not in specs/sources.yaml", "add the source"


def _sheet_faults(chip: Chip) -> Iterator[tuple[str, str, str]]:
    if not chip.id.startswith(f"{chip.vendor}-"):
        yield "vendor", f"file {chip.id}.yaml does not start with it", "name the file vendor-chip"
    if not chip.architecture.strip():
        yield "architecture", "is empty", "write it in words, or unknown"
    has_number = any(figure.number is not None for figure in chip.figures.values())
    if not has_number and chip.status != "stub":
        yield "status", "the sheet holds no sourced figure", "mark it 'status: stub'"
    for key in chip.figures:
        twin = dense_twin(key)
        dense = chip.number(twin) if twin else None
        sparse = chip.number(key)
        if dense is not None and sparse is not None and dense > sparse * 1.001:
            yield f"figures.{twin}", f"dense is above sparse {key}", "check which is which"
    for key in chip.explained:
        if key not in chip.figures:
            yield f"explained.{key}", "explains a figure the sheet does not have", "remove it"


def architecture_faults(
    architectures: Mapping[str, Architecture], sources: Container[str]
) -> list[Fault]:
    """Returns the faults of architectures: no rate, a wrong unit, an unlisted source."""
    found = []
    for name, architecture in architectures.items():
        for key, one in architecture.cycle.items():
            for problem, fix in _cycle_faults(key, one, sources):
                found.append(Fault("specs/architectures.yaml", f"{name}.{key}", problem, fix))
        if architecture.l1_cache:
            for problem, fix in _unit_faults(architecture.l1_cache, Dimension.BYTES, "B", sources):
                found.append(Fault("specs/architectures.yaml", f"{name}.l1_cache", problem, fix))
    return found


def _cycle_faults(key: str, one: Published, sources: Container[str]) -> Iterator[tuple[str, str]]:
    if key not in FIGURES or not FIGURES[key].is_rate:
        yield (
            "is no rate",
            did_you_mean(key, (kind.key for kind in FIGURES.values() if kind.is_rate)),
        )
        return
    whole = FIGURES[key].dimension is Dimension.OP_RATE
    wanted = Dimension.OP_PER_CYCLE if whole else Dimension.FLOP_PER_CYCLE
    yield from _unit_faults(one, wanted, wanted.value, sources)


def _unit_faults(
    one: Published, wanted: Dimension, unit: str, sources: Container[str]
) -> Iterator[tuple[str, str]]:
    if not isinstance(one.value, Quantity) or one.value.dimension is not wanted:
        yield f"{one.value} is not in {unit}", f"write it in {unit}"
    if one.source not in sources:
        yield f"cites {one.source!r}, which is not in specs/sources.yaml", "add the source"


def family_faults(chip: Chip, architectures: Mapping[str, Architecture]) -> list[Fault]:
    """Returns a fault if the sheet names an unknown architecture."""
    if chip.family is None or chip.family in architectures:
        return []
    fix = did_you_mean(chip.family, architectures)
    return [Fault(f"specs/chips/{chip.id}.yaml", "family", f"no design {chip.family!r}", fix)]


def member_faults(chips: Mapping[str, Chip], sheets: Collection[str] = ()) -> list[Fault]:
    """Returns the faults of systems: members without a sheet, members of a single chip.

    Args:
        chips: the sheets that could be read.
        sheets: ids of all sheets: one that could not be read has faults of its own.
    """
    found = []
    unread = set(sheets) - set(chips)
    for chip in chips.values():
        file = f"specs/chips/{chip.id}.yaml"
        if chip.members and chip.kind != "system":
            found.append(Fault(file, "members", f"{chip.kind} has members", "mark it kind: system"))
        for place, member in enumerate(chip.members):
            part = chips.get(member.chip)
            if member.chip not in unread and (part is None or part.kind == "system"):
                flaw = _member_fault(member.chip, chips)
                found.append(Fault(file, f"members.{place}", *flaw))
        found += [
            Fault(file, "variants", *_variant_fault(variant, chips))
            for variant in chip.variants
            if (variant not in chips and variant not in unread) or variant == chip.id
        ]
    return found


def _member_fault(member: str, chips: Mapping[str, Chip]) -> tuple[str, str]:
    if member in chips:
        return f"{member!r} is a system itself", "name the chips it is built of"
    return f"{member!r} is no chip", did_you_mean(member, chips)


def _variant_fault(variant: str, chips: Mapping[str, Chip]) -> tuple[str, str]:
    if variant in chips:
        return f"{variant!r} is this sheet itself", "name the chips that share its name"
    return f"{variant!r} is no chip", did_you_mean(variant, chips)


def set_faults(chips: Iterable[Chip]) -> list[Fault]:
    """Returns the faults between sheets: names that cannot be typed, or are ambiguous."""
    chips = list(chips)
    return name_faults(chips, {chip.vendor for chip in chips})


def uncited(cited: Collection[str], sources: Iterable[str]) -> list[Fault]:
    """Returns a fault for every source that nothing cites."""
    return [
        Fault("specs/sources.yaml", key, "is cited nowhere", "remove it")
        for key in sources
        if key not in cited
    ]
