"""The published figure to compare a measurement with; a CPU's is derived if none is printed."""

from dataclasses import dataclass, replace

from bench.chips.figures import FIGURES
from bench.chips.load import Catalogue
from bench.chips.match import cpu_family_sheet
from bench.chips.model import Basis, Chip, Published
from bench.chips.pcie import link
from bench.records.model import DeviceInfo
from bench.units import Dimension, Quantity, show
from bench.words import counted

PCIE = {"pcie_bandwidth": 2, "pcie_bandwidth_oneway": 1}
"""Directions that a figure counts."""

LINKS = {
    "link_bandwidth": ("link_bandwidth_oneway", 2.0, "2 directions x {}"),
    "link_bandwidth_oneway": ("link_bandwidth", 0.5, "{} / 2 directions"),
}
"""The figure of the same link by the other count of directions, and the factor from it."""


@dataclass(frozen=True)
class Rival:
    """Another published value of the same figure.

    ``alike``: whether it counts the same and is not refuted. ``firm``: whether its source prints
    it as it stands, neither inferred to be dense nor computed here. ``of_die``: whether it is the
    value of one die of the chip.
    """

    value: float
    text: str
    source: str
    note: str | None
    alike: bool = True
    firm: bool = True
    of_die: bool = False


@dataclass(frozen=True)
class Paper:
    """One figure of the sheet, to compare a measurement with.

    Attributes:
        key: the figure's key.
        value: the figure in base units, for one device.
        dimension: the dimension of the value.
        text: the value as published, or as computed; ``141 GB (as GiB)`` of a memory capacity.
        sources: keys of the sources behind the value.
        basis: how the value is known to be the dense rate.
        formula: how the value was computed, None if the sheet prints it.
        rivals: other published values.
        why: why the sheet prefers this value to its rivals.
        from_clock: whether the value was computed from the device's clock.
        firm: whether the source prints the value as it is, as for a rival.
    """

    key: str
    value: float
    dimension: Dimension
    text: str
    sources: tuple[str, ...]
    basis: str | None
    formula: str | None
    rivals: tuple[Rival, ...]
    why: str | None = None
    from_clock: bool = False
    firm: bool = True


@dataclass(frozen=True)
class Absent:
    """Why there is no figure to compare with."""

    reason: str


def paper(
    device: DeviceInfo, chip: Chip | None, keys: tuple[str, ...], catalogue: Catalogue
) -> Paper | Absent:
    """Returns the first of ``keys`` that the sheet prints or that can be derived for the device.

    A record of a newer version may name figures that this one does not know.
    """
    keys = tuple(key for key in keys if key in FIGURES)
    if not keys:
        return Absent("no sheet prints such a figure")
    if chip is None:
        return Absent("the chip is not known")
    gaps = []
    for key in keys:
        printed = _printed(chip, key)
        if printed:
            return _for_one_device(printed, chip, device)
        derived = _derived(device, chip, key, catalogue)
        if derived:
            return derived
        if key in chip.figures:
            gaps.append(str(chip.figures[key].value))
    reason = "the chip has no such unit" if "unsupported" in gaps else "no sourced figure"
    return Absent(f"{reason} for {FIGURES[keys[0]].title}")


def of_sheet(chip: Chip, keys: tuple[str, ...]) -> Paper | None:
    """Returns the first of ``keys`` on the sheet, for the whole chip; links by either count."""
    for key in keys:
        found = _printed(chip, key) or (_pcie(chip, key) if key in PCIE else None)
        if found is None and key in LINKS:
            other, factor, formula = LINKS[key]
            printed = _printed(chip, other)
            found = replace(_times(printed, factor, formula), key=key) if printed else None
        if found is not None:
            return found
    return None


def _printed(chip: Chip, key: str) -> Paper | None:
    figure = chip.figures.get(key)
    if figure is None or figure.number is None:
        return None
    value, text = _read(key, figure)
    return Paper(
        key=key,
        value=value,
        dimension=FIGURES[key].dimension,
        text=text,
        sources=(figure.source,),
        basis=figure.basis.value if figure.basis else None,
        formula=figure.formula,
        rivals=tuple(rival for one in figure.rivals if (rival := _rival(key, one))),
        why=figure.why,
        firm=_firm(figure),
    )


def _read(key: str, one: Published) -> tuple[float, str]:
    """Returns a figure in base units and as text; the GB of a memory capacity are read as GiB."""
    size = one.value
    if key != "memory_capacity" or not isinstance(size, Quantity) or size.binary:
        return one.number or 0.0, str(size)
    return size.memory, f"{size} (as GiB)"


def _rival(key: str, one: Published) -> Rival | None:
    if one.number is None:
        return None
    remarks = [
        one.counts and f"counts {one.counts}",
        one.refuted and f"refuted: {one.refuted}",
        one.note,
    ]
    note = "; ".join(remark for remark in remarks if remark) or None
    alike = one.counts is None and not one.refuted
    of_die = one.counts == "die"
    value, text = _read(key, one)
    return Rival(value, text, one.source, note, alike, _firm(one), of_die)


def _firm(one: Published) -> bool:
    return one.origin == "published" and one.basis is not Basis.INFERRED


def _derived(device: DeviceInfo, chip: Chip, key: str, catalogue: Catalogue) -> Paper | None:
    """Derives a link's rate from its lanes or directions, or a CPU's peak from cores and clock."""
    if key in PCIE:
        return _pcie(chip, key)
    if key in LINKS:
        return _of_directions(device, chip, key)
    clock, clock_words = _clock(device)
    if chip.kind != "cpu" or not clock or not device.units:
        return None
    cycles = _per_cycle(device, chip, key) or _per_cycle(
        device, cpu_family_sheet(device, catalogue), key
    )
    if cycles is None:
        return None
    value = device.units * clock * (cycles.number or 0.0)
    dimension = FIGURES[key].dimension
    return Paper(
        key=key,
        value=value,
        dimension=dimension,
        text=show(value, dimension),
        sources=(cycles.source,),
        basis="dense",
        formula=f"{counted(device.units, 'core')} x {clock_words} x {cycles.value}",
        rivals=(),
        from_clock=True,
    )


def _pcie(chip: Chip, key: str) -> Paper | None:
    """Derives the rate of the PCIe link that the sheet names, in one direction or both."""
    fact = chip.facts.get("pcie")
    found = link(fact.value) if fact else None
    if fact is None or found is None:
        return None
    value, dimension = PCIE[key] * found.oneway, FIGURES[key].dimension
    return Paper(
        key=key,
        value=value,
        dimension=dimension,
        text=f"{value / 1e9:g} GB/s",
        sources=(fact.source,),
        basis=None,
        formula=f"{found.formula}{', both directions' if PCIE[key] == 2 else ''}, nominal",
        rivals=(),
    )


def _of_directions(device: DeviceInfo, chip: Chip, key: str) -> Paper | None:
    """Derives one direction of a link from both, or both from one."""
    other, factor, formula = LINKS[key]
    printed = _printed(chip, other)
    found = _for_one_device(printed, chip, device) if printed else None
    return replace(_times(found, factor, formula), key=key) if isinstance(found, Paper) else None


def _per_cycle(device: DeviceInfo, chip: Chip | None, key: str) -> Published | None:
    """Returns the rate per cycle that the device's instruction sets allow."""
    unit, _, dtype = key.partition("_")
    name = {"matrix": f"cycle_matrix_{dtype}", "vector": f"cycle_{dtype}"}.get(unit)
    figure = chip.figures.get(name) if chip and name else None
    if figure is None:
        return None
    for one in (figure, *figure.rivals):
        if one.number is not None and set(one.needs) <= set(device.isa):
            return one
    return None


def _clock(device: DeviceInfo) -> tuple[float, str]:
    """Returns the clock in Hz that a peak is computed from (0 if unknown), and its description.

    A clock measured below nominal is ignored: another tenant of the core took the rest.
    """
    hertz, origin = device.clock_nominal_hz or 0.0, "nominal clock reported"
    if (measured := device.clock_measured_hz) and measured >= hertz:
        hertz, origin = measured, "clock measured here"
    elif measured:
        origin = "nominal clock, measured lower here"
    elif device.clock_max_hz:
        hertz, origin = device.clock_max_hz, "highest clock reported"
    return hertz, f"{show(hertz, Dimension.FREQUENCY)} ({origin})"


def _for_one_device(found: Paper, chip: Chip, device: DeviceInfo) -> Paper | Absent:
    """Scales a sheet's figure to the device: a die, whole sockets, or some cores of one."""
    cores = chip.number("units")
    if chip.kind == "cpu" and cores and device.units and device.units != cores:
        return _for_cores(found, device.units, cores)
    dies = chip.number("dies") or 1.0
    if chip.identity.reports != "die" or dies == 1.0:
        return found
    for_die = _times(found, 1 / dies, f"{{}} / {dies:g} dies")
    pairs = zip(found.rivals, for_die.rivals, strict=True)
    return replace(for_die, rivals=tuple(_rival_for_die(*pair) for pair in pairs))


def _rival_for_die(printed: Rival, divided: Rival) -> Rival:
    """Returns the rival for one die: as printed, and then alike, if its source counts a die."""
    is_refuted = "refuted" in (printed.note or "")
    return replace(printed, alike=not is_refuted) if printed.of_die else divided


def _for_cores(found: Paper, reached: int, cores: float) -> Paper | Absent:
    """Scales a CPU's figure to whole sockets; how part of one shares memory is unknown."""
    sockets = reached / cores
    if sockets == round(sockets):
        return _times(found, sockets, f"{sockets:g} sockets x {{}}")
    if found.key == "memory_bandwidth":
        return Absent(f"{found.text} are published for all {cores:g} cores, {reached} are in reach")
    return _times(found, sockets, f"{{}} x {reached} of {cores:g} cores")


def _times(found: Paper, factor: float, formula: str) -> Paper:
    """Multiplies a figure and its rivals; ``{}`` in ``formula`` becomes the published text."""
    rivals = tuple(
        replace(one, value=one.value * factor, text=formula.format(one.text))
        for one in found.rivals
    )
    value = found.value * factor
    text = show(value, found.dimension, 4)
    return replace(found, value=value, text=text, formula=formula.format(found.text), rivals=rivals)
